#include "tests/sim/matrix.hpp"

#include <functional>

namespace hb::sim {

namespace {

constexpr unsigned kHealed[] = {50, 200, 1000};
constexpr Evidence kEvidence[] = {Evidence::kNothing, Evidence::kPing, Evidence::kFencing,
                                  Evidence::kWatchdog, Evidence::kQuorum};

// What breaks at one node, and how it is mended. `length`: until it is mended.
struct Victim {
    Cluster& cluster;
    Node& node;
    Duration length;

    [[nodiscard]] Duration deadtime() const { return cluster.config().deadtime; }
    void link(std::size_t l, bool in) const {
        cluster.disturbed();
        cluster.network().set_cable(node.id(), link_id(l), in);
    }
    void heartbeats(bool sends, bool receives) const {
        cluster.disturbed();
        for (std::size_t r = 0; r < cluster.size(); r++) {
            const NodeId other = node_id(r);
            if (other == node.id()) continue;
            SimNetwork& network = cluster.network();
            sends ? network.heal(node.id(), other) : network.cut(node.id(), other);
            receives ? network.heal(other, node.id()) : network.cut(other, node.id());
        }
    }
    void service(bool sends, bool receives, bool carrier) const {
        cluster.set_service_cable(node.id(), sends, receives, carrier);
    }
    [[nodiscard]] Node& another() const {
        return cluster.node((rank(node.id()) + 1) % cluster.size());
    }
};

struct Fault {
    const char* name;
    std::function<void(Victim&)> begins;
    std::function<void(Victim&)> is_mended = [](Victim&) {};
    bool has_own_length = false;  // it does not wait to be mended: once is enough
};

void freeze(Victim& v, Freeze how, unsigned percent) {
    v.node.freeze(how);
    v.cluster.world().after(v.deadtime() * percent / 100, [&node = v.node] { node.thaw(); });
}

// A process that takes one core for itself, in real time: each daemon stands still again and again.
void hog(Victim& v) {
    const WorldTime until = v.cluster.world().now() + v.length;
    const auto turn = [](auto&& self, Cluster& cluster, Node& node, WorldTime end) -> void {
        if (cluster.world().now() >= end) return;
        Prng& prng = cluster.world().prng();
        const Duration d = cluster.config().deadtime;
        const Kind k = kKinds[prng.index(kKindCount)];
        node.freeze_one(k);
        cluster.world().after(prng.between(d / 50, d / 3), [&node, k] { node.thaw_one(k); });
        cluster.world().after(prng.between(d / 20, d / 2),
                              [self, &cluster, &node, end] { self(self, cluster, node, end); });
    };
    turn(turn, v.cluster, v.node, until);
}

std::vector<Fault> cable_faults() {
    return {
        {"one heartbeat link", [](Victim& v) { v.link(0, false); },
         [](Victim& v) { v.link(0, true); }},
        {"all heartbeat links", [](Victim& v) { v.heartbeats(false, false); },
         [](Victim& v) { v.heartbeats(true, true); }},
        {"heartbeats in", [](Victim& v) { v.heartbeats(true, false); },
         [](Victim& v) { v.heartbeats(true, true); }},
        {"heartbeats out", [](Victim& v) { v.heartbeats(false, true); },
         [](Victim& v) { v.heartbeats(true, true); }},
        {"service cable, carrier lost", [](Victim& v) { v.service(false, false, true); },
         [](Victim& v) { v.service(true, true, true); }},
        {"service cable, carrier kept", [](Victim& v) { v.service(false, false, false); },
         [](Victim& v) { v.service(true, true, false); }},
        {"service in", [](Victim& v) { v.service(true, false, false); },
         [](Victim& v) { v.service(true, true, false); }},
        {"service out", [](Victim& v) { v.service(false, true, false); },
         [](Victim& v) { v.service(true, true, false); }},
        {"one link and service",
         [](Victim& v) {
             v.link(0, false);
             v.service(false, false, true);
         },
         [](Victim& v) {
             v.link(0, true);
             v.service(true, true, true);
         }},
        {"all cables, carrier lost",
         [](Victim& v) { v.cluster.set_all_cables(v.node.id(), false); },
         [](Victim& v) { v.cluster.set_all_cables(v.node.id(), true); }},
        {"all cables, carrier kept",
         [](Victim& v) {
             v.heartbeats(false, false);
             v.service(false, false, false);
         },
         [](Victim& v) {
             v.heartbeats(true, true);
             v.service(true, true, false);
         }},
        {"all cables, and the stop fails",
         [](Victim& v) {
             v.node.kernel().faults(0).stop_fails = true;
             v.cluster.set_all_cables(v.node.id(), false);
         },
         [](Victim& v) { v.cluster.set_all_cables(v.node.id(), true); }},
        {"everything in",
         [](Victim& v) {
             v.heartbeats(true, false);
             v.service(true, false, false);
         },
         [](Victim& v) {
             v.heartbeats(true, true);
             v.service(true, true, false);
         }},
        {"everything out",
         [](Victim& v) {
             v.heartbeats(false, true);
             v.service(false, true, false);
         },
         [](Victim& v) {
             v.heartbeats(true, true);
             v.service(true, true, false);
         }},
    };
}

std::vector<Fault> process_faults() {
    return {
        {"hb-comm killed", [](Victim& v) { v.node.kill(Kind::kComm); }, {}, true},
        {"hb-membership killed", [](Victim& v) { v.node.kill(Kind::kMembership); }, {}, true},
        {"hb-resource killed", [](Victim& v) { v.node.kill(Kind::kResource); }, {}, true},
        {"all killed, systemd mends it", [](Victim& v) { v.node.kill_all(v.length); }},
        {"all killed for good", [](Victim& v) { v.node.kill_all(std::nullopt); }},
        {"master killed", [](Victim& v) { v.node.kill_master(v.length); }},
        {"stopped in order", [](Victim& v) { v.node.stop_suite(); },
         [](Victim& v) { v.node.start_suite(); }},
    };
}

// As "systemctl restart": when the stop is over.
void start_again(Cluster& cluster, Node& node) {
    cluster.world().after(cluster.config().deadtime / 4, [&cluster, &node] {
        node.stopping() ? start_again(cluster, node) : node.start_suite();
    });
}

// Of the state directory: of the victim that starts anew, and of one that is to keep what it hears
// of another that does.
std::vector<Fault> disk_faults() {
    const auto restart = [](Victim& v, Node& node) {
        node.stop_suite();
        start_again(v.cluster, node);
    };
    const auto quick = [](Victim& v) {
        v.node.set_disk({});
        v.node.fill_disk(false);
    };
    return {
        {"slow disk, restart",
         [restart](Victim& v) {
             v.node.set_disk(v.length);
             restart(v, v.node);
         },
         quick},
        {"slow disk, another restarts",
         [restart](Victim& v) {
             v.node.set_disk(v.length);
             restart(v, v.another());
         },
         quick},
        {"slow disk, master killed",
         [](Victim& v) {
             v.node.set_disk(v.length);
             v.node.kill_master(v.deadtime() / 10);
         },
         quick},
        {"full disk, restart",
         [restart](Victim& v) {
             v.node.fill_disk(true);
             restart(v, v.node);
         },
         quick},
        {"full disk, another restarts",
         [restart](Victim& v) {
             v.node.fill_disk(true);
             restart(v, v.another());
         },
         quick},
        {"full disk, master killed",
         [](Victim& v) {
             v.node.fill_disk(true);
             v.node.kill_master(v.deadtime() / 10);
         },
         quick},
        {"full disk, power-off",
         [](Victim& v) {
             v.node.fill_disk(true);
             v.node.power_off();
         },
         [quick](Victim& v) {
             v.node.boot();
             v.cluster.world().after(v.length, [quick, v]() mutable { quick(v); });
         }},
    };
}

std::vector<Fault> machine_faults() {
    return {
        {"power-off", [](Victim& v) { v.node.power_off(); }, [](Victim& v) { v.node.boot(); }},
        {"power-off, disk lost", [](Victim& v) { v.node.power_off(); },
         [](Victim& v) { v.node.boot(true); }},
        {"processes frozen 1.5 d", [](Victim& v) { freeze(v, Freeze::kProcesses, 150); }, {}, true},
        {"processes frozen 5 d", [](Victim& v) { freeze(v, Freeze::kProcesses, 500); }, {}, true},
        {"machine paused 1.5 d", [](Victim& v) { freeze(v, Freeze::kMachine, 150); }, {}, true},
        {"machine paused 5 d", [](Victim& v) { freeze(v, Freeze::kMachine, 500); }, {}, true},
        {"machine and clock paused 1.5 d",
         [](Victim& v) { freeze(v, Freeze::kMachineAndClock, 150); },
         {},
         true},
        {"machine and clock paused 5 d",
         [](Victim& v) { freeze(v, Freeze::kMachineAndClock, 500); },
         {},
         true},
        {"CPU hog", hog},
    };
}

const std::vector<Fault>& faults() {
    static const std::vector<Fault> all = [] {
        std::vector<Fault> made;
        for (auto part : {cable_faults(), process_faults(), disk_faults(), machine_faults()})
            made.insert(made.end(), part.begin(), part.end());
        return made;
    }();
    return all;
}

const Fault& find_fault(const std::string& name) {
    for (const Fault& fault : faults())
        if (fault.name == name) return fault;
    HB_UNREACHABLE();
}

void set_evidence(ClusterConfig& config, Evidence evidence) {
    config.quorum =
        evidence == Evidence::kQuorum || (evidence == Evidence::kWatchdog && config.nodes >= 3);
    config.ping_nodes = evidence == Evidence::kPing;
    config.fencing = evidence == Evidence::kFencing;
    config.watchdog.reset();
    if (evidence == Evidence::kWatchdog) config.watchdog = config.deadtime;
    config.watchdog_evidence = config.quorum;
    if (config.quorum || config.ping_nodes) config.keepalive = config.deadtime / 6;
}

void run_cell(const Cell& cell, Cluster& cluster) {
    World& world = cluster.world();
    const Duration d = cluster.config().deadtime;
    const auto wait = [&](Duration length) { world.run_until(world.now() + length); };
    for (std::size_t r = 0; r < cluster.size(); r++)
        cluster.node(r).boot();
    wait(cluster.config().initdead + d * 3 + world.prng().between(0ms, d));
    // Mostly who runs something.
    Node& node = cluster.node(world.prng().chance(700) ? rank(cluster.config().groups[0].preferred)
                                                       : world.prng().index(cluster.size()));
    Victim victim{cluster, node, d * cell.healed_percent / 100};
    const Fault& fault = find_fault(cell.fault);
    world.say("matrix", "{} of {}, {}, mended after {} ms", cell.fault, node.name(),
              to_string(cell.evidence), to_ms(victim.length));
    fault.begins(victim);
    wait(victim.length);
    world.say("matrix", "mended");
    if (fault.is_mended) fault.is_mended(victim);
    wait(d * 6);
}

}  // namespace

const char* to_string(Evidence evidence) {
    switch (evidence) {
        case Evidence::kNothing:
            return "nothing configured";
        case Evidence::kPing:
            return "ping nodes";
        case Evidence::kFencing:
            return "fencing";
        case Evidence::kWatchdog:
            return "watchdogs";
        case Evidence::kQuorum:
            return "quorum";
    }
    HB_UNREACHABLE();
}

const std::vector<Cell>& matrix_cells(std::size_t nodes) {
    static const auto make = [](std::size_t n) {
        std::vector<Cell> cells;
        for (const unsigned healed : kHealed)
            for (const Evidence evidence : kEvidence)
                for (const Fault& fault : faults()) {
                    if (evidence == Evidence::kQuorum && n < 3) continue;
                    if (fault.has_own_length && healed != kHealed[0]) continue;
                    cells.push_back({fault.name, n, evidence, healed});
                }
        return cells;
    };
    static const std::vector<Cell> two = make(2), three = make(3), five = make(5);
    return nodes == 2 ? two : nodes == 3 ? three : five;
}

// A run of five nodes takes as long as ten of two: of eight seeds five are of two nodes.
const Cell& matrix_cell(std::uint64_t seed) {
    const std::uint64_t place = seed % 8;
    const std::uint64_t round = seed / 8;
    const auto of = [](std::size_t nodes, std::uint64_t n) -> const Cell& {
        return matrix_cells(nodes)[n % matrix_cells(nodes).size()];
    };
    if (place < 5) return of(2, round * 5 + place);
    if (place < 7) return of(3, round * 2 + place - 5);
    return of(5, round);
}

Profile matrix_profile(std::uint64_t seed) {
    const Cell& cell = matrix_cell(seed);
    Profile p;
    p.faults = {};
    p.faults_low = p.faults_high = 0;
    p.nodes_low = p.nodes_high = cell.nodes;
    p.slow_agents = false;
    p.quorum = p.ping_nodes = p.fencing = false;
    p.adjust = [&cell](ClusterConfig& config) { set_evidence(config, cell.evidence); };
    p.script = [&cell](Cluster& cluster, Faults&) { run_cell(cell, cluster); };
    return p;
}

}  // namespace hb::sim
