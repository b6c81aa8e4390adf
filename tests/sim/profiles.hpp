// Kinds of trouble: which faults, in which configurations. Each serves to show what one or several
// rules are good for; `ha-sim --profile RULE` runs it with the rule in force.
#pragma once

#include "tests/sim/scenario.hpp"

namespace hb::sim::profiles {

[[nodiscard]] Profile wishes_and_kills();
[[nodiscard]] Profile standby_stay();
[[nodiscard]] Profile standby_with_failback();
[[nodiscard]] Profile standby_with_failing_starts();
[[nodiscard]] Profile failing_agents();
[[nodiscard]] Profile cuts();
[[nodiscard]] Profile three_and_cuts();
[[nodiscard]] Profile boots();
[[nodiscard]] Profile old_frames();
[[nodiscard]] Profile quorum_islands();
[[nodiscard]] Profile slow_stops_of_a_minority();
[[nodiscard]] Profile ping_islands();
[[nodiscard]] Profile connectivity();
[[nodiscard]] Profile freezes();
[[nodiscard]] Profile leaving();
[[nodiscard]] Profile leaving_with_groups();
[[nodiscard]] Profile fenced();
[[nodiscard]] Profile fencing_in_trouble();
[[nodiscard]] Profile watchdogs_without_quorum();
[[nodiscard]] Profile maintenance();
[[nodiscard]] Profile maintenance_and_islands();
[[nodiscard]] Profile upgrades();
[[nodiscard]] Profile reloads();
Profile regroupings();
// Scripted: one history, then rest.
[[nodiscard]] Profile left_and_came_back();
[[nodiscard]] Profile there_and_back();
[[nodiscard]] Profile killed_while_starting();
[[nodiscard]] Profile ack_before_view();
[[nodiscard]] Profile ack_of_the_dead();
[[nodiscard]] Profile deadtime_grows_behind_a_cut();
[[nodiscard]] Profile cable_out_for_long();
[[nodiscard]] Profile isolated_briefly();
[[nodiscard]] Profile standby_and_kill();
[[nodiscard]] Profile successor_is_a_third();
[[nodiscard]] Profile two_leave_at_once();
[[nodiscard]] Profile standby_beside_a_leaving_coordinator();
[[nodiscard]] Profile lost_by_one_then_by_the_other();
[[nodiscard]] Profile boot_beside_a_healthy_node();

[[nodiscard]] Profile heartbeat_is_replaced();

}  // namespace hb::sim::profiles
