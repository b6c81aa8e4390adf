#include "tests/sim/checkers/leave_checker.hpp"

#include "tests/sim/cluster.hpp"
#include "tests/sim/resource_daemon.hpp"

namespace hb::sim {

void LeaveChecker::held(NodeId node, std::size_t group) {
    Node& n = cluster_.node(node);
    const ClusterConfig& c = cluster_.config();
    if (!n.powered() || !n.stopping() || n.kernel().holds(group)) return;
    if (n.kernel().call_under_way(group)) return;  // its call goes on, though all is down
    if (c.link.loss_per_mille > 0 || c.link.delay.longest() * 8 > c.window()) return;
    // Stop, wish, row, start: each a hop, and a step in two processes; well below a window.
    const Duration bound = c.link.delay.longest() * 5 + c.channel.longest() * 8 + 1ms;
    if (bound * 2 > c.window()) return;
    const WorldTime released = cluster_.world().now();
    cluster_.world().after(
        bound, [this, node, group, released] { expect_successor(node, group, released); });
}

void LeaveChecker::expect_successor(NodeId node, std::size_t group, WorldTime released) {
    const ClusterConfig& c = cluster_.config();
    if (released - cluster_.last_fault() < c.deadtime * 2) return;
    if (cluster_.last_fault() > released || !cluster_.holders(group).empty()) return;
    const GroupName& name = c.groups[group].name;
    std::size_t in_view = 0;
    bool somebody = false;
    for (std::size_t r = 0; r < cluster_.size(); r++) {
        Node& n = cluster_.node(r);
        if (!n.powered() || !n.all_work()) continue;
        in_view++;
        const auto& report = n.resource()->published();
        if (n.id() == node || n.stopping() || !report || report->standby) continue;
        const GroupReport& g = report->groups.at(name);
        somebody = somebody || (!g.start_failed && !g.move_away);
    }
    if (!somebody || in_view < 2) return;
    cluster_.violated("V6, T12 hand-over",
                      fmt::format("{} left {} in order, and nobody began to start it in time",
                                  cluster_.node(node).name(), name));
}

}  // namespace hb::sim
