#include "daemons/hb-membership/group_history.hpp"

#include <algorithm>

#include "common/base/limits.hpp"

namespace hb::membership {
namespace {

constexpr std::size_t kAllMoments = 4000;         // of all groups, where there are many
constexpr std::size_t kLeast = 8;                 // of each
constexpr std::size_t kWaitsInARow = 6;           // of one node
constexpr std::int64_t kPassingNs = 500'000'000;  // a wait that was over at once
constexpr std::size_t kReasonBytes = limits::kReasonBytes;

bool holds(GroupState state) {
    return state != GroupState::kStopped && state != GroupState::kUnknown;
}

// How far a fencing is changes often.
std::string stem(const std::string& reason) {
    return reason.substr(0, reason.find(" ("));
}

}  // namespace

GroupHistory::GroupHistory(const std::vector<GroupName>& groups, std::int64_t now_ns)
    : began_ns_(now_ns) {
    keep(groups);
}

void GroupHistory::keep(const std::vector<GroupName>& groups) {
    most_ =
        std::clamp(kAllMoments / std::max<std::size_t>(groups.size(), 1), kLeast, limits::kMoments);
    std::map<GroupName, Known> kept;
    for (const GroupName& name : groups) {
        const auto it = groups_.find(name);
        kept[name] = it == groups_.end() ? Known{} : std::move(it->second);
    }
    groups_ = std::move(kept);
}

void GroupHistory::note(Known& group, GroupMoment moment) const {
    moment.reason = moment.reason.substr(0, kReasonBytes);
    auto& moments = group.moments;
    if (!moments.empty() && moments.back().kind == MomentKind::kWaits &&
        moments.back().node == moment.node && moment.at_ns - moments.back().at_ns < kPassingNs)
        moments.pop_back();
    moments.push_back(std::move(moment));
    while (moments.size() > most_)
        moments.pop_front();
}

void GroupHistory::note_wait(Known& group, Seen& seen, GroupMoment moment) {
    std::string wait = stem(moment.reason);
    if (wait == seen.wait) {
        // The same, with another number in it.
        if (!wait.empty() && !group.moments.empty() &&
            group.moments.back().kind == MomentKind::kWaits &&
            group.moments.back().node == moment.node)
            group.moments.back().reason = moment.reason;
        return;
    }
    seen.wait = std::move(wait);
    if (seen.wait.empty()) return;
    auto& moments = group.moments;
    std::size_t in_a_row = 0;
    while (in_a_row < moments.size()) {
        const GroupMoment& m = moments[moments.size() - 1 - in_a_row];
        if (m.kind != MomentKind::kWaits || m.node != moment.node) break;
        ++in_a_row;
    }
    if (in_a_row >= kWaitsInARow) moments.pop_back();
    note(group, std::move(moment));
}

void GroupHistory::see(NodeId node, const Report& report, std::int64_t now_ns) {
    for (const auto& [name, said] : report.groups) {
        const auto it = groups_.find(name);
        if (it == groups_.end()) continue;  // its haresources differs
        Known& group = it->second;
        Seen& seen = group.nodes[node];
        const bool news =
            seen.state != said.state || (holds(said.state) && seen.transition != said.transition);
        // That nobody knows yet what runs where nothing ran is no news.
        const bool worth_it = news && !(said.state == GroupState::kUnknown && !holds(seen.state));
        if (worth_it) {
            seen.state = said.state;
            seen.transition = said.transition;
            note(group, {.at_ns = now_ns,
                         .kind = seen.first ? MomentKind::kFound : MomentKind::kState,
                         .node = node,
                         .state = said.state,
                         .transition = said.transition,
                         .reason = said.reason});
        }
        seen.first = seen.first && said.state == GroupState::kUnknown;
        note_wait(group, seen,
                  {.at_ns = now_ns,
                   .kind = MomentKind::kWaits,
                   .node = node,
                   .state = said.state,
                   .transition = said.transition,
                   .reason = said.gate_reason});
    }
}

void GroupHistory::lost_track(NodeId node, std::int64_t now_ns) {
    for (auto& [name, group] : groups_) {
        const auto it = group.nodes.find(node);
        if (it == group.nodes.end() || !holds(it->second.state)) continue;
        it->second.state = GroupState::kUnknown;
        note(group, {.at_ns = now_ns,
                     .kind = MomentKind::kState,
                     .node = node,
                     .state = GroupState::kUnknown,
                     .transition = it->second.transition,
                     .reason = "hb-resource is being restarted"});
    }
}

void GroupHistory::see_node(NodeId node, bool heard, std::int64_t now_ns) {
    for (auto& [name, group] : groups_) {
        const auto it = group.nodes.find(node);
        if (it == group.nodes.end() || it->second.heard == heard) continue;
        it->second.heard = heard;
        // Who had nothing of it is missed by nobody.
        if (!holds(it->second.state) && it->second.state != GroupState::kUnknown) continue;
        note(group, {.at_ns = now_ns,
                     .kind = heard ? MomentKind::kBack : MomentKind::kSilent,
                     .node = node,
                     .state = it->second.state,
                     .transition = it->second.transition,
                     .reason = {}});
    }
}

std::optional<GroupStory> GroupHistory::tell(const GroupName& name, const StatusView& view) const {
    const auto it = groups_.find(name);
    if (it == groups_.end()) return std::nullopt;
    GroupStory story{began_ns_, {}, {it->second.moments.begin(), it->second.moments.end()}};
    for (const NodeView& node : view.nodes) {
        if (!node.report) continue;
        const auto said = node.report->groups.find(name);
        if (said == node.report->groups.end()) continue;
        const GroupReport& r = said->second;
        story.words.push_back({.node = node.node,
                               .heard = node.node == view.self || node.status != NodeStatus::kDead,
                               .state = r.state,
                               .transition = r.transition,
                               .reason = r.reason,
                               .gate_reason = r.gate_reason,
                               .trouble = r.trouble});
    }
    return story;
}

}  // namespace hb::membership
