#include "tests/sim/checkers/maintenance_checker.hpp"

#include <algorithm>

#include "tests/sim/cluster.hpp"
#include "tests/sim/resource_daemon.hpp"

namespace hb::sim {

namespace {

bool holds(GroupState state) {
    return state == GroupState::kStarting || state == GroupState::kRunning ||
           state == GroupState::kStopping || state == GroupState::kFailed;
}

}  // namespace

// ---- who remembers

void MaintenanceBook::reported(NodeId node, const Report& report) {
    for (const auto& [group, g] : report.groups) {
        const auto own = g.keepers.find(node);
        if (own == g.keepers.end() || !own->second.released) continue;
        Keeper& newest = own_words_[{node, group}];
        newest = std::max(newest, own->second);
    }
}

bool MaintenanceBook::let_go(NodeId keeper, const GroupName& group, const Keeper& said) const {
    const auto it = own_words_.find({keeper, group});
    return said.released && it != own_words_.end() && it->second >= said;
}

// What is said of others counts where they did say it.
void MaintenanceBook::hear_of_keepers(NodeId node, const GroupName& group, const GroupReport& g) {
    for (const auto& [keeper, said] : g.keepers) {
        if (let_go(keeper, group, said)) {
            entries_.erase(Entry{node, keeper, group});
            settled_.erase(Entry{node, keeper, group});
        }
        if (!g.maintenance.on || said.released || keeper == node) continue;
        Told& told = told_[{keeper, group}];
        if (told.word < g.maintenance) told = {.word = g.maintenance, .nodes = {}};
        if (told.word == g.maintenance) told.nodes.insert(node);
    }
}

bool MaintenanceBook::others_know(NodeId keeper, const GroupName& group) const {
    const auto it = told_.find({keeper, group});
    const std::size_t know = 1 + (it == told_.end() ? 0 : it->second.nodes.size());
    const ClusterConfig& c = cluster_.config();
    return c.quorum ? 2 * know > c.nodes : know == c.nodes;
}

// It remembers what it was told once it has acted on it: a process killed just then has not.
void MaintenanceBook::told(NodeId node, NodeId peer, const Report& report) {
    for (const auto& [group, g] : report.groups) {
        hear_of_keepers(node, group, g);
        const Entry entry{node, peer, group};
        const bool keeps = g.maintenance.on && holds(g.state);
        if (g.state == GroupState::kUnknown && g.maintenance.on) continue;
        if (!keeps) {
            entries_.erase(entry);
            settled_.erase(entry);
            continue;
        }
        if (entries_.contains(entry)) continue;
        const std::uint64_t number = next_++;
        entries_[entry] = number;
        const std::uint64_t life = cluster_.node(node).life(Kind::kResource);
        cluster_.world().after(cluster_.config().channel.longest() * 3,
                               [this, entry, number, life] {
                                   const auto it = entries_.find(entry);
                                   if (it == entries_.end() || it->second != number) return;
                                   const Node& n = cluster_.node(entry.knows);
                                   if (n.life(Kind::kResource) == life && n.works(Kind::kResource))
                                       settled_.insert(entry);
                                   else
                                       entries_.erase(it);
                               });
    }
}

void MaintenanceBook::told_off(NodeId node, NodeId peer) {
    std::erase_if(entries_,
                  [&](const auto& e) { return e.first.knows == node && e.first.keeper == peer; });
    // Whoever hears of it may act on it.
    std::erase_if(settled_, [&](const Entry& e) { return e.keeper == peer; });
    std::erase_if(entries_, [&](const auto& e) { return e.first.keeper == peer; });
}

void MaintenanceBook::forgets(NodeId node) {
    std::erase_if(entries_,
                  [&](const auto& e) { return e.first.knows == node || e.first.keeper == node; });
    std::erase_if(settled_, [&](const Entry& e) { return e.knows == node || e.keeper == node; });
}

bool MaintenanceBook::somebody_remembers(NodeId starter, NodeId holder,
                                         const GroupName& group) const {
    const auto& view = cluster_.node(starter).resource()->seen().view;
    if (!view) return false;
    return std::ranges::any_of(view->members, [&](const Member& m) {
        return settled_.contains(Entry{m.node, holder, group});
    });
}

// ---- left alone

void MaintenanceChecker::powered(NodeId node, bool) {
    std::erase_if(said_, [&](const auto& s) { return s.first.first == node; });
    std::erase_if(since_, [&](const auto& s) { return s.first.first == node; });
}

void MaintenanceChecker::reported(NodeId node, const Report& report) {
    for (const auto& [group, g] : report.groups) {
        Maintenance& said = said_[{node, group}];
        if (g.maintenance < said)
            cluster_.violated("M5 remembered", fmt::format("{} forgets that {} is {} maintenance",
                                                           cluster_.config().node_name(node), group,
                                                           said.on ? "in" : "no longer in"));
        if (g.maintenance.on && !said.on) since_[{node, group}] = cluster_.world().now();
        if (!g.maintenance.on) since_.erase({node, group});
        said = g.maintenance;
    }
}

bool MaintenanceChecker::left_alone(NodeId node, const GroupName& group) const {
    const auto& report = cluster_.node(node).resource()->published();
    return report && report->groups.contains(group) && report->groups.at(group).maintenance.on;
}

void MaintenanceChecker::starts(NodeId node, const GroupName& group) {
    if (left_alone(node, group))
        cluster_.violated(
            "M1 nothing starts",
            fmt::format("{} starts {} in maintenance", cluster_.config().node_name(node), group));
}

// M3, and I5: what it was told leaves it no choice.
bool MaintenanceChecker::may_stop(NodeId node, const GroupName& group) const {
    const ResourceDaemon& process = *cluster_.node(node).resource();
    const Report& own = *process.published();
    const Maintenance word = own.groups.at(group).maintenance;
    std::size_t know = 1;
    bool another = false;
    bool heard_know = true;
    for (const auto& [peer, report] : process.seen().reports) {
        const auto it = report.groups.find(group);
        if (it == report.groups.end()) continue;
        const GroupReport& g = it->second;
        const auto& ours = own.groups.at(group).keepers;
        const bool knows = g.maintenance >= word && ours.contains(node) &&
                           g.keepers.contains(node) && g.keepers.at(node) >= ours.at(node);
        if (knows) know++;
        const auto status = process.seen().status.find(peer);
        const bool heard =
            status != process.seen().status.end() && status->second.hearing == ipc::Hearing::kHeard;
        if (heard && !knows && !report.leaving) heard_know = false;
        if (own.view && report.view == own.view && holds(g.state)) another = true;
    }
    const ClusterConfig& c = cluster_.config();
    const bool agreed = c.quorum ? 2 * know > c.nodes : know == c.nodes;
    // Also when its master died: it leaves.
    const bool leaves = cluster_.node(node).stopping() || !cluster_.node(node).master_alive();
    return another || !agreed || (leaves && !heard_know);
}

void MaintenanceChecker::stops(NodeId node, const GroupName& group) {
    if (!left_alone(node, group) || may_stop(node, group)) return;
    cluster_.violated("M2 nothing stops", fmt::format("{} stops {} in maintenance",
                                                      cluster_.config().node_name(node), group));
}

// Restarts in place; and the end of what was begun before.
void MaintenanceChecker::called(NodeId node, const resource::RunOperation& operation) {
    if (operation.operation == resource::Operation::kStatus) return;
    if (!left_alone(node, operation.group)) return;
    const auto& g = cluster_.node(node).resource()->published()->groups.at(operation.group);
    if (g.state != GroupState::kRunning) return;
    const auto since = since_.find({node, operation.group});
    const AgentTimes& times = cluster_.config().agents;
    const Duration under_way =
        (times.timeout + times.stop_retry) * static_cast<int>(2 * (times.stop_retries + 2));
    if (since == since_.end() || cluster_.world().now() - since->second < under_way) return;
    cluster_.violated(
        "M2 nothing is restarted",
        fmt::format("{} {}s resource {} of {} in maintenance", cluster_.config().node_name(node),
                    to_string(operation.operation), operation.resource, operation.group));
}

}  // namespace hb::sim
