#include "tests/sim/rules.hpp"

#include <algorithm>

namespace hb::sim {

namespace {

using F = FaultKind;

Profile base(std::string name, std::size_t nodes_low, std::size_t nodes_high,
             std::initializer_list<std::pair<FaultKind, unsigned>> faults) {
    Profile p;
    p.name = std::move(name);
    p.nodes_low = nodes_low;
    p.nodes_high = nodes_high;
    p.faults = weights(faults);
    p.quorum = p.ping_nodes = p.fencing = false;
    p.groups_without_address = false;
    p.slow_agents = false;
    p.max_groups = 1;
    return p;
}

Profile with(Profile p, const std::function<void(Profile&)>& change) {
    change(p);
    return p;
}

Profile wishes_and_kills() {
    return with(base("wishes and kills", 2, 3,
                     {{F::kStandby, 10},
                      {F::kTakeover, 4},
                      {F::kKillResource, 6},
                      {F::kKillAtAction, 8},
                      {F::kKillMembership, 2}}),
                [](Profile& p) { p.faults_high = 20; });
}

Profile cuts() {
    return base("cuts", 2, 3,
                {{F::kCutOneWay, 8},
                 {F::kCutPair, 6},
                 {F::kCutNode, 3},
                 {F::kBadLinks, 3},
                 {F::kStandby, 3},
                 {F::kKillMembership, 2},
                 {F::kKillResource, 2}});
}

Profile boots() {
    return with(base("boots", 2, 2,
                     {{F::kKillAll, 6},
                      {F::kPowerOff, 4},
                      {F::kStopStart, 4},
                      {F::kBadLinks, 2},
                      {F::kCutPair, 4},
                      {F::kCutOneWay, 4}}),
                [](Profile& p) { p.faults_high = 16; });
}

Profile islands(bool quorum, bool ping) {
    return with(base("islands", quorum ? 3 : 2, quorum ? 3 : 2,
                     {{F::kAllCables, 8},
                      {F::kSplitAndCable, 8},
                      {F::kCutOneWay, 2},
                      {F::kServiceCable, 3}}),
                [&](Profile& p) {
                    p.quorum = quorum;
                    p.ping_nodes = ping;
                });
}

Profile freezes() {
    return base("freezes", 2, 2,
                {{F::kFreezeMachine, 8},
                 {F::kFreezeMachineAndClock, 8},
                 {F::kFreezeProcesses, 4},
                 {F::kCutPair, 3}});
}

Profile leaving(std::size_t nodes) {
    return with(
        base("leaving", nodes, nodes, {{F::kStopStart, 10}, {F::kLeaveTwo, 6}, {F::kStandby, 4}}),
        [](Profile& p) { p.faults_high = 8; });
}

Profile fenced() {
    return with(
        base(
            "fenced", 2, 2,
            {{F::kAllCables, 6}, {F::kCutPair, 6}, {F::kSplitAndCable, 6}, {F::kFreezeMachine, 4}}),
        [](Profile& p) { p.fencing = true; });
}

std::vector<Rule> make_rules() {
    std::vector<Rule> all;
    const auto add = [&](std::string name, std::string row,
                         std::function<void(ClusterConfig&)> drop,
                         std::function<Profile()> profile) {
        all.push_back({std::move(name), std::move(row), std::move(drop), std::move(profile)});
    };
    using C = ClusterConfig;
    add(
        "v1-wait", "V1 judge only after waiting", [](C& c) { c.drop_membership.v1_wait = true; },
        boots);
    add(
        "v1-newer", "V1 frames older than the newest seen are dropped",
        [](C& c) {
            c.drop_membership.v1_newer = true;
            c.drop_world.v1_newer = true;
        },
        [] { return with(boots(), [](Profile& p) { p.replay_per_mille = 100; }); });
    add(
        "v4-follow", "V4 only from whom I follow", [](C& c) { c.drop_membership.v4_follow = true; },
        [] { return with(cuts(), [](Profile& p) { p.nodes_low = p.nodes_high = 3; }); });
    add(
        "v4-incarnation", "V4 my incarnation",
        [](C& c) { c.drop_membership.v4_incarnation = true; }, boots);
    add("v4-higher", "V4 higher only", [](C& c) { c.drop_membership.v4_higher = true; }, cuts);
    add(
        "t2", "T2 all reported, nothing unknown",
        [](C& c) { c.drop_resource.t2_all_reported = true; }, wishes_and_kills);
    add(
        "t4-holders-once", "T4 look at holders once per view",
        [](C& c) { c.drop_resource.t4_holders_once = true; }, wishes_and_kills);
    add(
        "t4-eligible", "T4 a row moves only to an eligible node",
        [](C& c) { c.drop_resource.t4_only_to_eligible = true; },
        [] {
            return with(wishes_and_kills(), [](Profile& p) {
                p.faults = weights({{F::kStandbyStay, 8}, {F::kStandby, 4}, {F::kActive, 2}});
            });
        });
    add(
        "t5", "T5 spent rows", [](C& c) { c.drop_resource.t5_spent = true; },
        [] { return islands(false, true); });
    add(
        "t6", "T6 version continues", [](C& c) { c.drop_resource.t6_continues = true; },
        wishes_and_kills);
    add(
        "t92-bar", "T9.2 stopped, bar >= pred", [](C& c) { c.drop_resource.t92_bar = true; },
        wishes_and_kills);
    add(
        "t92-failed", "T9.2 `failed` is not `stopped`",
        [](C& c) { c.drop_resource.t92_failed = true; },
        [] {
            return base("failing agents", 2, 2,
                        {{F::kStopFails, 8}, {F::kStartFails, 4}, {F::kStandby, 8}});
        });
    add("t93-lease", "T9.3 lease", [](C& c) { c.drop_resource.t93_lease = true; }, cuts);
    add(
        "claim-starting", "claim while starting",
        [](C& c) { c.drop_resource.claim_starting = true; }, boots);
    add(
        "claim-outlives", "claim outlives hb-resource",
        [](C& c) {
            c.drop_resource.claim_outlives = true;
            c.drop_world.claim_outlives = true;
        },
        [] {
            return with(base("killed while starting", 2, 2,
                             {{F::kKillResource, 8},
                              {F::kKillAtAction, 8},
                              {F::kCutPair, 8},
                              {F::kStandby, 4}}),
                        [](Profile& p) { p.slow_agents = true; });
        });
    add(
        "agents-gone", "agents of the dead are gone first",
        [](C& c) { c.drop_world.agents_gone = true; }, wishes_and_kills);
    add(
        "bar-respawn", "bar after respawn", [](C& c) { c.drop_resource.bar_respawn = true; },
        wishes_and_kills);
    add(
        "g2-heard", "G2 heard is not dead", [](C& c) { c.drop_resource.g2_heard = true; },
        [] { return islands(false, true); });
    add(
        "g2-deaf", "G2 deaf is judged late", [](C& c) { c.drop_resource.g2_deaf_late = true; },
        [] { return islands(false, true); });
    add("g5", "G5 fencing", [](C& c) { c.drop_resource.g5 = true; }, fenced);
    add(
        "g6", "G6 left passes G8", [](C& c) { c.drop_resource.g6_left_passes_g8 = true; },
        [] {
            return base("left and cut", 2, 2,
                        {{F::kStopStart, 8}, {F::kCutPair, 8}, {F::kCutOneWay, 4}});
        });
    add(
        "g7-quorum", "G7 quorum", [](C& c) { c.drop_resource.g7 = true; },
        [] { return islands(true, false); });
    add(
        "g7-isolated", "G7 isolated", [](C& c) { c.drop_resource.g7 = true; },
        [] { return islands(false, true); });
    add("g8", "G8 the address is asked for", [](C& c) { c.drop_resource.g8 = true; }, cuts);
    add(
        "g8-hold", "G8 for d after an answer", [](C& c) { c.drop_resource.g8_hold = true; },
        [] { return islands(false, true); });
    add(
        "l2", "L2 majority lost", [](C& c) { c.drop_resource.l2_l3 = true; },
        [] { return islands(true, false); });
    add(
        "l3", "L3 isolated", [](C& c) { c.drop_resource.l2_l3 = true; },
        [] { return islands(false, true); });
    add(
        "l3-acknowledged", "L3 by acknowledgement",
        [](C& c) { c.drop_resource.l3_heard_is_enough = true; },
        [] { return islands(false, true); });
    add("l5", "L5 let go at thaw", [](C& c) { c.drop_resource.l5_let_go = true; }, freezes);
    add(
        "l5-before-frame", "L5 `stopping` before any frame",
        [](C& c) { c.drop_resource.l5_before_frame = true; }, freezes);
    add(
        "v6-table", "V6 the table answers first; new owners have it",
        [](C& c) { c.drop_membership.v6_table_first = true; }, [] { return leaving(3); });
    add(
        "v6-connected", "V6 only owners still connected",
        [](C& c) { c.drop_membership.v6_connected_only = true; }, [] { return leaving(3); });
    add(
        "t12-standby", "T12 `standby` from the wish on",
        [](C& c) { c.drop_resource.t12_standby = true; },
        [] { return with(leaving(3), [](Profile& p) { p.max_groups = 4; }); });
    add(
        "t12-table", "T12 no table after the goodbye",
        [](C& c) { c.drop_resource.t12_no_table_after = true; }, [] { return leaving(3); });
    add(
        "t92-leaving", "T9.2 `leaving` is as good as any bar",
        [](C& c) { c.drop_resource.t92_leaving = true; }, [] { return leaving(3); });
    add(
        "t93-behind", "T9.3 acknowledgement behind view and report",
        [](C& c) { c.drop_membership.t93_behind = true; }, cuts);
    add(
        "x1", "X1 view to hb-comm first", [](C& c) { c.drop_membership.x1_comm_first = true; },
        cuts);
    add(
        "t4-pin", "T4 pin", [](C& c) { c.drop_resource.t4_pin = true; },
        [] {
            return with(base("standby with failback", 2, 3, {{F::kStandby, 8}, {F::kTakeover, 4}}),
                        [](Profile& p) { p.failback = true; });
        });
    add(
        "t4-failback-worse", "T4 failback only to a node no worse off",
        [](C& c) { c.drop_resource.t4_failback_no_worse = true; },
        [] {
            return with(base("service cables", 2, 2, {{F::kServiceCable, 8}}), [](Profile& p) {
                p.failback = true;
                p.ping_nodes = true;
            });
        });
    add(
        "move-away-unneeded", "`move-away` gone when nobody else is eligible",
        [](C& c) { c.drop_resource.move_away_unneeded = true; },
        [] {
            return base("standby, start fails", 2, 2,
                        {{F::kStandby, 8}, {F::kStartFails, 6}, {F::kStandbyStay, 3}});
        });
    add(
        "move-away-row", "`move-away` gone only by its row",
        [](C& c) { c.drop_resource.move_away_by_row = true; },
        [] {
            return with(base("standby, hb-membership dies", 2, 2,
                             {{F::kStandby, 8}, {F::kKillMembership, 8}, {F::kCutPair, 3}}),
                        [](Profile& p) { p.failback = true; });
        });
    add(
        "probe-window", "claims with window < 2D",
        [](C& c) {
            c.drop_world.probe_window = true;
            c.service.delay = {c.window(), c.window() * 2, 0ns, 0};
        },
        boots);
    return all;
}

}  // namespace

const std::vector<Rule>& rules() {
    static const std::vector<Rule> all = make_rules();
    return all;
}

const Rule* find_rule(std::string_view name) {
    const auto it = std::ranges::find(rules(), name, &Rule::name);
    return it == rules().end() ? nullptr : &*it;
}

}  // namespace hb::sim
