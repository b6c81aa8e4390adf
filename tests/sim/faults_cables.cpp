// Faults of what lies between the nodes: heartbeats, cables, what hb-ipfail compares.
#include "tests/sim/faults.hpp"

namespace hb::sim {

// ---- heartbeats

void Faults::cut(FaultKind kind) {
    World& world = cluster_.world();
    SimNetwork& network = cluster_.network();
    const NodeId a = any_node();
    const NodeId b = other_than(a);
    const std::string& from = cluster_.node(a).name();
    const std::string& to = cluster_.node(b).name();
    cluster_.disturbed();
    if (kind == FaultKind::kCutLink) {
        const LinkId link = link_id(world.prng().index(network.links()));
        world.say("network", "link {} of {} OUT", index(link), from);
        network.set_cable(a, link, false);
        undo(a_while(), [this, a, link] {
            cluster_.disturbed();
            cluster_.network().set_cable(a, link, true);
        });
        return;
    }
    if (kind == FaultKind::kFlap) {
        world.say("network", "{} - {} FLAPS", from, to);
        const Duration d = cluster_.config().deadtime;
        Duration when{};
        for (int n = 0; n < 6; n++) {
            when += world.prng().between(d / 4, d * 2);
            undo(when, [this, a, b, n] {
                cluster_.disturbed();
                if (n % 2 == 0)
                    cluster_.network().cut_both(a, b);
                else {
                    cluster_.network().heal(a, b);
                    cluster_.network().heal(b, a);
                }
            });
        }
        return;
    }
    if (kind == FaultKind::kCutNode) {
        world.say("network", "heartbeats of {} CUT from all", from);
        for (std::size_t r = 0; r < cluster_.size(); r++)
            if (node_id(r) != a) network.cut_both(a, node_id(r));
    } else if (kind == FaultKind::kCutPair) {
        world.say("network", "CUT {} - {}", from, to);
        network.cut_both(a, b);
    } else {
        world.say("network", "CUT {} -> {}", from, to);
        network.cut(a, b);
    }
    undo(a_while(), [this, a] {
        cluster_.world().say("network", "heartbeats of {} healed", cluster_.node(a).name());
        cluster_.disturbed();
        for (std::size_t r = 0; r < cluster_.size(); r++) {
            cluster_.network().heal(a, node_id(r));
            cluster_.network().heal(node_id(r), a);
        }
    });
}

void Faults::bad_links() {
    World& world = cluster_.world();
    Prng& prng = world.prng();
    LinkQuality bad = cluster_.config().link;
    bad.loss_per_mille = static_cast<unsigned>(prng.below(500));
    bad.duplicate_per_mille = static_cast<unsigned>(prng.below(300));
    bad.delay.tail_per_mille = static_cast<unsigned>(prng.below(200));
    bad.delay.tail = prng.between(10ms, cluster_.config().deadtime * 2);
    world.say("network", "BAD LINKS: loss {}/1000, delays to {} ms", bad.loss_per_mille,
              to_ms(bad.delay.tail));
    cluster_.disturbed();
    for (std::size_t l = 0; l < cluster_.network().links(); l++)
        cluster_.network().set_quality(link_id(l), bad);
    undo(a_while() * 2, [this] {
        cluster_.disturbed();
        for (std::size_t l = 0; l < cluster_.network().links(); l++)
            cluster_.network().set_quality(link_id(l), cluster_.config().link);
    });
}

// ---- cables

void Faults::cables(FaultKind kind) {
    World& world = cluster_.world();
    Prng& prng = world.prng();
    const NodeId a = any_node();
    if (kind == FaultKind::kNoGateway) {
        world.say("network", "the gateway is silent");
        ServiceQuality quality = cluster_.service().quality();
        quality.gateway = false;
        cluster_.service().set_quality(quality);
        undo(a_while(), [this] { cluster_.service().set_quality(cluster_.config().service); });
        return;
    }
    if (kind == FaultKind::kServiceCable) {
        const std::uint64_t how = prng.below(4);
        cluster_.set_service_cable(a, how == 1, how == 2, prng.chance(500));
        undo(a_while(), [this, a] { cluster_.set_service_cable(a, true, true, true); });
        return;
    }
    if (kind == FaultKind::kAllCables) {
        cluster_.set_all_cables(a, false);
        undo(a_while() + cluster_.config().deadtime,
             [this, a] { cluster_.set_all_cables(a, true); });
        return;
    }
    // Heartbeats first: everybody refuses; then the holder vanishes from the service network.
    world.say("network", "heartbeats of {} CUT, its service cable follows",
              cluster_.node(a).name());
    cluster_.disturbed();
    const bool one_way = prng.chance(300);
    for (std::size_t r = 0; r < cluster_.size(); r++) {
        if (node_id(r) == a) continue;
        cluster_.network().cut(a, node_id(r));
        if (!one_way) cluster_.network().cut(node_id(r), a);
    }
    const Duration d = cluster_.config().deadtime;
    const Duration later = prng.between(Duration::zero(), d * 3);
    undo(later, [this, a] { cluster_.set_service_cable(a, false, false, true); });
    undo(later + d + a_while(), [this, a] {
        cluster_.set_service_cable(a, true, true, true);
        for (std::size_t r = 0; r < cluster_.size(); r++) {
            cluster_.network().heal(a, node_id(r));
            cluster_.network().heal(node_id(r), a);
        }
        cluster_.disturbed();
    });
}

// What hb-ipfail compares.
void Faults::connectivity(FaultKind kind) {
    Prng& prng = cluster_.world().prng();
    const Duration d = cluster_.config().deadtime;
    const NodeId a = any_node();
    if (kind == FaultKind::kServiceBlind) {
        const bool carrier = prng.chance(500);
        for (std::size_t r = 0; r < cluster_.size(); r++)
            undo(prng.between(0ms, d / 400), [this, r, carrier] {
                cluster_.set_service_cable(node_id(r), false, false, carrier);
            });
        const Duration back = a_while();
        for (std::size_t r = 0; r < cluster_.size(); r++)
            undo(back + prng.between(0ms, d / 4),
                 [this, r] { cluster_.set_service_cable(node_id(r), true, true, true); });
        return;
    }
    const auto host = static_cast<std::uint32_t>(prng.index(cluster_.config().ping_hosts));
    if (kind == FaultKind::kPingLost) {
        cluster_.set_ping_host(a, host, false);
        return undo(d * 4 + a_while() * 4,
                    [this, a, host] { cluster_.set_ping_host(a, host, true); });
    }
    const bool for_all = prng.chance(300);
    Duration when{};
    for (int n = 0; n < 6; n++) {
        undo(when, [this, kind, a, host, for_all, n] {
            const bool back = n % 2 == 1;
            if (kind == FaultKind::kCarrierFlaps)
                return cluster_.set_service_cable(a, back, back, true);
            for (std::size_t r = 0; r < cluster_.size(); r++)
                if (for_all || node_id(r) == a) cluster_.set_ping_host(node_id(r), host, back);
        });
        when += prng.between(d / 4, d * 5);
    }
}

}  // namespace hb::sim
