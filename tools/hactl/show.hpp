// Status and events as text for people. Pure.
#pragma once

#include <string>
#include <vector>

#include "common/base/cluster_status.hpp"
#include "common/base/event.hpp"
#include "common/base/fence_record.hpp"
#include "common/base/time.hpp"

namespace hb::hactl {

// "250 ms", "12 s", "3 min", "5 h", "12 days".
[[nodiscard]] std::string people_time(Duration d);

[[nodiscard]] std::string show(const ClusterStatus& status);

// Why groups are not running, as events, where that is news: hb-membership's own events tell what
// nodes, links and groups do, not what they wait for.
[[nodiscard]] std::vector<Event> waiting_groups(const ClusterStatus& before,
                                                const ClusterStatus& after);

[[nodiscard]] std::string show_fence_history(const ClusterStatus& status,
                                             const std::vector<FenceRecord>& history);

}  // namespace hb::hactl
