#include "tests/sim/checkers/rest_checker.hpp"

#include <algorithm>

#include "tests/sim/membership_daemon.hpp"
#include "tests/sim/resource_daemon.hpp"

namespace hb::sim {

namespace {

struct Standing {
    std::vector<Node*> up;
    bool somebody_down = false;
};

std::optional<std::string> views(Cluster& cluster, Standing& standing) {
    for (std::size_t r = 0; r < cluster.size(); r++) {
        Node& n = cluster.node(r);
        if (!n.powered() || (!n.suite_wanted() && !n.anything_runs())) {
            standing.somebody_down = true;
            continue;
        }
        if (!n.all_work()) return n.name() + " is not all there";
        standing.up.push_back(&n);
    }
    if (standing.up.empty()) return std::nullopt;
    const auto& view = standing.up.front()->membership()->accepted();
    for (Node* n : standing.up) {
        const auto& accepted = n->membership()->accepted();
        if (!accepted) return n->name() + " has no view";
        if (accepted != view) return "L1: one network, several views";
        if (!accepted->contains(n->id())) return "L1: the view leaves " + n->name() + " out";
        if (!n->resource()->seen().view || n->resource()->seen().view->id != accepted->id)
            return n->name() + "'s hb-resource lags behind";
    }
    if (view->members.size() != standing.up.size()) return "L1: the view has members that are down";
    return std::nullopt;
}

std::optional<std::string> group_at_rest(Cluster& cluster, const Standing& standing,
                                         std::size_t index) {
    const ClusterConfig& config = cluster.config();
    const GroupSpec& spec = config.groups.at(index);
    std::string eligible;
    std::string holders;
    bool blocked = false;
    bool pinned = false;
    for (std::size_t r = 0; r < cluster.size(); r++) {
        const Node& n = cluster.node(r);
        if (n.powered() && n.kernel().holds(index)) holders += n.name();
    }
    for (Node* n : standing.up) {
        const auto& report = n->resource()->published();
        if (!report || !report->groups.contains(spec.name)) return n->name() + " says nothing";
        const GroupReport& g = report->groups.at(spec.name);
        if (g.move_away) return "L5: move-away left over on " + n->name();
        if (g.maintenance.on) return "M1: maintenance left over on " + n->name();
        if (g.move_to) return "L5: a move left over on " + n->name();
        if (g.state == GroupState::kUnknown || g.state == GroupState::kStarting ||
            g.state == GroupState::kStopping)
            return fmt::format("{} of {} is {}", spec.name, n->name(), to_string(g.state));
        if (g.start_failed && !g.given_up && holders.empty() &&
            !n->kernel().faults(index).start_fails)
            return fmt::format("the start of {} on {} will be tried again", spec.name, n->name());
        if (g.state == GroupState::kFailed) blocked = true;
        if (g.state == GroupState::kRunning && !n->kernel().all_up(index))
            return fmt::format("{} of {} runs in part", spec.name, n->name());
        if (g.pinned && g.state == GroupState::kRunning) pinned = true;
        if (!report->standby && !g.start_failed && !report->isolated) eligible += n->name();
    }
    if (blocked) return "a stop failed and was never cleaned up";
    if (holders.size() > 1) return fmt::format("L1: several owners of {}: {}", spec.name, holders);
    if (eligible.empty()) return std::nullopt;
    const bool minority = config.quorum && 2 * standing.up.size() <= config.nodes;
    const bool gate_may_last = minority || config.service.proxy;
    if (holders.empty() && gate_may_last) return std::nullopt;
    if (holders.empty()) return fmt::format("L1: no owner of {}", spec.name);
    if (eligible.find(holders) == std::string::npos)
        return fmt::format("L1: the owner of {} is not eligible", spec.name);
    const std::string preferred = config.node_name(spec.preferred);
    if (config.auto_failback && !pinned && holders != preferred &&
        eligible.find(preferred) != std::string::npos)
        return fmt::format("T4: {} has not come back to {}", spec.name, preferred);
    return std::nullopt;
}

}  // namespace

std::optional<std::string> not_at_rest(Cluster& cluster) {
    Standing standing;
    if (auto problem = views(cluster, standing)) return problem;
    for (std::size_t g = 0; g < cluster.config().groups.size(); g++)
        if (auto problem = group_at_rest(cluster, standing, g)) return problem;
    return std::nullopt;
}

}  // namespace hb::sim
