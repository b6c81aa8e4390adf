#include "tests/sim/fence_device.hpp"

#include "tests/sim/cluster.hpp"
#include "tests/sim/resource_daemon.hpp"

namespace hb::sim {

void FenceDevice::ask(NodeId by, NodeId victim) {
    if (!under_way_.emplace(by, victim).second) return;
    World& world = cluster_.world();
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
