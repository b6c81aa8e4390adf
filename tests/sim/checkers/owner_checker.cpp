#include "tests/sim/checkers/owner_checker.hpp"

#include "tests/sim/checkers/promise.hpp"
#include "tests/sim/cluster.hpp"
#include "tests/sim/resource_daemon.hpp"

namespace hb::sim {

void OwnerChecker::starts(NodeId node, const GroupName& name) {
    const std::size_t group = cluster_.config().group_index(name);
    Node& starter = cluster_.node(node);
    // What it held already (a repair of a part that is missing) is no new start.
    if (starter.resource()->state(name) != GroupState::kStarting) return;
    for (std::size_t r = 0; r < cluster_.size(); r++) {
        Node& holder = cluster_.node(r);
        if (holder.id() == node || !holder.powered() || !holder.kernel().holds(group)) continue;
        PromiseFacts facts = promise_facts(cluster_, node, holder.id(), group);
        facts.remembered = book_.somebody_remembers(node, holder.id(), name);
        facts.may_keep = facts.in_maintenance && book_.others_know(holder.id(), name);
        if (!promised(facts)) continue;
        const bool failed =
            holder.resource() != nullptr && holder.resource()->state(name) == GroupState::kFailed;
        const std::string property = facts.remembered  ? "S4 one owner, who kept it in maintenance"
                                     : failed          ? "S3 one owner, though a stop failed"
                                     : facts.same_view ? "S2 one owner in a view"
                                                       : "S1 one owner";
        cluster_.violated(property, fmt::format("{} starts {} while {} holds it", starter.name(),
                                                name, holder.name()));
    }
}

void ThawChecker::thawed(NodeId node, Duration frozen_for, bool clock_stood) {
    // Peers wait d by their clocks; a little more is needed for a gap beyond doubt.
    if (frozen_for < cluster_.config().deadtime * 5 / 4) return;
    const WorldTime thaw = cluster_.world().now();
    Node& thawed = cluster_.node(node);
    const ClusterConfig& config = cluster_.config();
    bool told = !clock_stood;
    for (std::size_t r = 0; r < cluster_.size(); r++) {
        const NodeId peer = node_id(r);
        told = told ||
               (peer != node && cluster_.network().reaches(peer, node) &&
                cluster_.network().reaches(node, peer) && cluster_.node(r).works(Kind::kComm) &&
                cluster_.node(r).works_since(Kind::kComm) < thaw - frozen_for);
    }
    if (!told || config.link.loss_per_mille > 0) return;
    const Duration bound = config.keepalive * 3 + config.longest_start() + config.longest_stop() +
                           config.channel.longest() * 10 + 10ms + config.deadtime / 8;
    for (std::size_t g = 0; g < config.groups.size(); g++) {
        if (!thawed.kernel().holds(g) || cluster_.holders(g).size() < 2) continue;
        cluster_.world().after(bound, [this, node, g, thaw] { expect_let_go(node, g, thaw); });
    }
}

void ThawChecker::expect_let_go(NodeId node, std::size_t group, WorldTime thaw) {
    Node& thawed = cluster_.node(node);
    if (cluster_.last_disturbance() > thaw || thawed.thawed_at() != thaw) return;
    if (thawed.in_maintenance(cluster_.config().groups[group].name)) return;  // M3
    if (thawed.kernel().address_changed(group) > thaw) return;  // it let go, or may have it again
    if (!thawed.all_work() || thawed.kernel().any_fault()) return;
    if (thawed.kernel().last_bad_call(group) > thaw) return;  // a stop failed, or hung
    for (Kind k : kKinds)
        if (thawed.works_since(k) > thaw + 1ms) return;
    if (!thawed.kernel().address_up(group) || cluster_.holders(group).size() < 2) return;
    cluster_.violated("L5 bounded",
                      fmt::format("{} came back and keeps {} beside its new owner", thawed.name(),
                                  cluster_.config().groups[group].name));
}

}  // namespace hb::sim
