#include "tests/sim/scripts.hpp"

#include <algorithm>

#include "tests/sim/old_heartbeat.hpp"
#include "tests/sim/resource_daemon.hpp"

namespace hb::sim::scripts {

namespace {

const NodeId kA = node_id(0);
const NodeId kB = node_id(1);

void wait(Cluster& cluster, Duration length) {
    cluster.world().run_until(cluster.world().now() + length);
}

Duration part(Cluster& cluster, int low_percent, int high_percent) {
    const Duration d = cluster.config().deadtime;
    return cluster.world().prng().between(d * low_percent / 100, d * high_percent / 100);
}

void settle(Cluster& cluster) {
    for (std::size_t r = 0; r < cluster.size(); r++)
        cluster.node(r).boot();
    wait(cluster, cluster.config().initdead + cluster.config().deadtime * 3);
}

void all_groups(Cluster& cluster, NodeId n, ipc::RequestKind kind, bool stay = false) {
    cluster.wish(n, kind, ipc::Scope::kAll, {}, stay);
}

}  // namespace

void left_and_came_back(Cluster& cluster, Faults&) {
    settle(cluster);
    all_groups(cluster, kB, ipc::RequestKind::kStandby, /*stay=*/true);
    wait(cluster, part(cluster, 50, 100));
    cluster.node(kA).stop_suite();
    wait(cluster, part(cluster, 30, 60));
    cluster.network().cut_both(kA, kB);
    cluster.disturbed();
    cluster.node(kA).start_suite();
    wait(cluster, cluster.config().initdead + part(cluster, 150, 250));
    all_groups(cluster, kB, ipc::RequestKind::kActive);
    wait(cluster, part(cluster, 200, 300));
}

void there_and_back(Cluster& cluster, Faults&) {
    settle(cluster);
    Prng& prng = cluster.world().prng();
    for (int n = 0; n < 12 && !cluster.world().stopped(); n++) {
        const NodeId who = node_id(prng.index(cluster.size()));
        const auto kind =
            prng.chance(500) ? ipc::RequestKind::kStandby : ipc::RequestKind::kTakeover;
        all_groups(cluster, who, kind);
        wait(cluster, prng.chance(700) ? part(cluster, 0, 12) : part(cluster, 50, 100));
    }
}

void killed_while_starting(Cluster& cluster, Faults&) {
    settle(cluster);
    const std::string owner = cluster.holders(0);
    const NodeId from = owner == "a" ? kA : kB;
    const NodeId to = owner == "a" ? kB : kA;
    all_groups(cluster, from, ipc::RequestKind::kStandby);
    // The other one has begun to start it now, and takes its time.
    while (!cluster.world().stopped() && !cluster.node(to).kernel().start_under_way(0)) {
        if (cluster.world().now() > 60 * cluster.config().deadtime) return;
        wait(cluster, cluster.config().deadtime / 50);
    }
    cluster.network().cut_both(from, to);
    wait(cluster, part(cluster, 65, 80));
    cluster.node(to).kill(Kind::kResource);
    wait(cluster, part(cluster, 150, 200));
}

namespace {

// Group 0 runs on B, A asks for it; B gets the row, then A's frames no longer arrive there. B's
// stop takes longer than A's lease lasts.
void a_waits_for_a_lease(Cluster& cluster) {
    settle(cluster);
    all_groups(cluster, kA, ipc::RequestKind::kTakeover);
    const ResourceDaemon* b = cluster.node(kB).resource();
    const GroupName& group = cluster.config().groups[0].name;
    for (int n = 0; n < 200 && b != nullptr && b->state(group) != GroupState::kStopping; n++)
        wait(cluster, cluster.config().deadtime / 500);
    cluster.network().cut(kA, kB);
    cluster.disturbed();
}

}  // namespace

void ack_before_view(Cluster& cluster, Faults&) {
    a_waits_for_a_lease(cluster);
    wait(cluster, part(cluster, 88, 94));
    cluster.network().cut(kB, kA);
    wait(cluster, part(cluster, 8, 30));
    cluster.network().heal_all();
    wait(cluster, part(cluster, 50, 100));
}

void ack_of_the_dead(Cluster& cluster, Faults&) {
    a_waits_for_a_lease(cluster);
    wait(cluster, part(cluster, 88, 94));
    cluster.network().cut(kB, kA);
    cluster.node(kB).kill_at_action(Kind::kMembership,
                                    static_cast<unsigned>(cluster.world().prng().below(24)));
    wait(cluster, part(cluster, 8, 30));
    cluster.network().heal_all();
    wait(cluster, part(cluster, 50, 100));
}

void deadtime_grows_behind_a_cut(Cluster& cluster, Faults&) {
    settle(cluster);
    const Timings longest = cluster.config().timings();
    Node& a = cluster.node(kA);
    a.reload({longest.keepalive / 2, longest.warntime / 2, longest.deadtime / 2, {}});
    wait(cluster, longest.deadtime * 2);
    all_groups(cluster, kA, ipc::RequestKind::kTakeover);
    const ResourceDaemon* b = cluster.node(kB).resource();
    const GroupName& group = cluster.config().groups[0].name;
    for (int n = 0; n < 200 && b != nullptr && b->state(group) != GroupState::kStopping; n++)
        wait(cluster, longest.deadtime / 500);
    cluster.network().cut(kA, kB);
    cluster.disturbed();
    a.reload(longest);
    wait(cluster, longest.deadtime);
    cluster.network().heal_all();
    wait(cluster, part(cluster, 50, 100));
}

namespace {

// The newest row that anybody wrote; its version counts what was decided, carried out or not.
std::uint64_t rows_written(Cluster& cluster, const GroupName& group) {
    std::uint64_t newest = 0;
    for (std::size_t r = 0; r < cluster.size(); r++) {
        const ResourceDaemon* resource = cluster.node(r).resource();
        if (resource == nullptr || !resource->published_table()) continue;
        const auto& rows = resource->published_table()->rows;
        if (const auto it = rows.find(group); it != rows.end())
            newest = std::max(newest, it->second.version);
    }
    return newest;
}

}  // namespace

void cable_out_for_long(Cluster& cluster, Faults&) {
    settle(cluster);
    const Duration d = cluster.config().deadtime;
    const GroupSpec& group = cluster.config().groups[0];
    cluster.set_service_cable(group.preferred, false, false, true);
    wait(cluster, d * 4);
    const std::uint64_t before = rows_written(cluster, group.name);
    wait(cluster, d * 30);
    const std::uint64_t rows = rows_written(cluster, group.name) - before;
    if (rows > 2) cluster.violated("T4 rests", fmt::format("{} rows while nothing changed", rows));
    cluster.set_service_cable(group.preferred, true, true, true);
}

void isolated_briefly(Cluster& cluster, Faults&) {
    settle(cluster);
    const GroupSpec& group = cluster.config().groups[0];
    const std::string owner = cluster.holders(0);
    const NodeId node = owner == "a" ? kA : kB;
    cluster.set_all_cables(node, false);
    const ResourceDaemon* resource = cluster.node(node).resource();
    for (int n = 0; n < 110 && resource->state(group.name) == GroupState::kRunning; n++)
        wait(cluster, cluster.config().deadtime / 100);
    cluster.set_all_cables(node, true);
    wait(cluster, cluster.config().deadtime * 4);
}

void standby_and_kill(Cluster& cluster, Faults&) {
    settle(cluster);
    const GroupSpec& group = cluster.config().groups[0];
    const NodeId asked = group.preferred;
    const NodeId other = asked == kA ? kB : kA;
    all_groups(cluster, asked, ipc::RequestKind::kStandby);
    const ResourceDaemon* resource = cluster.node(asked).resource();
    for (int n = 0; n < 100 && resource->state(group.name) == GroupState::kRunning; n++)
        wait(cluster, 50us);
    cluster.network().cut_both(kA, kB);
    // Before it judges the other one: alone it would forget the wish. Its successor waits a
    // deadtime before it judges, and the network is whole before that.
    wait(cluster, part(cluster, 35, 60));
    cluster.node(asked).kill(Kind::kMembership);
    const Duration step = cluster.config().deadtime / 50;
    for (int n = 0; n < 40 && !cluster.node(other).kernel().all_up(0); n++)
        wait(cluster, step);
    const bool moved = cluster.node(other).kernel().all_up(0);
    cluster.network().heal_all();
    cluster.disturbed();
    wait(cluster, cluster.config().deadtime * 8);
    if (moved && cluster.holders(0) != cluster.node(other).name())
        cluster.violated("L5 an explicit move was undone",
                         fmt::format("{} is on {} again", group.name, cluster.holders(0)));
}

void successor_is_a_third(Cluster& cluster, Faults&) {
    settle(cluster);
    all_groups(cluster, kA, ipc::RequestKind::kStandby, /*stay=*/true);
    wait(cluster, cluster.config().deadtime * 3);
    for (int n = 0; n < 6 && !cluster.world().stopped(); n++) {
        const std::string owner = cluster.holders(0);
        if (owner.size() != 1) return;
        Node& leaver = cluster.node(static_cast<std::size_t>(owner[0] - 'a'));
        leaver.stop_suite();
        wait(cluster, cluster.config().deadtime * 2);
        leaver.start_suite();
        wait(cluster, cluster.config().initdead + cluster.config().deadtime * 3);
    }
}

void two_leave_at_once(Cluster& cluster, Faults&) {
    settle(cluster);
    Prng& prng = cluster.world().prng();
    for (int n = 0; n < 6 && !cluster.world().stopped(); n++) {
        const std::string owner = cluster.holders(0);
        if (owner.size() != 1) return;
        const std::size_t first = static_cast<std::size_t>(owner[0] - 'a');
        const std::size_t second = (first + 1 + prng.index(2)) % 3;
        const bool other_first = prng.chance(300);
        cluster.node(other_first ? second : first).stop_suite();
        wait(cluster,
             prng.between(Duration(0us), prng.chance(500) ? Duration(2ms) : Duration(30ms)));
        cluster.node(other_first ? first : second).stop_suite();
        wait(cluster, cluster.config().deadtime * 2);
        cluster.node(first).start_suite();
        cluster.node(second).start_suite();
        wait(cluster, cluster.config().initdead + cluster.config().deadtime * 3);
    }
}

void standby_beside_a_leaving_coordinator(Cluster& cluster, Faults&) {
    settle(cluster);
    const Duration d = cluster.config().deadtime;
    Node& leaver = cluster.node(kA);
    if (cluster.holders(0) != leaver.name()) return;
    leaver.stop_suite();
    const auto says_leaving = [&] {
        const auto& report = leaver.resource()->published();
        return report && report->leaving;
    };
    for (int n = 0; n < 20000 && !says_leaving(); n++)
        wait(cluster, 50us);
    cluster.network().cut(kA, node_id(2));
    cluster.wish(kB, ipc::RequestKind::kStandby, ipc::Scope::kAll, {}, /*stay=*/true);
    // With the last table B starts; it gives the group to the third later, in a view of both.
    WorldTime held = cluster.world().now();
    for (const WorldTime end = held + d * 3 / 4; cluster.world().now() < end;) {
        wait(cluster, d / 100);
        if (!cluster.holders(0).empty()) held = cluster.world().now();
        if (cluster.world().now() - held > d / 2) {
            cluster.violated("V6, T12 hand-over", "nobody, long after an orderly stop");
            return;
        }
    }
    cluster.network().heal_all();
    cluster.wish(kB, ipc::RequestKind::kActive);
}

void lost_by_one_then_by_the_other(Cluster& cluster, Faults&) {
    settle(cluster);
    const Duration d = cluster.config().deadtime;
    cluster.node(kA).kernel().faults(0).stop_fails = true;
    cluster.network().cut_both(kA, kB);
    cluster.disturbed();
    wait(cluster, d * 6);
    cluster.network().cut_both(kA, node_id(2));
    wait(cluster, d * 6);
    cluster.network().heal_all();
    cluster.node(kA).kernel().faults(0) = {};
}

void boot_beside_a_healthy_node(Cluster& cluster, Faults&) {
    settle(cluster);
    cluster.node(kB).power_off();
    wait(cluster, cluster.config().deadtime * 4);
    cluster.node(kB).boot();
    wait(cluster, cluster.config().deadtime * 3);
}

void heartbeat_is_replaced(Cluster& cluster, Faults&) {
    const Duration initdead = cluster.config().initdead;
    Prng& prng = cluster.world().prng();
    Node& b = cluster.node(kB);
    settle(cluster);
    wait(cluster, cluster.config().deadtime * 2);  // the latest boot of all was tried
    cluster.node(kA).power_off();
    b.power_off();
    wait(cluster, part(cluster, 0, 100));
    cluster.node(kA).boot_without_suite();
    OldHeartbeat heartbeat(cluster, kA);
    heartbeat.start();
    b.boot();
    wait(cluster, prng.chance(500) ? initdead + part(cluster, 50, 300) : part(cluster, 0, 300));
    for (std::uint64_t n = prng.below(5); n > 0 && !cluster.world().stopped(); n--) {
        static constexpr Kind kVictims[] = {Kind::kComm, Kind::kMembership, Kind::kResource};
        b.kill(kVictims[prng.index(3)]);
        if (prng.chance(300)) b.kill(kVictims[prng.index(3)]);
        wait(cluster, part(cluster, 50, 200));
    }
    if (prng.chance(700)) {
        heartbeat.stop();
        wait(cluster, part(cluster, 0, 300));
    } else {
        cluster.node(kA).power_off();
        heartbeat.is_gone();
        wait(cluster, part(cluster, 0, 300));
        cluster.node(kA).boot_without_suite();
    }
    // The next one finds what its own kernel holds, and asks its peer for the rest.
    while (heartbeat.runs() && !cluster.world().stopped())
        wait(cluster, cluster.config().deadtime / 10);
    cluster.node(kA).start_suite();
    wait(cluster, part(cluster, 100, 300));
}

}  // namespace hb::sim::scripts
