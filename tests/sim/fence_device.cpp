#include "tests/sim/fence_device.hpp"

#include "tests/sim/cluster.hpp"
#include "tests/sim/resource_daemon.hpp"

namespace hb::sim {

namespace {

// Heartbeats of each get to the other on some link that loses none, by its cables too.
bool in_touch(Cluster& cluster, NodeId a, NodeId b) {
    const ClusterConfig& config = cluster.config();
    for (std::size_t l = 0; l < config.links; l++) {
        const bool shared = config.link_on_service && l + 1 == config.links;
        if (shared && !(cluster.service().connected(a) && cluster.service().connected(b))) continue;
        if (cluster.network().quality(link_id(l)).loss_per_mille > 0) continue;
        if (cluster.network().passes(a, b, link_id(l)) &&
            cluster.network().passes(b, a, link_id(l)))
            return true;
    }
    return false;
}

}  // namespace

// Nobody has a healthy member switched off, unless a stop failed on it.
void FenceDevice::check_asker(NodeId by, NodeId victim) {
    World& world = cluster_.world();
    const Duration deadtime = cluster_.config().deadtime;
    Node& sick = cluster_.node(victim);
    const auto for_long = [&](WorldTime since) { return world.now() - since > deadtime * 5 / 2; };
    bool healthy = in_touch(cluster_, by, victim) && for_long(cluster_.service().whole_since(by)) &&
                   for_long(cluster_.service().whole_since(victim)) &&
                   for_long(cluster_.network().changed_at()) && sick.all_work();
    for (Kind k : kKinds)
        healthy = healthy && for_long(sick.works_since(k));
    if (!healthy) return;
    if (sick.resource() != nullptr && sick.resource()->published())
        for (const auto& [name, g] : sick.resource()->published()->groups)
            if (g.state == GroupState::kFailed) return;
    cluster_.violated("V1 nobody fences the healthy",
                      cluster_.node(by).name() + " asks for " + sick.name());
}

std::shared_ptr<FenceDevice::Call> FenceDevice::run(NodeId by, NodeId victim,
                                                    fence::AgentAction action, Answer answer) {
    World& world = cluster_.world();
    const auto call = std::make_shared<Call>();
    const ClusterConfig& config = cluster_.config();
    if (action == fence::AgentAction::kOff) check_asker(by, victim);
    const bool fails = dead_ || world.prng().chance(config.fence_fails_per_mille);
    const Duration length = config.fence.draw(world.prng());
    const Duration effect = world.prng().between(Duration(0), length);
    world.say("fence device", "{} says {} of {}{}", cluster_.node(by).name(), to_string(action),
              cluster_.node(victim).name(), fails ? " to a device that does not answer" : "");
    if (!fails)
        world.after(effect, [this, call, action, victim] {
            if (call->killed) return;
            Node& node = cluster_.node(victim);
            if (action == fence::AgentAction::kOff && node.powered()) {
                cluster_.world().say("fence device", "{} is off", node.name());
                node.power_off();
            }
            if (action == fence::AgentAction::kOn) node.boot();
        });
    world.after(length, [this, call, fails, action, victim, answer = std::move(answer)] {
        call->over = true;
        if (fails || call->killed) return answer(fence::Outcome::kFailed, "no answer");
        const bool off = action == fence::AgentAction::kStatus && !cluster_.node(victim).powered();
        answer(off ? fence::Outcome::kOff : fence::Outcome::kDone, "");
    });
    return call;
}

}  // namespace hb::sim
