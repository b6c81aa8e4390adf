#include "tests/sim/profiles.hpp"

#include "tests/sim/scripts.hpp"

namespace hb::sim::profiles {

using F = FaultKind;

namespace {

Profile base(std::size_t nodes_low, std::size_t nodes_high,
             std::initializer_list<std::pair<FaultKind, unsigned>> faults) {
    Profile p;
    p.nodes_low = nodes_low;
    p.nodes_high = nodes_high;
    p.faults = weights(faults);
    p.quorum = p.ping_nodes = p.fencing = false;
    p.groups_without_address = false;
    p.slow_agents = false;
    p.max_groups = 1;
    return p;
}

Profile scripted(void (*script)(Cluster&, Faults&)) {
    Profile p = base(2, 2, {});
    p.faults_low = p.faults_high = 0;
    p.failback = false;
    p.loss_per_mille = 0;
    p.script = script;
    return p;
}

}  // namespace

Profile wishes_and_kills() {
    Profile p = base(2, 3,
                     {{F::kStandby, 10},
                      {F::kTakeover, 4},
                      {F::kKillResource, 6},
                      {F::kKillAtAction, 8},
                      {F::kKillMembership, 2}});
    p.faults_high = 20;
    return p;
}

Profile standby_stay() {
    return base(2, 3, {{F::kStandbyStay, 8}, {F::kStandby, 4}, {F::kActive, 2}});
}

Profile standby_with_failback() {
    Profile p = base(2, 3, {{F::kStandby, 8}, {F::kTakeover, 4}});
    p.failback = true;
    return p;
}

Profile standby_with_failing_starts() {
    Profile p = base(2, 2, {{F::kStandby, 8}, {F::kStartFails, 6}, {F::kStandbyStay, 3}});
    p.failback = false;
    p.keep_start_failures = true;
    return p;
}

Profile failing_agents() {
    return base(2, 2, {{F::kStopFails, 8}, {F::kStartFails, 4}, {F::kStandby, 8}});
}

Profile cuts() {
    return base(2, 3,
                {{F::kCutOneWay, 8},
                 {F::kCutPair, 6},
                 {F::kCutNode, 3},
                 {F::kBadLinks, 3},
                 {F::kStandby, 3},
                 {F::kKillMembership, 2},
                 {F::kKillResource, 2}});
}

Profile three_and_cuts() {
    Profile p = cuts();
    p.nodes_low = 3;
    return p;
}

Profile boots() {
    Profile p = base(2, 2,
                     {{F::kKillAll, 6},
                      {F::kPowerOff, 4},
                      {F::kStopStart, 4},
                      {F::kBadLinks, 2},
                      {F::kCutPair, 4},
                      {F::kCutOneWay, 4}});
    p.faults_high = 16;
    return p;
}

Profile old_frames() {
    Profile p = boots();
    p.replay_per_mille = 100;
    return p;
}

Profile maintenance() {
    Profile p = base(2, 3,
                     {{F::kMaintenance, 8},
                      {F::kMaintenanceOff, 3},
                      {F::kUpgrade, 4},
                      {F::kStandby, 3},
                      {F::kStandbyStay, 2},
                      {F::kPowerOff, 2},
                      {F::kDies, 4},
                      {F::kKillResource, 2}});
    p.max_groups = 2;
    return p;
}

Profile maintenance_and_islands() {
    Profile p = quorum_islands();
    p.faults = weights({{F::kMaintenance, 6},
                        {F::kMaintenanceOff, 4},
                        {F::kAllCables, 8},
                        {F::kSplitAndCable, 6},
                        {F::kKillTwo, 1}});
    p.groups_without_address = true;
    return p;
}

Profile reloads() {
    Profile p =
        base(2, 3, {{F::kReload, 16},        {F::kReloadGroups, 16},  {F::kCutPair, 4},
                    {F::kCutOneWay, 4},      {F::kCutNode, 2},        {F::kAllCables, 4},
                    {F::kSplitAndCable, 4},  {F::kServiceCable, 2},   {F::kKillComm, 2},
                    {F::kKillMembership, 2}, {F::kKillResource, 2},   {F::kFreezeMachine, 1},
                    {F::kFreezeOne, 1},      {F::kPowerOff, 2},       {F::kKillInAChange, 3},
                    {F::kKillAll, 1},        {F::kStopStart, 2},      {F::kStopFails, 1},
                    {F::kHangs, 1},          {F::kFailsAFewTimes, 2}, {F::kDies, 2},
                    {F::kMove, 2},           {F::kStandby, 3}});
    p.quorum.reset();
    p.ping_nodes.reset();
    p.max_groups = 3;
    p.faults_high = 20;
    p.adjust = [](ClusterConfig& c) {
        if (!c.watchdog) c.shortest_deadtime = c.deadtime / 2;
    };
    return p;
}

Profile regroupings() {
    Profile p = base(2, 3,
                     {{F::kReloadGroups, 30},
                      {F::kStandby, 6},
                      {F::kMove, 4},
                      {F::kStopStart, 4},
                      {F::kFailsAFewTimes, 2},
                      {F::kKillResource, 1}});
    p.faults_low = 8;
    p.faults_high = 20;
    p.adjust = [](ClusterConfig& c) {
        c.watchdog.reset();
        c.watchdog_evidence = false;
        c.shortest_deadtime = c.deadtime / 2;
        c.groups.front().resources = 3;
    };
    return p;
}

Profile upgrades() {
    Profile p = base(2, 3,
                     {{F::kUpgrade, 10},
                      {F::kMaintenanceOff, 6},
                      {F::kKillMembership, 2},
                      {F::kKillResource, 2},
                      {F::kKillTwo, 2},
                      {F::kCutPair, 2}});
    p.groups_without_address = true;
    p.faults_low = 3;
    p.adjust = [](ClusterConfig& c) { c.groups[0].has_address = false; };
    return p;
}

Profile quorum_islands() {
    Profile p = ping_islands();
    p.nodes_low = p.nodes_high = 3;
    p.quorum = true;
    p.ping_nodes = false;
    return p;
}

Profile slow_stops_of_a_minority() {
    Profile p = quorum_islands();
    p.adjust = [](ClusterConfig& c) {
        c.handover = c.deadtime * 2;
        c.agents.start = {1ms, c.deadtime / 50, 0ns, 0};
        c.agents.stop = {c.deadtime / 2, c.deadtime * 9 / 10, 0ns, 0};
    };
    return p;
}

Profile ping_islands() {
    Profile p = base(
        2, 2,
        {{F::kAllCables, 8}, {F::kSplitAndCable, 8}, {F::kCutOneWay, 2}, {F::kServiceCable, 3}});
    p.ping_nodes = true;
    return p;
}

Profile connectivity() {
    Profile p = base(2, 3,
                     {{F::kPingFlaps, 8},
                      {F::kCarrierFlaps, 6},
                      {F::kServiceBlind, 6},
                      {F::kServiceCable, 4},
                      {F::kPingLost, 4},
                      {F::kKillResource, 6},
                      {F::kMove, 4},
                      {F::kStandby, 1}});
    p.ping_nodes = true;
    p.ping_hosts = 3;
    p.loss_per_mille = 0;
    p.adjust = [](ClusterConfig& c) {
        c.heartbeats_fine = true;
        c.link.delay = {100us, 500us, 0ns, 0};
        c.link_on_service = false;
        c.far_host = c.groups.front().preferred == node_id(0);
    };
    return p;
}

Profile freezes() {
    Profile p = base(2, 2,
                     {{F::kFreezeMachine, 8},
                      {F::kFreezeMachineAndClock, 8},
                      {F::kFreezeProcesses, 4},
                      {F::kCutPair, 3}});
    p.loss_per_mille = 0;
    return p;
}

Profile leaving() {
    Profile p = base(3, 3, {{F::kStopStart, 10}, {F::kLeaveTwo, 6}, {F::kStandby, 1}});
    p.faults_low = 2;
    p.faults_high = 8;
    p.loss_per_mille = 0;
    p.peaceful = true;
    p.adjust = [](ClusterConfig& c) {
        c.link.delay = {50us, 200us, 0ns, 0};
        c.channel = {20us, 100us, 0ns, 0};
    };
    return p;
}

Profile leaving_with_groups() {
    Profile p = leaving();
    p.max_groups = 4;
    p.adjust = [](ClusterConfig& c) {
        c.link.delay = {50us, 200us, 0ns, 0};
        c.channel = {20us, 100us, 0ns, 0};
        c.agents.stop = {1ms, c.deadtime / 2, 0ns, 0};
    };
    return p;
}

Profile fenced() {
    Profile p = base(
        2, 2,
        {{F::kAllCables, 6}, {F::kCutPair, 6}, {F::kSplitAndCable, 6}, {F::kFreezeMachine, 4}});
    p.fencing = true;
    return p;
}

Profile fencing_in_trouble() {
    Profile p = base(2, 3,
                     {{F::kAllCables, 4},
                      {F::kCutPair, 6},
                      {F::kPowerOff, 6},
                      {F::kFreezeMachine, 3},
                      {F::kStopFails, 4},
                      {F::kStandby, 4},
                      {F::kKillFence, 6},
                      {F::kKillResource, 3},
                      {F::kFenceDevicesDead, 6},
                      {F::kHumanConfirms, 6}});
    p.fencing = true;
    p.max_groups = 3;
    p.adjust = [](ClusterConfig& c) { c.fence_fails_per_mille = 200; };
    return p;
}

namespace {

void watchdogs(ClusterConfig& c) {
    c.watchdog = c.deadtime;
}

}  // namespace

Profile watchdogs_without_quorum() {
    Profile p = base(2, 2, {{F::kCutPair, 8}, {F::kCutOneWay, 3}, {F::kStandby, 1}});
    p.ping_nodes = true;
    p.faults_low = 4;
    p.adjust = [](ClusterConfig& c) {
        watchdogs(c);
        c.groups[0].has_address = false;
    };
    return p;
}

Profile left_and_came_back() {
    return scripted(scripts::left_and_came_back);
}

Profile there_and_back() {
    Profile p = scripted(scripts::there_and_back);
    p.nodes_high = 3;
    p.adjust = [](ClusterConfig& c) { c.link.delay = {c.deadtime / 100, c.deadtime / 15, 0ns, 0}; };
    return p;
}

Profile killed_while_starting() {
    Profile p = scripted(scripts::killed_while_starting);
    p.adjust = [](ClusterConfig& c) {
        const Duration d = c.deadtime;
        c.respawn = {d * 6 / 10, d * 8 / 10, 0ns, 0};
        c.agents.start = {d * 2, d * 3, 0ns, 0};
        c.agents.timeout = d * 6;
    };
    return p;
}

namespace {

void slow_stop_at_b(ClusterConfig& c) {
    const Duration d = c.deadtime;
    c.groups[0].preferred = node_id(1);
    c.groups[0].resources = 1;
    c.respawn = {d / 2, d * 3 / 4, 0ns, 0};
    c.agents.stop = {d * 82 / 100, d * 86 / 100, 0ns, 0};
}

}  // namespace

Profile ack_before_view() {
    Profile p = scripted(scripts::ack_before_view);
    p.adjust = slow_stop_at_b;
    return p;
}

Profile ack_of_the_dead() {
    Profile p = scripted(scripts::ack_of_the_dead);
    p.adjust = slow_stop_at_b;
    return p;
}

Profile deadtime_grows_behind_a_cut() {
    Profile p = scripted(scripts::deadtime_grows_behind_a_cut);
    p.adjust = [](ClusterConfig& c) {
        slow_stop_at_b(c);
        c.shortest_deadtime = c.deadtime / 2;
        c.agents.stop = {c.deadtime * 45 / 100, c.deadtime * 65 / 100, 0ns, 0};
    };
    return p;
}

Profile cable_out_for_long() {
    Profile p = scripted(scripts::cable_out_for_long);
    p.failback = true;
    p.ping_nodes = true;
    return p;
}

Profile isolated_briefly() {
    Profile p = scripted(scripts::isolated_briefly);
    p.ping_nodes = true;
    return p;
}

Profile standby_and_kill() {
    Profile p = scripted(scripts::standby_and_kill);
    p.failback = true;
    return p;
}

namespace {

// Hops as different as can be, and still far below a probe window.
void uneven_hops(ClusterConfig& c) {
    c.service.loss_per_mille = 0;
    c.link.delay = {100us, c.window() / 21, 0ns, 0};
    c.link.duplicate_per_mille = 0;
    c.channel = {20us, 100us, 0ns, 0};
    c.links = 1;
    c.link_on_service = false;
}

}  // namespace

Profile successor_is_a_third() {
    Profile p = scripted(scripts::successor_is_a_third);
    p.nodes_low = p.nodes_high = 3;
    p.adjust = uneven_hops;
    return p;
}

Profile two_leave_at_once() {
    Profile p = scripted(scripts::two_leave_at_once);
    p.nodes_low = p.nodes_high = 3;
    p.adjust = uneven_hops;
    return p;
}

Profile standby_beside_a_leaving_coordinator() {
    Profile p = scripted(scripts::standby_beside_a_leaving_coordinator);
    p.nodes_low = p.nodes_high = 3;
    p.adjust = [](ClusterConfig& c) {
        uneven_hops(c);
        c.groups[0].preferred = node_id(0);
        c.agents.start = c.agents.stop = {1ms, c.deadtime / 20, 0ns, 0};
    };
    return p;
}

Profile lost_by_one_then_by_the_other() {
    Profile p = scripted(scripts::lost_by_one_then_by_the_other);
    p.nodes_low = p.nodes_high = 3;
    p.quorum = true;
    p.adjust = [](ClusterConfig& c) {
        watchdogs(c);
        c.groups[0].preferred = node_id(0);
        c.groups[0].has_address = false;
    };
    return p;
}

Profile boot_beside_a_healthy_node() {
    Profile p = scripted(scripts::boot_beside_a_healthy_node);
    p.fencing = true;
    return p;
}

Profile heartbeat_is_replaced() {
    Profile p = scripted(scripts::heartbeat_is_replaced);
    p.max_groups = 3;
    p.adjust = [](ClusterConfig& c) { c.groups[0].has_address = false; };
    return p;
}

}  // namespace hb::sim::profiles
