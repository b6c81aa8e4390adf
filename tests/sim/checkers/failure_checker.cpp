#include "tests/sim/checkers/failure_checker.hpp"

#include <utility>

#include "tests/sim/cluster.hpp"
#include "tests/sim/resource_daemon.hpp"

namespace hb::sim {

namespace {
constexpr unsigned kMaxStarts = 8;  // T10
constexpr Duration kRanWell = 10min;
}  // namespace

void FailureChecker::reported(NodeId node, const Report& report) {
    const WorldTime now = cluster_.world().now();
    for (const auto& [group, g] : report.groups) {
        Tries& t = tries_[{node, group}];
        if (t.state == GroupState::kRunning && g.state != GroupState::kRunning &&
            now - t.running_since >= kRanWell)
            t.failed = 0;
        if (g.state == GroupState::kRunning && t.state != GroupState::kRunning)
            t.running_since = now;
        if (g.start_failed && !t.start_failed) t.failed++;
        if (t.failed > kMaxStarts)
            cluster_.violated("T10 bounded tries",
                              fmt::format("{} failed to start {} {} times",
                                          cluster_.config().node_name(node), group, t.failed));
        t.start_failed = g.start_failed;
        t.given_up = g.given_up;
        t.state = g.state;
    }
}

void FailureChecker::forgiven(NodeId node, const GroupName& group) {
    Tries& t = tries_[{node, group}];
    t.failed = 0;
    t.given_up = false;
    t.restarts.clear();
}

void FailureChecker::born(NodeId node, Kind kind) {
    if (kind != Kind::kResource) return;
    for (auto& [key, t] : tries_) {
        if (key.first != node) continue;
        t.failed = 0;
        t.start_failed = false;
        t.restarts.clear();
    }
}

void FailureChecker::starts(NodeId node, const GroupName& group) {
    Tries& t = tries_[{node, group}];
    t.restarts.clear();
    if (t.given_up && cluster_.node(node).resource()->state(group) == GroupState::kStarting)
        cluster_.violated("T10 given up", fmt::format("{} starts {}, which it had given up",
                                                      cluster_.config().node_name(node), group));
}

// Each failure of one resource starts it, and all right of it, once.
void FailureChecker::called(NodeId node, const resource::RunOperation& operation) {
    if (operation.operation != resource::Operation::kStart) return;
    const ResourceDaemon* process = cluster_.node(node).resource();
    if (process == nullptr || process->state(operation.group) != GroupState::kRunning) return;
    const ClusterConfig& c = cluster_.config();
    const auto resources =
        static_cast<unsigned>(c.groups.at(c.group_index(operation.group)).resources);
    std::deque<WorldTime>& past = tries_[{node, operation.group}].restarts;
    const WorldTime now = cluster_.world().now();
    past.push_back(now);
    // The clocks of nodes differ.
    while (now - past.front() >= c.agents.restart_window * 95 / 100)
        past.pop_front();
    // A whole start counts as running, too, when it repairs what was found in part.
    const unsigned most = resources * (1 + c.agents.restarts * resources);
    if (past.size() > most)
        cluster_.violated("restarts are bounded",
                          fmt::format("{} starts resources of {} {} times while it runs",
                                      c.node_name(node), operation.group, past.size()));
}

void FailureChecker::tabled(NodeId node, const Table& table) {
    const auto& view = cluster_.node(node).resource()->seen().view;
    if (!view || view->id != table.view) return;
    const WorldTime now = cluster_.world().now();
    for (const auto& [group, row] : table.rows) {
        const auto [newest, first] = newest_[table.view].try_emplace(group, row);
        if (!first && row.version <= newest->second.version) continue;
        const NodeId before = std::exchange(newest->second, row).owner;
        if (before == row.owner) continue;
        std::deque<WorldTime>& moves = moves_[group];
        moves.push_back(now);
        while (!moves.empty() && moves.front() <= cluster_.last_disturbance())
            moves.pop_front();
        const std::size_t index = cluster_.config().group_index(group);
        bool healthy = true;
        for (std::size_t r = 0; r < cluster_.size(); r++) {
            const SimKernel& kernel = cluster_.node(r).kernel();
            healthy = healthy && !kernel.faulty(index) &&
                      kernel.last_bad_call(index) < cluster_.last_disturbance() &&
                      kernel.last_death(index) < cluster_.last_disturbance();
        }
        const std::size_t nodes = cluster_.size();
        const std::size_t most = healthy ? nodes + 2 : nodes * (kMaxStarts + 1) + 2;
        if (moves.size() > most)
            cluster_.violated(
                "no ping-pong",
                fmt::format("{} moved {} times while nothing happened", group, moves.size()));
    }
}

}  // namespace hb::sim
