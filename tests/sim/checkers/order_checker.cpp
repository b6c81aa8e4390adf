#include "tests/sim/checkers/order_checker.hpp"

#include "tests/sim/cluster.hpp"

namespace hb::sim {

using resource::Operation;

void OrderChecker::reported(NodeId node, const Report& report) {
    const WorldTime now = cluster_.world().now();
    for (const auto& [group, g] : report.groups) {
        const auto it = left_alone_.find({node, group});
        const bool was_on = it != left_alone_.end() && it->second.end == WorldTime::max();
        if (g.maintenance.on && !was_on) left_alone_[{node, group}] = {.begin = now};
        if (!g.maintenance.on && was_on) it->second.end = now;
    }
}

bool OrderChecker::just_died(NodeId node, const GroupName& group, std::size_t resource) const {
    const ClusterConfig& config = cluster_.config();
    const WorldTime now = cluster_.world().now();
    const WorldTime death =
        cluster_.node(node).kernel().last_death(config.group_index(group), resource);
    // A look comes `monitor` later, behind those at the others, each of which may hang till its
    // timeout, and may hang itself.
    const auto looks = static_cast<int>(config.groups[config.group_index(group)].resources) + 1;
    const Duration found_within = config.agents.monitor + config.agents.timeout * looks;
    if (now - death <= found_within) return true;
    const auto it = left_alone_.find({node, group});
    return it != left_alone_.end() && death >= it->second.begin &&
           (it->second.end == WorldTime::max() || now - it->second.end <= found_within);
}

void OrderChecker::called(NodeId node, const resource::RunOperation& operation) {
    if (operation.operation == Operation::kStatus) return;
    Node& n = cluster_.node(node);
    const SimKernel& kernel = n.kernel();
    const ClusterConfig& config = cluster_.config();
    const std::size_t group = config.group_index(operation.group);
    const bool start = operation.operation == Operation::kStart;
    const auto violated = [&](const std::string& why) {
        cluster_.violated(
            "order within a group",
            fmt::format("{} {}s resource {} of {}: {}", n.name(), to_string(operation.operation),
                        operation.resource, operation.group, why));
    };
    if (kernel.change_under_way(group)) return violated("another call is not done");
    for (std::size_t r = 0; r < config.groups[group].resources; r++) {
        if (start && r < operation.resource && !kernel.up(group, r) &&
            !just_died(node, operation.group, r))
            return violated(fmt::format("{} is not up", r));
        if (!start && r > operation.resource && kernel.up(group, r))
            return violated(fmt::format("{} is up", r));
    }
}

}  // namespace hb::sim
