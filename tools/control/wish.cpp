#include "tools/control/wish.hpp"

#include <fmt/format.h>

namespace hb::control {

namespace {

bool in_scope(const GroupSummary& group, NodeId self, ipc::Scope scope, const GroupName& name) {
    switch (scope) {
        case ipc::Scope::kAll:
            return true;
        case ipc::Scope::kLocal:
            return group.preferred == self;
        case ipc::Scope::kForeign:
            return group.preferred != self;
        case ipc::Scope::kGroup:
            return group.name == name;
    }
    return false;
}

GroupState state_here(const GroupSummary& group, NodeId self) {
    const auto it = group.by_node.find(self);
    return it == group.by_node.end() ? GroupState::kUnknown : it->second;
}

// Is it this node's to give away?
bool is_ours(const GroupSummary& group, NodeId self) {
    const GroupState state = state_here(group, self);
    return state == GroupState::kStarting || state == GroupState::kRunning;
}

}  // namespace

Wish::Wish(ipc::RequestKind kind, ipc::Scope scope, const GroupName& group,
           const ClusterStatus& before, std::optional<NodeId> target)
    : kind_(kind), target_(target) {
    for (const GroupSummary& g : before.groups) {
        if (!in_scope(g, before.self, scope, group)) continue;
        if (kind == ipc::RequestKind::kStandby && !is_ours(g, before.self)) continue;
        // Its preferred node is away: it was only unpinned.
        if (kind == ipc::RequestKind::kMoveBack && !before.nodes.at(rank(g.preferred)).in_view)
            continue;
        groups_.insert(g.name);
    }
}

bool Wish::is_fulfilled(const GroupSummary& group, NodeId self) const {
    const GroupState here = state_here(group, self);
    switch (kind_) {
        case ipc::RequestKind::kStandby:
            return here == GroupState::kStopped && group.owner && *group.owner != self &&
                   group.state == GroupState::kRunning;
        case ipc::RequestKind::kTakeover:
            return here == GroupState::kRunning && group.owner == self;
        case ipc::RequestKind::kCleanup:
            return here != GroupState::kFailed && here != GroupState::kUnknown;
        case ipc::RequestKind::kMove:
            return group.owner == target_ && group.state == GroupState::kRunning;
        case ipc::RequestKind::kMoveBack:
            return group.owner == group.preferred && group.state == GroupState::kRunning;
        case ipc::RequestKind::kMaintenanceOn:
            return group.maintenance && group.maintenance_known;
        case ipc::RequestKind::kMaintenanceOff:
            return !group.maintenance && group.maintenance_known;
        case ipc::RequestKind::kActive:
        case ipc::RequestKind::kQuorumIgnore:
        case ipc::RequestKind::kFence:
        case ipc::RequestKind::kFenceConfirm:
        case ipc::RequestKind::kFenceTest:
        case ipc::RequestKind::kFenceHistory:
            return true;
    }
    return true;
}

std::vector<std::string> Wish::missing(const ClusterStatus& now) const {
    std::vector<std::string> missing;
    if (kind_ == ipc::RequestKind::kActive && now.nodes.at(rank(now.self)).standby)
        missing.push_back("this node is still on standby");
    if (kind_ == ipc::RequestKind::kFence && target_) {
        const NodeSummary& node = now.nodes.at(rank(*target_));
        if (node.status != NodeStatus::kDead)
            missing.push_back(fmt::format("{} is still {}", node.name, to_string(node.status)));
    }
    for (const GroupSummary& g : now.groups) {
        if (!groups_.contains(g.name) || is_fulfilled(g, now.self)) continue;
        missing.push_back(fmt::format("{}: {}{}: {}", g.name, to_string(g.state),
                                      g.owner ? " on " + now.nodes.at(rank(*g.owner)).name : "",
                                      g.reason));
    }
    return missing;
}

}  // namespace hb::control
