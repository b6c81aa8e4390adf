// Directed histories: the shortest way to the fault that a rule prevents, with everything else left
// to the seed. Each is the story of one row of docs/protocol.md section 12.
#pragma once

#include "tests/sim/faults.hpp"

namespace hb::sim::scripts {

// G6: A left, was started again behind a cut, owns by its own gate; B was on standby till then.
void left_and_came_back(Cluster& cluster, Faults& faults);
// T9.2: standby of A and back within a hop or two, again and again.
void there_and_back(Cluster& cluster, Faults& faults);
// Claims: hb-resource dies while it starts a group, heartbeats cut, its master slow.
void killed_while_starting(Cluster& cluster, Faults& faults);
// T9.3: A waits for a lease, B starts alone, the heartbeats come back.
void ack_before_view(Cluster& cluster, Faults& faults);
// X1: the same, and B's hb-membership dies right behind its new view.
void ack_of_the_dead(Cluster& cluster, Faults& faults);
// L8: A announces a longer deadtime which B never hears, and waits for B's stop.
void deadtime_grows_behind_a_cut(Cluster& cluster, Faults& faults);
// T4: the preferred node's service cable is out for long.
void cable_out_for_long(Cluster& cluster, Faults& faults);
// T5: the owner finds itself isolated, and all cables are back before anybody calls it silent.
void isolated_briefly(Cluster& cluster, Faults& faults);
// `move-away`: the asked node's hb-membership dies in the middle of the move.
void standby_and_kill(Cluster& cluster, Faults& faults);
// V6: the owner leaves, its successor is not the coordinator, and frames take different times.
void successor_is_a_third(Cluster& cluster, Faults& faults);
// V6, T12, T9.2: the owner leaves, and at the same moment another of three.
void two_leave_at_once(Cluster& cluster, Faults& faults);
// T12: what a coordinator decides after its goodbye reaches one node and not the other.
void standby_beside_a_leaving_coordinator(Cluster& cluster, Faults& faults);
// G5: its watchdog is fed as long as a third node hears it; its stop fails.
void lost_by_one_then_by_the_other(Cluster& cluster, Faults& faults);
// V1: fencing, and a node that boots.
void boot_beside_a_healthy_node(Cluster& cluster, Faults& faults);

// G11: A runs Heartbeat, and everything; B changes over to ha-suite, then A.
void heartbeat_is_replaced(Cluster& cluster, Faults& faults);

}  // namespace hb::sim::scripts
