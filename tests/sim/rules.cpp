#include "tests/sim/rules.hpp"

#include <algorithm>

#include "tests/sim/profiles.hpp"

namespace hb::sim {

namespace {

using C = ClusterConfig;
namespace p = profiles;

// By the parts of the protocol, in the order of section 12.

const std::vector<Rule>& view_rules() {
    static const std::vector<Rule> all = {
        {"v1-wait", "V1 judge only after waiting", "V1 waits before it judges",
         [](C& c) { c.drop_membership.v1_wait = true; }, p::boot_beside_a_healthy_node},
        {"v1-newer", "V1 frames older than the newest seen are dropped", "W1 views come to rest",
         [](C& c) { c.drop_membership.v1_newer = c.drop_world.v1_newer = true; }, p::old_frames},
        {"v4-follow", "V4 only from whom I follow", "W1 views come to rest",
         [](C& c) { c.drop_membership.v4_follow = true; }, p::three_and_cuts},
        {"v4-incarnation", "V4 my incarnation", "V4 own incarnation",
         [](C& c) { c.drop_membership.v4_incarnation = true; }, p::boots},
        {"v4-higher", "V4 higher only", "I1 views only grow",
         [](C& c) { c.drop_membership.v4_higher = true; }, p::cuts},
        {"v6-table", "V6 the table answers first; new owners have it", "V6, T12 hand-over",
         [](C& c) { c.drop_membership.v6_table_first = true; }, p::successor_is_a_third},
        {"v6-connected", "V6 only owners still connected", "V6, T12 hand-over",
         [](C& c) { c.drop_membership.v6_connected_only = true; }, p::two_leave_at_once},
        {"x1", "X1 view to hb-comm first", "I1 entered what was accepted",
         [](C& c) { c.drop_membership.x1_comm_first = true; }, p::ack_of_the_dead},
    };
    return all;
}

const std::vector<Rule>& table_rules() {
    static const std::vector<Rule> all = {
        {"t2", "T2 all reported, nothing unknown", "I9 no move without a reason",
         [](C& c) { c.drop_resource.t2_all_reported = true; }, p::wishes_and_kills},
        {"t4-holders-once", "T4 look at holders once per view", "I9 no move without a reason",
         [](C& c) { c.drop_resource.t4_holders_once = true; }, p::wishes_and_kills},
        {"t4-eligible", "T4 a row moves only to an eligible node", "I9 no move without a reason",
         [](C& c) { c.drop_resource.t4_only_to_eligible = true; }, p::standby_stay},
        {"t4-pin", "T4 pin", "I9 no move without a reason",
         [](C& c) { c.drop_resource.t4_pin = true; }, p::standby_with_failback},
        {"t4-failback-worse", "T4 failback only to a node no worse off",
         "I9 no move without a reason", [](C& c) { c.drop_resource.t4_failback_no_worse = true; },
         p::cable_out_for_long},
        {"t4-unsure", "T4 who may be going blind is no better off", "T4 both blind: nothing moves",
         [](C& c) { c.drop_resource.t4_unsure = true; }, p::connectivity},
        {"t4-recall", "T4 rows carry what it compares with",
         "T4 a second move for connectivity waits", [](C& c) { c.drop_resource.t4_recall = true; },
         p::connectivity},
        {"t4-hold", "T4 a second move for connectivity waits",
         "T4 a second move for connectivity waits", [](C& c) { c.drop_resource.t4_hold = true; },
         p::connectivity},
        {"move-away-unneeded", "`move-away` gone when nobody else is eligible", "rest",
         [](C& c) { c.drop_resource.move_away_unneeded = true; }, p::standby_with_failing_starts},
        {"move-away-row", "`move-away` gone only by its row", "L5 an explicit move was undone",
         [](C& c) { c.drop_resource.move_away_by_row = true; }, p::standby_and_kill},
        {"t5", "T5 spent rows", "rest", [](C& c) { c.drop_resource.t5_spent = true; },
         p::isolated_briefly},
        {"t6", "T6 version continues", "I9 no move without a reason",
         [](C& c) { c.drop_resource.t6_continues = true; }, p::wishes_and_kills},
        {"t12-standby", "T12 `standby` from the wish on", "V6, T12 hand-over",
         [](C& c) { c.drop_resource.t12_standby = true; }, p::leaving_with_groups},
        {"t12-table", "T12 no table after the goodbye", "V6, T12 hand-over",
         [](C& c) { c.drop_resource.t12_no_table_after = true; },
         p::standby_beside_a_leaving_coordinator},
    };
    return all;
}

const std::vector<Rule>& start_rules() {
    static const std::vector<Rule> all = {
        {"t92-bar", "T9.2 stopped, bar >= pred", "S2 one owner in a view",
         [](C& c) { c.drop_resource.t92_bar = true; }, p::there_and_back},
        {"t92-failed", "T9.2 `failed` is not `stopped`", "S3 one owner, though a stop failed",
         [](C& c) { c.drop_resource.t92_failed = true; }, p::failing_agents},
        {"t92-leaving", "T9.2 `leaving` is as good as any bar", "V6, T12 hand-over",
         [](C& c) { c.drop_resource.t92_leaving = true; }, p::two_leave_at_once},
        {"t93-lease", "T9.3 lease", "I4, I8 starts rest on reports and leases",
         [](C& c) { c.drop_resource.t93_lease = true; }, p::cuts},
        {"t93-behind", "T9.3 acknowledgement behind view and report", "S1 one owner",
         [](C& c) { c.drop_membership.t93_behind = true; }, p::ack_before_view},
        {"claim-starting", "claim while starting", "I7 claim before start",
         [](C& c) { c.drop_resource.claim_starting = true; }, p::boots},
        {"claim-outlives", "claim outlives hb-resource", "S1 one owner",
         [](C& c) { c.drop_resource.claim_outlives = c.drop_world.claim_outlives = true; },
         p::killed_while_starting},
        {"agents-gone", "agents of the dead are gone first", "I7 stopped holds nothing",
         [](C& c) { c.drop_world.agents_gone = true; }, p::killed_while_starting},
        {"bar-respawn", "bar after respawn", "I2 bars never fall",
         [](C& c) { c.drop_resource.bar_respawn = true; }, p::wishes_and_kills},
    };
    return all;
}

const std::vector<Rule>& gate_rules() {
    static const std::vector<Rule> all = {
        {"g2-heard", "G2 heard is not dead", "T9.4 the gate is open",
         [](C& c) { c.drop_resource.g2_heard = true; }, p::ping_islands},
        {"g2-deaf", "G2 deaf is judged late", "T9.4 the gate is open",
         [](C& c) { c.drop_resource.g2_deaf_late = true; }, p::ping_islands},
        {"g5", "G5 fencing", "S1 one owner", [](C& c) { c.drop_resource.g5 = true; }, p::fenced},
        {"g5-trouble", "G5 fencing, with devices, humans and hb-fence in trouble", "S1 one owner",
         [](C& c) { c.drop_resource.g5 = true; }, p::fencing_in_trouble},
        {"g5-watchdog-bound", "G5 watchdog by L2 only", "S1 one owner",
         [](C& c) { c.drop_resource.g5_watchdog_bound = true; }, p::watchdogs_without_quorum},
        {"g5-watchdog-last", "G5 watchdog timed from the last silence", "S1 one owner",
         [](C& c) { c.drop_resource.g5_watchdog_last = true; }, p::lost_by_one_then_by_the_other},
        {"g6", "G6 left passes G8", "S1 one owner",
         [](C& c) { c.drop_resource.g6_left_passes_g8 = true; }, p::left_and_came_back},
        {"g7-quorum", "G7 quorum", "S1 one owner", [](C& c) { c.drop_resource.g7 = true; },
         p::quorum_islands},
        {"g7-isolated", "G7 isolated", "S1 one owner", [](C& c) { c.drop_resource.g7 = true; },
         p::ping_islands},
        {"g8", "G8 the address is asked for", "S1 one owner",
         [](C& c) { c.drop_resource.g8 = true; }, p::cuts},
        {"g8-hold", "G8 for d after an answer", "S1 one owner",
         [](C& c) { c.drop_resource.g8_hold = true; }, p::ping_islands},
        {"g11", "G11 who runs Heartbeat itself may run anything", "S1 one owner",
         [](C& c) { c.drop_resource.g11_old_heartbeat = true; }, p::heartbeat_is_replaced},
        {"probe-window", "claims with window < 2D", "S1 one owner",
         [](C& c) {
             c.service.delay = {c.window(), c.window() * 2, 0ns, 0};
         },
         p::boots},
    };
    return all;
}

const std::vector<Rule>& maintenance_rules() {
    static const std::vector<Rule> all = {
        {"m1", "M1 nothing starts or moves in maintenance", "M1 nothing starts",
         [](C& c) { c.drop_resource.m1_no_start = true; }, p::maintenance},
        {"m2", "M2 an orderly stop leaves it running", "M2 nothing stops",
         [](C& c) { c.drop_resource.m2_left_alone = true; }, p::upgrades},
        {"m3", "M3 letting go ends only when others know", "S1 one owner",
         [](C& c) { c.drop_resource.m3_agreed = true; }, p::maintenance_and_islands},
        {"m4", "M4 who kept it keeps it until it is back or off",
         "S4 one owner, who kept it in maintenance",
         [](C& c) { c.drop_resource.m4_keepers = true; }, p::upgrades},
        {"m5", "M5 the host remembers", "M5 remembered",
         [](C& c) { c.drop_resource.m5_remember = true; }, p::upgrades},
    };
    return all;
}

const std::vector<Rule>& let_go_rules() {
    static const std::vector<Rule> all = {
        {"l2", "L2 majority lost", "S1 one owner", [](C& c) { c.drop_resource.l2_l3 = true; },
         p::quorum_islands},
        {"l4", "L4 takers wait for slow stops", "S1 one owner",
         [](C& c) { c.drop_resource.l4 = true; }, p::slow_stops_of_a_minority},
        {"l3", "L3 isolated", "S1 one owner", [](C& c) { c.drop_resource.l2_l3 = true; },
         p::ping_islands},
        {"l3-acknowledged", "L3 by acknowledgement", "S1 one owner",
         [](C& c) { c.drop_resource.l3_heard_is_enough = true; }, p::ping_islands},
        {"l5", "L5 let go at thaw", "L5 bounded", [](C& c) { c.drop_resource.l5_let_go = true; },
         p::freezes},
        {"l8-announced", "L8 leases by what the acknowledged frame announced",
         "I4, I8 starts rest on reports and leases",
         [](C& c) { c.drop_resource.l8_announced = true; }, p::deadtime_grows_behind_a_cut},
        {"l9-report", "L9 what was taken out is in no report", "I7 stopped holds nothing",
         [](C& c) { c.drop_resource.l9_report = true; }, p::regroupings},
        {"l9-part", "L9 no group is stopped before what was taken out of it",
         "order within a group", [](C& c) { c.drop_resource.l9_part = true; }, p::regroupings},
        {"l5-before-frame", "L5 `stopping` before any frame", "I9 no move without a reason",
         [](C& c) { c.drop_resource.l5_before_frame = true; }, p::freezes},
    };
    return all;
}

}  // namespace

const std::vector<Rule>& rules() {
    static const std::vector<Rule> all = [] {
        std::vector<Rule> joined;
        for (const auto* part : {&view_rules(), &table_rules(), &start_rules(), &gate_rules(),
                                 &let_go_rules(), &maintenance_rules()})
            joined.insert(joined.end(), part->begin(), part->end());
        return joined;
    }();
    return all;
}

const Rule* find_rule(std::string_view name) {
    const auto it = std::ranges::find(rules(), name, &Rule::name);
    return it == rules().end() ? nullptr : &*it;
}

}  // namespace hb::sim
