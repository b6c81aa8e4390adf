#include "tests/sim/checkers/order_checker.hpp"

#include "tests/sim/cluster.hpp"

namespace hb::sim {

using resource::Operation;

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
    const bool died =
        cluster_.world().now() - kernel.last_death(group) <= config.agents.timeout * 2;
    for (std::size_t r = 0; r < config.groups[group].resources; r++) {
        if (start && r < operation.resource && !kernel.up(group, r) && !died)
            return violated(fmt::format("{} is not up", r));
        if (!start && r > operation.resource && kernel.up(group, r))
            return violated(fmt::format("{} is up", r));
    }
}

}  // namespace hb::sim
