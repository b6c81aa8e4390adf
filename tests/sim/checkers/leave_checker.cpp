#include "tests/sim/checkers/leave_checker.hpp"

#include <algorithm>
#include <utility>

#include "tests/sim/cluster.hpp"
#include "tests/sim/membership_daemon.hpp"
#include "tests/sim/resource_daemon.hpp"

namespace hb::sim {

void LeaveChecker::reported(NodeId node, const Report& report) {
    const ClusterConfig& c = cluster_.config();
    // A few hops are far less than a probe window here, and the gate would need one.
    const Duration bound = c.window() / 3;
    const bool measurable = c.link.loss_per_mille == 0 &&
                            std::max(c.link.delay.longest(), c.channel.longest()) * 20 < c.window();
    for (const auto& [name, g] : report.groups) {
        const auto [said, fresh] = said_.try_emplace({node, name}, g.state);
        const GroupState before = std::exchange(said->second, g.state);
        const bool released = before == GroupState::kStopping && g.state == GroupState::kStopped;
        if (fresh || !released || !measurable || !cluster_.node(node).stopping()) continue;
        const MembershipDaemon* membership = cluster_.node(node).membership();
        if (membership == nullptr || !membership->accepted() ||
            membership->accepted()->members.size() < c.nodes)
            continue;
        const WorldTime now = cluster_.world().now();
        cluster_.world().after(bound, [this, node, group = c.group_index(name), now] {
            expect_successor(node, group, now, /*second_look=*/false);
        });
    }
}

bool LeaveChecker::maintained(std::size_t group) const {
    const GroupName& name = cluster_.config().groups[group].name;
    for (std::size_t r = 0; r < cluster_.size(); r++) {
        const ResourceDaemon* process = cluster_.node(r).resource();
        if (process != nullptr && process->published() &&
            process->published()->groups.contains(name) &&
            process->published()->groups.at(name).maintenance.on)
            return true;
    }
    return false;
}

void LeaveChecker::starts(NodeId, const GroupName& group) {
    started_[group] = cluster_.world().now();
}

void LeaveChecker::expect_successor(NodeId node, std::size_t group, WorldTime released,
                                    bool second_look) {
    const ClusterConfig& c = cluster_.config();
    const Duration bound = c.window() / 3;
    if (maintained(group)) return;
    if (released - cluster_.last_fault() < c.deadtime * 2) return;
    if (cluster_.last_fault() > released || !cluster_.holders(group).empty()) return;
    if (cluster_.last_disturbance() > released + bound) return;
    std::size_t leaving = 0;
    for (std::size_t r = 0; r < cluster_.size(); r++)
        if (cluster_.node(r).stopping() || !cluster_.node(r).suite_wanted()) leaving++;
    // Nodes that left in order count as absent (L2): the rest may be no majority.
    if (c.quorum && 2 * (c.nodes - leaving) <= c.nodes) return;
    if (!second_look && leaving > 1) {
        cluster_.world().after(c.window() * 5 / 2 - bound, [this, node, group, released] {
            expect_successor(node, group, released, true);
        });
        return;
    }
    const GroupName& name = c.groups[group].name;
    if (const auto it = started_.find(name); it != started_.end() && it->second >= released) return;
    bool somebody = false;
    for (std::size_t r = 0; r < cluster_.size(); r++) {
        Node& n = cluster_.node(r);
        if (!n.powered() || !n.all_work()) continue;
        const auto& report = n.resource()->published();
        if (n.id() == node || n.stopping() || !report || report->standby) continue;
        if (!report->groups.contains(name)) return;  // nobody starts it then
        const GroupReport& g = report->groups.at(name);
        // It asked too early, heard the old owner, and waits (G8).
        if (g.gate_reason.find("asks for") != std::string::npos ||
            g.gate_reason.find("is held") != std::string::npos)
            return;
        somebody = somebody || (!g.start_failed && !g.move_away);
    }
    if (!somebody) return;
    cluster_.violated("V6, T12 hand-over",
                      fmt::format("{} left {} in order, and nobody began to start it in time",
                                  cluster_.node(node).name(), name));
}

}  // namespace hb::sim
