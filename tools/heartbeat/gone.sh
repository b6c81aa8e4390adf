#!/bin/sh
# Commands of Heartbeat that have no counterpart here: each says why, and what is done instead.
name=${0##*/}
case $name in
    hb_addnode | hb_delnode)
        echo "$name: nodes are not added or deleted while the cluster runs: the node lines of" \
            "ha.cf, the same on all nodes, say who belongs to it, and a restart of ha-suite on each" \
            "node, one after the other, puts them in effect." ;;
    hb_setweight | hb_setsite)
        echo "$name: weights and sites counted for a quorum server, which is not supported: every" \
            "node has one vote (directive quorum of ha.cf)." ;;
    ha_propagate)
        echo "$name: copy ha.cf, haresources and authkeys with the means that you trust with keys;" \
            "'hactl check --peer NODE=DIRECTORY' shows in what the files of two nodes differ." ;;
    ResourceManager)
        echo "$name: groups are taken with 'hactl takeover --group KEY', given away with 'hactl standby" \
            "--group KEY', shown by 'hactl status' and 'hactl check --print haresources'." ;;
    mach_down | req_resource)
        echo "$name: part of Heartbeat's inner works; ha-suite takes over by itself. By hand:" \
            "hb_takeover, or 'hactl takeover'." ;;
    *)
        echo "$name: a command of Heartbeat that ha-suite does not have." ;;
esac >&2
exit 1
