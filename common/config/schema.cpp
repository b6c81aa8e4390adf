#include "common/config/schema.hpp"

#include <array>

namespace hb::config {
namespace {

using enum ValueType;
using enum Effect;

constexpr bool kOnce = false;
constexpr bool kOften = true;

// name, type, effect, repeatable, syntax, unit, fallback, least, most, choices, note, help,
// per_node
constexpr auto kDirectives = std::to_array<Directive>({
    // What makes the cluster.
    {"node", kNames, kFull, kOften, "NAME...", "", "", 0, 0, "", "",
     "The nodes of the cluster, each as `uname -n` (or the first line of the file nodeinfo) says "
     "on "
     "it, in any letter case. The order counts and has to be the same on all nodes: the first node "
     "has the lowest rank and coordinates."},
    {"keepalive", kTime, kFull, kOnce, "TIME", "s", "1s", 0, 0, "", "",
     "Time between two heartbeats."},
    {"warntime", kTime, kFull, kOnce, "TIME", "s", "half of deadtime", 0, 0, "", "",
     "A heartbeat that comes later than this is logged as late. From then on the addresses that "
     "would have to be taken over are watched, too."},
    {"deadtime", kTime, kFull, kOnce, "TIME", "s", "30s", 0, 0, "", "",
     "A node that was not heard for so long is dead. More than twice keepalive; with three or more "
     "nodes at least five times keepalive; never less than 20 ms."},
    {"initdead", kTime, kFull, kOnce, "TIME", "s",
     "deadtime if that is above 10s, 12s if it is below 6s, else twice deadtime", 0, 0, "", "",
     "The deadtime of the first moments after a start, when switches and peers may need time. Not "
     "less than deadtime."},
    {"deadping", kTime, kFull, kOnce, "TIME", "s", "deadtime", 0, 0, "", "",
     "A ping node that did not answer for so long is dead. More than twice keepalive."},
    {"auto_failback", kChoice, kFull, kOnce, "on|off|legacy", "", "legacy", 0, 0, "", "",
     "Whether a group goes back to the node that its haresources line names when that node "
     "returns. "
     "`legacy`, and no directive at all, mean `on`, with a warning."},
    {"nice_failback", kBoolean, kFull, kOnce, "on|off", "", "", 0, 0, "", "",
     "Obsolete: `on` is `auto_failback off`, `off` is `auto_failback on`."},
    {"crm", kWord, kFull, kOnce, "off", "", "off", 0, 0, "", "",
     "Only `off`: the groups are those of haresources. With Pacemaker in charge this suite has no "
     "work to do."},
    {"pacemaker", kWord, kFull, kOnce, "off", "", "off", 0, 0, "", "", "Another name of `crm`."},

    // Media.
    {"udpport", kNumber, kFull, kOnce, "PORT", "", "694", 1, 65535, "", "",
     "UDP port of `bcast` and `ucast`. Stands before them, as it holds for what comes after it."},
    {"bcast", kInterfaces, kFull, kOften, "INTERFACE...", "", "", 0, 0, "", "",
     "Heartbeats by UDP broadcast on these interfaces. Each interface is a link of its own.", true},
    {"ucast", kLine, kFull, kOften, "INTERFACE HOST", "", "", 0, 0, "", "",
     "Heartbeats by UDP to one host. A line with the node's own address does no harm, so the same "
     "file serves all nodes.",
     true},
    {"mcast", kLine, kFull, kOften, "INTERFACE GROUP PORT TTL LOOP", "", "", 0, 0, "", "",
     "Heartbeats by UDP to an IPv4 multicast group. TTL 0 to 255, LOOP 0 or 1.", true},
    {"ucast6", kLine, kFull, kOften, "INTERFACE HOST", "", "", 0, 0, "", "",
     "Heartbeats by UDP to one host over IPv6, by address or name. The address may be link-local: "
     "fe80::1, or fe80::1%eth1, is one of the interface. A line with the node's own address does "
     "no harm.",
     true},
    {"mcast6", kLine, kFull, kOften, "INTERFACE GROUP PORT HOPS LOOP", "", "", 0, 0, "", "",
     "Heartbeats by UDP to an IPv6 multicast group. HOPS 0 to 255, LOOP 0 or 1.", true},
    {"serial", kNames, kFull, kOften, "DEVICE...", "", "", 0, 0, "", "",
     "Heartbeats over serial lines, each a null-modem cable to one other node and a link of its "
     "own. It has the same place among the media on both nodes; what is heard is not passed on to "
     "others.",
     true},
    {"baud", kChoice, kFull, kOnce, "RATE", "bit/s", "19200", 0, 0,
     "9600 19200 38400 57600 115200 230400 460800", "",
     "Speed of the serial lines, the same at both ends. Stands before them. `hactl check` says "
     "when it is too low for keepalive and deadtime.",
     true},
    {"tipc", kLine, kAccepted, kOften, "...", "", "", 0, 0, "", "no heartbeat goes this way",
     "A medium of some Heartbeat builds."},
    {"rds", kLine, kAccepted, kOften, "...", "", "", 0, 0, "", "no heartbeat goes this way",
     "A medium of some Heartbeat builds."},
    {"openais", kLine, kAccepted, kOften, "...", "", "", 0, 0, "", "no heartbeat goes this way",
     "A medium of some Heartbeat builds."},

    // Hosts that run nothing of ours.
    {"ping", kNames, kFull, kOften, "HOST...", "", "", 0, 0, "", "",
     "Hosts outside the cluster that answer pings, such as the router: a node that reaches none of "
     "them is the one that is cut off. Nobody takes over what a silent node ran unless one of them "
     "answers. IPv4 addresses, or names."},
    {"ping_group", kLine, kFull, kOften, "NAME HOST...", "", "", 0, 0, "", "",
     "Several hosts that count as one: it is up if any of them answers. IPv4 or IPv6 addresses, or "
     "names."},
    {"ping6", kNames, kFull, kOften, "HOST...", "", "", 0, 0, "", "",
     "As `ping`, over IPv6: IPv6 addresses, or names."},
    {"isolation", kWord, kFull, kOnce, "stop|keep", "", "stop with ping nodes", 0, 0, "", "",
     "What a node does that reaches no ping node and is acknowledged by no peer: `stop` lets go of "
     "all groups before anybody else may start them, `keep` goes on, and both may run them. A "
     "directive of this suite, not of Heartbeat."},
    {"hbaping", kNames, kAccepted, kOften, "NAME...", "", "", 0, 0, "",
     "fibre channel adapters are not asked", "A ping node that is a fibre channel device."},

    // Groups and their resources. Of this suite, not of Heartbeat.
    {"monitor", kLine, kFull, kOften, "TIME|off [RESOURCE...]", "s", "10s", 0, 0, "", "",
     "How often running resources are asked for their status. With resources (words of "
     "haresources, "
     "or types such as Filesystem): for these only. A directive of this suite, not of Heartbeat."},
    {"agent_timeout", kLine, kFull, kOften, "start|stop|status TIME [RESOURCE...]", "s",
     "start 60s, stop 60s, status 20s", 0, 0, "", "",
     "How long one call of an agent may take: then it gets SIGTERM, later SIGKILL, and has failed. "
     "With resources: for these only. A directive of this suite, not of Heartbeat."},
    {"restarts", kLine, kFull, kOnce, "COUNT [TIME]", "", "3 10min", 0, 0, "", "",
     "How often a resource that failed is restarted in place within TIME; one failure more, and "
     "its "
     "group moves. A directive of this suite, not of Heartbeat."},
    {"failback_window", kNames, kFull, kOften, "HH:MM-HH:MM...", "", "always", 0, 0, "", "",
     "With `auto_failback on`: the hours of the day (local time) in which groups go back by "
     "themselves to the node that haresources names. `hactl failback` does it at any time. A "
     "directive of this suite, not of Heartbeat."},

    // Clients and safety.
    {"respawn", kLine, kFull, kOften, "USER PROGRAM [ARGUMENT...]", "", "", 0, 0, "", "",
     "A program that is started as USER when communication is up, and again whenever it ends, "
     "unless "
     "it ends with code 100. PROGRAM is an absolute path. A program called `ipfail`, whatever its "
     "directory, is the suite's own hb-ipfail.",
     true},
    {"notify", kLine, kFull, kOften, "[USER] PROGRAM [ARGUMENT...]", "", "", 0, 0, "", "",
     "A program that is told what happens in the cluster: JSON, one line an event, on its standard "
     "input (docs/notify-events.md). It runs as USER, or as hacluster. PROGRAM is an absolute "
     "path. "
     "A directive of this suite, not of Heartbeat.",
     true},
    {"failfast", kLine, kFull, kOften, "USER PROGRAM [ARGUMENT...]", "", "", 0, 0, "", "",
     "As `respawn`. Heartbeat reset the host when the program died; here it is started again, and "
     "a "
     "warning says so.",
     true},
    {"apiauth", kLine, kFull, kOften, "CLIENT [uid=USER,...] [gid=GROUP,...]", "",
     "root and the group haclient", 0, 0, "", "",
     "Users and groups that may look: `hactl status`, `cl_status` and the like, no command that "
     "changes anything. Those are for root and the group haclient, who may look too. CLIENT is the "
     "name that a program gave Heartbeat, and names no more than the line here.",
     true},
    {"watchdog", kPath, kFull, kOnce, "DEVICE", "", "none", 0, 0, "", "",
     "The watchdog device of this node, such as /dev/watchdog: it resets the host when the suite "
     "hangs or dies, or cannot stop what it must let go of. Its timeout is deadtime in whole "
     "seconds.",
     true},
    {"watchdog_evidence", kBoolean, kFull, kOnce, "on|off", "", "off", 0, 0, "", "",
     "`on` declares that every node has a watchdog: a lost node that had to let go, having no "
     "majority, counts as off once its watchdog has surely fired. Wants quorum. A directive of "
     "this suite, not of Heartbeat."},
    {"quorum", kChoice, kFull, kOnce, "majority|off", "", "majority with three and more nodes", 0,
     0, "majority off", "",
     "`majority`: only who sees more than half of the configured nodes starts anything that a "
     "silent node may run, and who does not lets go. `off` goes by the other evidence alone. A "
     "directive of this suite, not of Heartbeat."},
    {"handover", kTime, kFull, kOnce, "TIME", "s", "0s", 0, 0, "", "",
     "How much longer than a quarter of deadtime a node may take to stop what it lets go of "
     "(majority or ping nodes lost): others wait that much longer before they start it. A "
     "directive of this suite, not of Heartbeat."},
    {"gate_ignore", kNames, kFull, kOften, "MAC...", "", "none", 0, 0, "", "",
     "MAC addresses of devices that answer for addresses which they do not have (proxy ARP): their "
     "answers keep nobody from starting a group, and each is logged. Never one of a node of the "
     "cluster: with that two nodes could have one address. A directive of this suite, not of "
     "Heartbeat."},
    {"stonith", kLine, kFull, kOnce, "TYPE CONFIGFILE", "", "none", 0, 0, "", "",
     "Fence devices of one type that every node uses, with their parameters in a file: one device "
     "a "
     "line, the words that a stonith_host line has behind the type."},
    {"stonith_host", kLine, kFull, kOften, "NODE|* TYPE PARAMETER...", "", "none", 0, 0, "", "",
     "A fence device: NODE, or every node, switches other nodes off with it. TYPE is Heartbeat's "
     "(external/ipmi, ipmilan, apcmaster, meatware, ...) with Heartbeat's parameters in their "
     "order, or a fence agent (fence_ipmilan) with its parameters as NAME=VALUE; nodes=, level= "
     "and delay= are this suite's own."},
    {"fence_action", kChoice, kFull, kOnce, "off|reboot", "", "off", 0, 0, "off reboot", "",
     "What becomes of a node that was switched off: `off` leaves it to an admin, `reboot` switches "
     "it on again. A directive of this suite, not of Heartbeat."},
    {"fence_timeout", kTime, kFull, kOnce, "TIME", "s", "60s", 0, 0, "", "",
     "How long one call of a fence agent may take; then it is killed and has failed. A directive "
     "of this suite, not of Heartbeat."},
    {"fence_check", kLine, kFull, kOnce, "TIME|off", "s", "1h", 0, 0, "", "",
     "How often fence devices are asked whether they answer, while nobody needs them. A directive "
     "of this suite, not of Heartbeat."},
    {"fence_delay", kTime, kFull, kOnce, "TIME", "s", "5s", 0, 0, "", "",
     "Without quorum, two nodes that lose each other may fence each other: the one that the node "
     "lines name later waits so long before it does. A directive of this suite, not of "
     "Heartbeat."},

    // Logs.
    {"logfile", kPath, kFull, kOnce, "PATH", "", "none", 0, 0, "", "",
     "File for all messages but those for debugging; /dev/null is none. The journal has them all.",
     true},
    {"debugfile", kPath, kFull, kOnce, "PATH", "", "none", 0, 0, "", "",
     "File for all messages and for what resource scripts print; /dev/null is none.", true},
    {"logfacility", kChoice, kFull, kOnce, "FACILITY", "", "none", 0, 0,
     "auth authpriv cron daemon ftp kern lpr mail news security syslog user uucp local0 local1 "
     "local2 "
     "local3 local4 local5 local6 local7 none",
     "", "The syslog facility of messages, `none` for none.", true},
    {"debug", kNumber, kFull, kOnce, "LEVEL", "", "0", 0, 255, "", "",
     "How much there is for debugging; 0 is nothing.", true},
    {"use_logd", kBoolean, kAccepted, kOnce, "on|off", "", "", 0, 0, "",
     "messages go to the journal, logfile, debugfile and logfacility", "Log through ha_logd.",
     true},
    {"conn_logd_time", kTime, kAccepted, kOnce, "TIME", "s", "60s", 0, 0, "", "there is no ha_logd",
     "Time between two attempts to reach ha_logd.", true},
    {"syslogmsgfmt", kBoolean, kFull, kOnce, "on|off", "", "on", 0, 0, "", "",
     "The form of lines in log files: as syslog writes them, `Nov 26 07:52:21 node1 hb-comm: "
     "[3688]: "
     "info: text`; `off`: as Heartbeat did before 2009, `hb-comm[3688]: 2015/01/27_09:05:29 info: "
     "text`.",
     true},
    {"log_badpack", kBoolean, kFull, kOnce, "on|off", "", "on", 0, 0, "", "",
     "Log frames that are no good, at a bounded rate. They are counted either way."},

    // The process and the wire.
    {"realtime", kBoolean, kFull, kOnce, "on|off", "", "on", 0, 0, "", "",
     "Real-time scheduling and locked memory of the daemons; `off` only where a host cannot bear "
     "it: "
     "heartbeats are then as late as its load is high.",
     true},
    {"rtprio", kNumber, kFull, kOnce, "PRIORITY", "", "1", 1, 99, "", "",
     "Real-time priority (SCHED_RR) of hb-resource; hb-membership has one more, and hb-comm, which "
     "sends the heartbeats, two; 99 is the most.",
     true},
    {"memreserve", kNumber, kAccepted, kOnce, "SIZE", "KiB", "6500", 1, 1 << 30, "",
     "no memory is set aside", "Memory to set aside before it is locked.", true},
    {"coredumps", kBoolean, kAccepted, kOnce, "on|off", "", "on", 0, 0, "",
     "the service manager decides about core dumps", "Whether daemons may dump core.", true},
    {"coreroot", kPath, kAccepted, kOnce, "DIRECTORY", "", "", 0, 0, "",
     "the service manager decides about core dumps", "Where core dumps go.", true},
    {"compression", kChoice, kAccepted, kOnce, "zlib|bz2", "", "zlib", 0, 0, "zlib bz2",
     "frames are not compressed", "Compression of large messages."},
    {"compression_threshold", kNumber, kAccepted, kOnce, "SIZE", "KiB", "2", 1, 1 << 30, "",
     "frames are not compressed", "What counts as large."},
    {"traditional_compression", kBoolean, kAccepted, kOnce, "on|off", "", "off", 0, 0, "",
     "frames are not compressed", "Compress whole messages."},
    {"msgfmt", kChoice, kAccepted, kOnce, "classic|netstring", "", "classic", 0, 0,
     "classic netstring", "there is one wire format, and it is neither",
     "Heartbeat's wire format."},
    {"hopfudge", kNumber, kAccepted, kOnce, "HOPS", "", "1", 0, 255, "",
     "frames are not forwarded, so there are no hops to count", "Hops beyond the number of nodes."},
    {"max_rexmit_delay", kNumber, kAccepted, kOnce, "TIME", "ms", "250", 1, 1 << 30, "",
     "no message is ever asked for again", "Longest delay of a request to send again."},
    {"hbgenmethod", kChoice, kAccepted, kOnce, "file|time", "", "file", 0, 0, "file time",
     "the generation is kept on disk and is never below the time", "Source of the generation."},
    {"uuidfrom", kChoice, kAccepted, kOnce, "file|nodename", "", "file", 0, 0, "file nodename",
     "nodes are known by name", "Source of a node's UUID."},
    {"autojoin", kChoice, kAccepted, kOnce, "none", "", "none", 0, 0, "none other any",
     "nodes are those of the node lines, always", "Nodes that are not listed."},
    {"cluster", kWord, kAccepted, kOnce, "NAME", "", "linux-ha", 0, 0, "",
     "clusters are told apart by their node lines and keys", "Name of the cluster."},
    {"quorum_server", kWord, kAccepted, kOnce, "HOST", "", "none", 0, 0, "",
     "nobody is asked for quorum", "Host of the quorum daemon."},
    {"env", kLine, kFull, kOften, "NAME=VALUE", "", "", 0, 0, "", "",
     "Resource scripts and respawned programs find HA_NAME in their environment, with that value.",
     true},

    // Pacemaker's, and what nobody needs any more.
    {"crm_daemon_dir", kPath, kAccepted, kOnce, "DIRECTORY", "", "", 0, 0, "",
     "it belongs to Pacemaker", "Belongs to Pacemaker."},
    {"crmd_spawns_pengine", kBoolean, kAccepted, kOnce, "on|off", "", "", 0, 0, "",
     "it belongs to Pacemaker", "Belongs to Pacemaker."},
    {"record_config_changes", kBoolean, kAccepted, kOnce, "on|off", "", "", 0, 0, "",
     "it belongs to Pacemaker", "Belongs to Pacemaker."},
    {"record_pengine_inputs", kBoolean, kAccepted, kOnce, "on|off", "", "", 0, 0, "",
     "it belongs to Pacemaker", "Belongs to Pacemaker."},
    {"enable_config_writes", kBoolean, kAccepted, kOnce, "on|off", "", "", 0, 0, "",
     "it belongs to Pacemaker", "Belongs to Pacemaker."},
    {"use_apphbd", kBoolean, kAccepted, kOnce, "on|off", "", "off", 0, 0, "",
     "the service manager watches the daemons", "Register with apphbd.", true},
    {"normalpoll", kBoolean, kAccepted, kOnce, "on|off", "", "on", 0, 0, "",
     "there is one way to poll", "For special builds of Heartbeat."},
});

}  // namespace

std::span<const Directive> schema() {
    return kDirectives;
}

const Directive* find_directive(std::string_view name) {
    for (const Directive& d : kDirectives)
        if (d.name == name) return &d;
    return nullptr;
}

}  // namespace hb::config
