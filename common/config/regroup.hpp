// What becomes of the groups of a running node when haresources was read again. Pure.
//
// Resources are the same when their words are.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "common/base/group_change.hpp"
#include "common/base/ids.hpp"
#include "common/config/settings.hpp"

namespace hb::config {

struct Regrouping {
    std::vector<Group> retired;  // to be stopped: groups that are gone, and removed parts
    std::vector<GroupName> added;
    std::map<GroupName, GroupChange> changed;  // groups that stay, with other resources
    // Something may start that did not run under this name before.
    [[nodiscard]] bool adds() const;
};
[[nodiscard]] Regrouping regroup(const Settings& before, const Settings& after);

// Of what ran last, as far as it is known, that which is in no group of `now`: to be stopped at a
// start. A resource that is in one is looked for there.
[[nodiscard]] std::vector<Group> left_behind(const Settings& last, const Settings& now);

// A resource of `group` (one of `after`) that is in another group of `before`, and would not be
// there any more: another node may still run it there.
struct MovedResource {
    std::string word;
    GroupName from;
};
[[nodiscard]] std::optional<MovedResource> moved_into(const Group& group, const Settings& before,
                                                      const Settings& after);

// Of all groups and their resources, in any order of lines; never 0.
[[nodiscard]] std::uint64_t groups_fingerprint(const Settings& settings);

}  // namespace hb::config
