#include "daemons/hb-membership/group_news.hpp"

#include <fmt/format.h>

namespace hb::membership {

std::vector<Event> GroupNews::see(NodeId node, const std::string& name, const Report& report) {
    std::vector<Event> news;
    std::map<GroupName, GroupState> now;
    auto& before = known_[node];
    for (const auto& [group, said] : report.groups) {
        now[group] = said.state;
        const auto it = before.find(group);
        if (it != before.end() && it->second == said.state) continue;
        Event e{said.state == GroupState::kFailed ? "group-failed" : "group-state",
                said.state == GroupState::kFailed ? Level::kError : Level::kInfo,
                fmt::format("group {}: {} on {}", group, to_string(said.state), name),
                {{"HB_GROUP", group}, {"HB_NODE", name}, {"HB_STATE", to_string(said.state)}}};
        if (!said.reason.empty()) e.fields.emplace_back("HB_REASON", said.reason);
        if (said.transition) e.fields.emplace_back("HB_TRANSITION", to_string(said.transition));
        news.push_back(std::move(e));
    }
    before = std::move(now);
    return news;
}

}  // namespace hb::membership
