#include "tests/sim/old_heartbeat.hpp"

namespace hb::sim {

OldHeartbeat::OldHeartbeat(Cluster& cluster, NodeId on) : cluster_(cluster), on_(on) {
    slows_down(cluster.config().keepalive, cluster.config().deadtime);
}

void OldHeartbeat::start() {
    Node& node = cluster_.node(on_);
    State& s = *state_;
    s.life++;
    s.runs = true;
    s.sequence = 0;
    // Its own count, from when it was installed years ago: below ha-suite's.
    s.generation = 1'420'000'000 + static_cast<std::uint64_t>(s.life);
    cluster_.world().say(node.name(), "Heartbeat itself starts, and has everything");
    for (std::size_t g = 0; g < cluster_.config().groups.size(); g++)
        for (std::size_t r = 0; r < cluster_.config().groups[g].resources; r++)
            node.kernel().add_by_hand(g, r);
    cluster_.disturbed();
    beat();
}

void OldHeartbeat::later(Duration delay, std::function<void()> what) {
    cluster_.world().after(delay, [state = state_, life = state_->life, what = std::move(what)] {
        if (state->life == life && state->runs) what();
    });
}

void OldHeartbeat::say(bool released) {
    const comm::OldHeartbeat frame{on_, state_->generation, ++state_->sequence, released,
                                   state_->deadtime};
    for (std::size_t r = 0; r < cluster_.size(); r++) {
        const NodeId to = node_id(r);
        if (to == on_ || !cluster_.network().reaches(on_, to)) continue;
        World& world = cluster_.world();
        if (world.prng().chance(cluster_.config().link.loss_per_mille)) continue;
        world.after(cluster_.config().link.delay.draw(world.prng()),
                    [&cluster = cluster_, to, frame] {
                        if (cluster.node(to).powered())
                            cluster.node(to).old_heartbeat_arrived(frame);
                    });
    }
}

void OldHeartbeat::beat() {
    if (!cluster_.node(on_).powered()) return is_gone();
    say(false);
    later(state_->keepalive, [this] { beat(); });
}

void OldHeartbeat::stop() {
    if (!runs()) return;
    cluster_.world().say(cluster_.node(on_).name(), "Heartbeat itself is stopped");
    release(cluster_.config().groups.size());
}

void OldHeartbeat::release(std::size_t groups_left) {
    if (!cluster_.node(on_).powered()) return is_gone();
    const ClusterConfig& config = cluster_.config();
    if (groups_left == 0) {
        say(true);
        cluster_.disturbed_in_order();
        // It goes on saying that it is active until it has ended.
        later(config.keepalive * 2 + config.keepalive / 2, [this] { state_->runs = false; });
        return;
    }
    later(config.agents.stop.draw(cluster_.world().prng()), [this, groups_left] {
        Node& node = cluster_.node(on_);
        if (!node.powered()) return is_gone();
        const std::size_t group = groups_left - 1;
        for (std::size_t r = cluster_.config().groups[group].resources; r > 0; r--)
            node.kernel().remove_by_hand(group, r - 1);
        release(group);
    });
}

}  // namespace hb::sim
