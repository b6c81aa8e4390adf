#include "tests/sim/checkers/transition_checker.hpp"

#include "tests/sim/cluster.hpp"
#include "tests/sim/resource_daemon.hpp"

namespace hb::sim {

namespace {
constexpr const char* kProperty = "T6 transitions";
}

void TransitionChecker::tabled(NodeId node, const Table& table) {
    for (const auto& [name, row] : table.rows) {
        const auto before = rows_.find({table.view, name});
        const bool moved = before != rows_.end() && before->second.owner != row.owner;
        if (!row.transition)
            cluster_.violated(kProperty, fmt::format("{} wrote a row of {} without a transition",
                                                     cluster_.node(node).name(), name));
        if (moved && row.transition != transition_id(table.view, name, row.version))
            cluster_.violated(kProperty, fmt::format("{} moved {} and named another transition",
                                                     cluster_.node(node).name(), name));
        rows_[{table.view, name}] = row;
    }
}

void TransitionChecker::reported(NodeId node, const Report& report) {
    for (const auto& [name, group] : report.groups)
        reported_[{node, name}] = group.transition;
}

void TransitionChecker::starts(NodeId node, const GroupName& group) {
    // What it held already (a repair of a part that is missing) is no new start.
    if (cluster_.node(node).resource()->state(group) != GroupState::kStarting) return;
    const TransitionId id = reported_[{node, group}];
    if (!id)
        return cluster_.violated(kProperty, fmt::format("{} starts {} in no transition",
                                                        cluster_.node(node).name(), group));
    const auto [it, first] = started_.try_emplace({group, id}, node);
    if (!first && it->second != node)
        cluster_.violated(kProperty, fmt::format("{} and {} start {} in one transition, {}",
                                                 cluster_.node(it->second).name(),
                                                 cluster_.node(node).name(), group, to_string(id)));
}

}  // namespace hb::sim
