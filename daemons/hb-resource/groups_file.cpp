#include "daemons/hb-resource/groups_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/limits.hpp"
#include "common/config/parser.hpp"
#include "common/runtime/state_file.hpp"

namespace hb::resource {

namespace {

using Json = nlohmann::json;

constexpr int kVersion = 1;
constexpr std::size_t kMostGroups = 2 * limits::kGroups;  // with a removed part of each

std::string path_in(const std::string& run_dir) {
    return run_dir + "/groups";
}

// As its line in haresources would be read, whatever its name is.
Result<config::Group> group_of(const Json& from, const std::vector<std::string>& nodes) {
    config::Settings settings;
    settings.nodes = nodes;
    config::Diagnostics diagnostics;
    // Of a node that ha.cf does not name any more: the group may be here all the same.
    std::string line = from.at("preferred").get<std::string>();
    if (std::ranges::find(nodes, line) == nodes.end()) line = nodes.at(0);
    for (const Json& word : from.at("resources"))
        line += ' ' + word.get<std::string>();
    config::parse_haresources(line, settings, diagnostics);
    if (settings.groups.size() != 1)
        return failure(fmt::format("'{}' is no line of haresources", line));
    config::Group group = std::move(settings.groups.front());
    group.name = from.at("name").get<std::string>();
    return group;
}

}  // namespace

std::string groups_text(const std::vector<config::Group>& groups,
                        const std::vector<std::string>& nodes) {
    Json all = Json::array();
    for (const config::Group& group : groups) {
        Json words = Json::array();
        for (const config::Resource& resource : group.resources)
            words.push_back(resource.word);
        all.push_back({{"name", group.name},
                       {"preferred", nodes.at(rank(group.preferred))},
                       {"resources", std::move(words)}});
    }
    return Json({{"version", kVersion}, {"groups", std::move(all)}}).dump(1) + "\n";
}

Result<std::vector<config::Group>> parse_groups(std::string_view text,
                                                const std::vector<std::string>& nodes) {
    try {
        const Json all = Json::parse(text);
        if (all.at("version").get<int>() != kVersion) return failure("of an unknown version");
        std::vector<config::Group> groups;
        for (const Json& each : all.at("groups")) {
            if (groups.size() >= kMostGroups) return failure("too many groups");
            auto group = group_of(each, nodes);
            if (!group) return std::unexpected(group.error());
            groups.push_back(std::move(*group));
        }
        return groups;
    } catch (const Json::exception& e) {
        return failure(e.what());
    }
}

Result<std::vector<config::Group>> read_groups(const std::string& run_dir,
                                               const std::vector<std::string>& nodes) {
    const std::string path = path_in(run_dir);
    const auto text = runtime::read_state_file(path);
    if (!text) return std::unexpected(text.error());
    if (!*text) return std::vector<config::Group>{};
    auto groups = parse_groups(**text, nodes);
    if (!groups)
        return failure(
            fmt::format("{} cannot be understood ({}): what an earlier haresources had "
                        "is not looked for",
                        path, groups.error().text));
    return groups;
}

Result<void> write_groups(const std::string& run_dir, const std::vector<config::Group>& groups,
                          const std::vector<std::string>& nodes) {
    return runtime::replace_state_file(path_in(run_dir),
                                       groups.empty() ? "" : groups_text(groups, nodes));
}

}  // namespace hb::resource
