#include "common/config/regroup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <string>

#include "common/base/fingerprint.hpp"
#include "common/config/address_spec.hpp"

namespace hb::config {

namespace {

const Group* find(const Settings& settings, const GroupName& name) {
    const auto it = std::ranges::find(settings.groups, name, &Group::name);
    return it == settings.groups.end() ? nullptr : &*it;
}

std::multiset<std::string> words_of(const Group& group) {
    std::multiset<std::string> words;
    for (const Resource& resource : group.resources)
        words.insert(resource.word);
    return words;
}

// What two words that mean the same thing have in common.
std::string identity(const Resource& resource) {
    if (const auto address = address_of(resource)) return address->address.to_string();
    if (resource.type == "Filesystem" && !resource.args.empty())
        return fmt::format("Filesystem {}", resource.args.front());
    return resource.word;
}

// What was removed of a group earlier, and what is removed now, of it or all of it, is one: the
// earlier part goes first, so it stands to the right.
std::vector<Group> join_parts(std::vector<Group> groups) {
    std::vector<Group> joined;
    for (Group& group : groups) {
        const auto same = std::ranges::find_if(joined, [&](const Group& g) {
            return g.name == group.name || removed_part(g.name) == group.name;
        });
        if (same == joined.end())
            joined.push_back(std::move(group));
        else
            std::ranges::move(group.resources, std::back_inserter(same->resources));
    }
    return joined;
}

std::set<GroupName> groups_with(const std::string& what, const Settings& settings) {
    std::set<GroupName> names;
    for (const Group& group : settings.groups)
        for (const Resource& resource : group.resources)
            if (identity(resource) == what) names.insert(group.name);
    return names;
}

}  // namespace

bool Regrouping::adds() const {
    return !added.empty() ||
           std::ranges::any_of(changed, [](const auto& group) { return group.second.gains; });
}

Regrouping regroup(const Settings& before, const Settings& after) {
    Regrouping result;
    for (const Group& group : before.groups) {
        const Group* const now = find(after, group.name);
        if (now == nullptr) {
            result.retired.push_back(group);
            continue;
        }
        if (std::ranges::equal(group.resources, now->resources, {}, &Resource::word,
                               &Resource::word))
            continue;
        GroupChange change;
        std::multiset<std::string> more = words_of(*now);
        Group part{.name = removed_part(group.name), .preferred = group.preferred};
        part.position = group.position;
        for (const Resource& resource : group.resources) {
            if (const auto same = more.find(resource.word); same != more.end())
                more.erase(same);
            else
                part.resources.push_back(resource);
        }
        change.gains = !more.empty();
        change.loses = !part.resources.empty();
        result.changed.emplace(group.name, change);
        if (change.loses) result.retired.push_back(std::move(part));
    }
    for (const Group& group : after.groups)
        if (find(before, group.name) == nullptr) result.added.push_back(group.name);
    return result;
}

std::vector<Group> left_behind(const Settings& last, const Settings& now) {
    // In its own group it may be there in another way: a device, elsewhere mounted. But an address
    // is one wherever it is.
    const auto is_there = [&](const Group& of, const Resource& resource) {
        const std::set<GroupName> where = groups_with(identity(resource), now);
        return std::ranges::any_of(where, [&](const GroupName& name) {
            const bool same = name == of.name || removed_part(name) == of.name;
            return !same || address_of(resource);
        });
    };
    std::vector<Group> left = join_parts(regroup(last, now).retired);
    for (Group& group : left)
        std::erase_if(group.resources, [&](const Resource& r) { return is_there(group, r); });
    std::erase_if(left, [](const Group& group) { return group.resources.empty(); });
    return left;
}

std::optional<MovedResource> moved_into(const Group& group, const Settings& before,
                                        const Settings& after) {
    for (const Resource& resource : group.resources) {
        const std::string what = identity(resource);
        const std::set<GroupName> had = groups_with(what, before);
        if (had.empty() || had.contains(group.name)) continue;
        const std::set<GroupName> have = groups_with(what, after);
        for (const GroupName& name : had)
            if (!have.contains(name)) return MovedResource{resource.word, name};
    }
    return std::nullopt;
}

std::uint64_t groups_fingerprint(const Settings& settings) {
    std::set<std::string> lines;
    for (const Group& group : settings.groups) {
        std::string line;
        for (const Resource& resource : group.resources)
            line += resource.word + ' ';
        lines.insert(std::move(line));
    }
    std::string text;
    for (const std::string& line : lines)
        text += line + '\n';
    return std::max<std::uint64_t>(fingerprint64(text), 1);
}

}  // namespace hb::config
