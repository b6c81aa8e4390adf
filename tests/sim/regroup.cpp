#include "tests/sim/regroup.hpp"

#include <fmt/format.h>

#include <string>

#include "common/base/fingerprint.hpp"

namespace hb::sim {

bool has_last(const std::set<GroupName>& without, const GroupName& group) {
    return !without.contains(removed_part(group));
}

Regrouping regroup(const ClusterConfig& config, const std::set<GroupName>& before,
                   const std::set<GroupName>& after) {
    Regrouping result;
    for (const GroupSpec& g : config.groups) {
        const bool was = !before.contains(g.name), is = !after.contains(g.name);
        if (was && !is) result.retired.insert(g.name);
        if (!was && is) result.added.insert(g.name);
        const bool more = has_last(after, g.name), had = has_last(before, g.name);
        if (!was || !is || more == had) continue;
        result.changed[g.name] = {.gains = more, .loses = had};
        if (had) result.retired.insert(removed_part(g.name));
    }
    return result;
}

std::uint64_t haresources_of(const ClusterConfig& config, const std::set<GroupName>& without) {
    std::string text;
    for (const GroupSpec& g : config.groups)
        if (!without.contains(g.name))
            text += fmt::format("{} {}\n", g.name, has_last(without, g.name));
    return fingerprint64(text) | 1;
}

}  // namespace hb::sim
