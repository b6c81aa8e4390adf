// What the rules promise (docs/protocol.md section 11), as a function of the configuration and of
// what happened: may this node begin to start a group now, although that one still holds it?
//
// NOT promised, and so not checked here:
// - nothing configured (ARP only): the holder is, or was a moment ago, off the service network;
//   the heartbeats are cut and the service network flaps;
// - anything about a paused machine until it had the time to notice and to stop (checked for its
//   bound by thaw_checker), and about a host frozen between its check and its agent call;
// - processes all dead or stopped, and the address not up (the middle of a start or stop): nobody
//   answers for it; the same with the service cable out at that time;
// - hb-comm dead or frozen and the address not up: claims have nobody to defend them for some ms;
// - quorum and ping nodes off the service network: a stop longer than d/4, a stop that fails, an
//   hb-resource that was dead or frozen when it should have let go;
// - groups without an address, outside a view, with nothing configured; with ping nodes only: a
//   healthy owner behind a heartbeat cut hears them, is not isolated, and keeps;
// - ping nodes without quorum, three or more nodes: an owner off the service network that a third
//   node acknowledges is not isolated and keeps, while one cut off from both takes.
// - in maintenance: what rests on its watchdog; and, once enough others were told (M3), on a holder
//   that lets go by itself.
// Instead:
//   nobody starts in whose view somebody remembers that the holder kept it (M4);
//   nobody starts beside a Heartbeat that it heard within d (G11).
// Fencing promises everything, from a device that tells the truth.
#pragma once

#include "common/base/ids.hpp"

namespace hb::sim {

class Cluster;

struct PromiseFacts {
    // configuration
    bool fencing = false;
    bool quorum = false;
    bool ping_nodes = false;
    bool has_address = true;
    bool stops_in_time = true;  // longest start + stop of its agents <= d/4, and none fails
    // the two
    bool same_view = false;
    bool holder_off = false;            // no power: it holds nothing
    bool either_stood_still = false;    // frozen, or thawed too lately to have let go
    bool holder_kernel_speaks = false;  // the address is up, for a window, and the kernel answers
    bool holder_claim_speaks = false;   // its hb-comm works, and has for a window
    bool holder_can_let_go = false;     // its hb-resource has worked for more than d
    bool holder_in_touch = false;       // a third node may acknowledge it: it is not isolated (L3)
    bool in_maintenance = false;        // the holder's host says so
    bool may_keep = false;         // ... and so many others were told that L2, L3, L5 rest (M3)
    bool remembered = false;       // in the starter's view somebody knows that it keeps it
    bool heartbeat_heard = false;  // it runs Heartbeat itself, and the starter has heard that (G11)
    bool service_whole = false;    // between the two, for more than d
};

[[nodiscard]] bool promised(const PromiseFacts& f);
[[nodiscard]] PromiseFacts promise_facts(Cluster& cluster, NodeId starter, NodeId holder,
                                         std::size_t group);

}  // namespace hb::sim
