// What a reload of haresources does to the groups of a simulated node; common/config/regroup.hpp
// has the real one.
#pragma once

#include <cstdint>
#include <map>
#include <set>

#include "common/base/group_change.hpp"
#include "tests/sim/cluster_config.hpp"

namespace hb::sim {

struct Regrouping {
    std::set<GroupName> retired;  // groups and removed parts
    std::set<GroupName> added;
    std::map<GroupName, GroupChange> changed;
    [[nodiscard]] bool adds() const {
        bool gains = !added.empty();
        for (const auto& [name, change] : changed)
            gains = gains || change.gains;
        return gains;
    }
};

// `before`, `after`: Timings::without.
[[nodiscard]] Regrouping regroup(const ClusterConfig& config, const std::set<GroupName>& before,
                                 const std::set<GroupName>& after);
[[nodiscard]] bool has_last(const std::set<GroupName>& without, const GroupName& group);
[[nodiscard]] std::uint64_t haresources_of(const ClusterConfig& config,
                                           const std::set<GroupName>& without);

}  // namespace hb::sim
