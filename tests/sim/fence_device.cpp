#include "tests/sim/fence_device.hpp"

#include "tests/sim/cluster.hpp"
#include "tests/sim/resource_daemon.hpp"

namespace hb::sim {

void FenceDevice::ask(NodeId by, NodeId victim) {
    if (!under_way_.emplace(by, victim).second) return;
    World& world = cluster_.world();
    const Duration deadtime = cluster_.config().deadtime;
    Node& sick = cluster_.node(victim);
    const auto for_long = [&](WorldTime since) { return world.now() - since > deadtime * 5 / 2; };
    bool healthy = cluster_.network().reaches(by, victim) &&
                   cluster_.network().reaches(victim, by) &&
                   for_long(cluster_.network().changed_at()) && sick.all_work();
    for (Kind k : kKinds)
        healthy = healthy && for_long(sick.works_since(k));
    if (healthy && cluster_.config().link.loss_per_mille == 0)
        cluster_.violated("V1 nobody fences the healthy",
                          cluster_.node(by).name() + " asks for " + sick.name());
    world.say("fence device", "{} asks for {}", cluster_.node(by).name(),
              cluster_.node(victim).name());
    // Two nodes may fence each other: the second device is slower, as docs/protocol.md advises.
    const Duration head_start = cluster_.config().fence.high * static_cast<int>(rank(by));
    world.after(cluster_.config().fence.draw(world.prng()) + head_start, [this, by, victim] {
        under_way_.erase({by, victim});
        Node& asker = cluster_.node(by);
        if (!asker.works(Kind::kResource)) return;  // nobody is left who asks
        Node& node = cluster_.node(victim);
        node.power_off();
        cluster_.world().say("fence device", "{} is off", node.name());
        asker.post(Kind::kResource, asker.life(Kind::kResource), 1ms,
                   [victim](Daemon& d, MonoTime now) {
                       static_cast<ResourceDaemon&>(d).fenced(victim, now);
                   });
    });
}

}  // namespace hb::sim
