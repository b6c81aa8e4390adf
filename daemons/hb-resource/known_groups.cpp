#include "daemons/hb-resource/known_groups.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daemons/hb-resource/groups_file.hpp"
#include "daemons/hb-resource/memory_file.hpp"

namespace hb::resource {

Result<LeftBehind> left_behind(const std::string& run_dir, const config::Settings& now,
                               const Memory& memory) {
    auto groups = read_groups(run_dir, now.nodes);
    if (!groups) return std::unexpected(groups.error());
    config::Settings last;
    last.groups = std::move(*groups);
    std::vector<config::Group> left = config::left_behind(last, now);
    // A part of a group that is there is known to that group, which may be in maintenance itself.
    const auto in_maintenance = [&](const config::Group& group) {
        const auto it = memory.find(group.name);
        return it != memory.end() && it->second.maintenance.on;
    };
    LeftBehind result;
    for (config::Group& group : left)
        (in_maintenance(group) ? result.left_alone : result.to_stop).push_back(std::move(group));
    return result;
}

KnownGroups::KnownGroups(std::string run_dir, const config::Settings& now)
    : run_dir_(std::move(run_dir)), nodes_(now.nodes) {
    const auto memory = read_memory(run_dir_, nodes_);
    auto left = left_behind(run_dir_, now, memory.value_or(Memory{}));
    if (!left) problem_ = left.error().text;
    if (left) {
        for (config::Group& group : left->to_stop)
            retired_.emplace(group.name, std::move(group));
        left_alone_ = std::move(left->left_alone);
    }
    enforce(now);
}

void KnownGroups::enforce(const config::Settings& settings) {
    in_force_ = settings.groups;
    had_[config::groups_fingerprint(settings)].groups = settings.groups;
}

std::vector<config::Group> KnownGroups::retired() const {
    std::vector<config::Group> all;
    for (const auto& [name, group] : retired_)
        all.push_back(group);
    return all;
}

Result<void> KnownGroups::write() const {
    std::vector<config::Group> all = in_force_;
    for (const auto& [name, group] : retired_)
        all.push_back(group);
    all.insert(all.end(), left_alone_.begin(), left_alone_.end());
    return write_groups(run_dir_, all, nodes_);
}

void KnownGroups::change(const config::Settings& to, const config::Regrouping& how) {
    enforce(to);
    for (const config::Group& group : how.retired)
        retired_.insert_or_assign(group.name, group);
}

void KnownGroups::released(const GroupName& group) {
    retired_.erase(group);
}

Result<void> KnownGroups::forget() const {
    return write_groups(run_dir_, {}, nodes_);
}

std::string KnownGroups::conflict(std::uint64_t haresources, const config::Settings& fresh) const {
    if (haresources == config::groups_fingerprint(fresh)) return {};
    const auto known = had_.find(haresources);
    if (known == had_.end())
        return "its haresources is none that this node has had: make all nodes the same before "
               "something is added";
    for (const config::Group& group : fresh.groups)
        if (const auto moved = config::moved_into(group, known->second, fresh))
            return fmt::format("it may still run {} in group {}: reload there first", moved->word,
                               moved->from);
    return {};
}

}  // namespace hb::resource
