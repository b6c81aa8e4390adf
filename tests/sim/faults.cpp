#include "tests/sim/faults.hpp"

#include <numeric>

#include "tests/sim/membership_daemon.hpp"
#include "tests/sim/resource_daemon.hpp"

namespace hb::sim {

Weights weights(std::initializer_list<std::pair<FaultKind, unsigned>> chosen) {
    Weights w{};
    for (const auto& [kind, weight] : chosen)
        w[static_cast<std::size_t>(kind)] = weight;
    return w;
}

Weights all_weights() {
    Weights w{};
    w.fill(4);
    const auto set = [&](FaultKind kind, unsigned weight) {
        w[static_cast<std::size_t>(kind)] = weight;
    };
    set(FaultKind::kStandby, 8);
    set(FaultKind::kStopFails, 1);
    set(FaultKind::kHangs, 1);
    set(FaultKind::kStatusFails, 2);
    set(FaultKind::kStatusHangs, 2);
    set(FaultKind::kLoseDisk, 1);
    set(FaultKind::kNoGateway, 1);
    set(FaultKind::kKillAllForGood, 1);
    return w;
}

NodeId Faults::any_node() {
    return node_id(cluster_.world().prng().index(cluster_.size()));
}

NodeId Faults::other_than(NodeId n) {
    const std::size_t step = 1 + cluster_.world().prng().index(cluster_.size() - 1);
    return node_id((rank(n) + step) % cluster_.size());
}

Duration Faults::a_while() {
    const Duration d = cluster_.config().deadtime;
    return cluster_.world().prng().between(d / 10, d * 5);
}

std::size_t Faults::any_group() {
    return cluster_.world().prng().index(cluster_.config().groups.size());
}

void Faults::undo(Duration when, std::function<void()> what) {
    cluster_.world().after(when, [this, what = std::move(what)] {
        if (!ended_) what();
    });
}

void Faults::inject_any(const Weights& weights) {
    const unsigned total = std::accumulate(weights.begin(), weights.end(), 0U);
    if (total == 0) return;
    auto drawn = static_cast<unsigned>(cluster_.world().prng().below(total));
    for (std::size_t k = 0; k < weights.size(); k++) {
        if (drawn < weights[k]) {
            inject(static_cast<FaultKind>(k));
            return;
        }
        drawn -= weights[k];
    }
}

void Faults::inject(FaultKind kind) {
    switch (kind) {
        case FaultKind::kCutOneWay:
        case FaultKind::kCutPair:
        case FaultKind::kCutNode:
        case FaultKind::kCutLink:
        case FaultKind::kFlap:
            return cut(kind);
        case FaultKind::kBadLinks:
            return bad_links();
        case FaultKind::kServiceCable:
        case FaultKind::kAllCables:
        case FaultKind::kSplitAndCable:
        case FaultKind::kNoGateway:
            return cables(kind);
        case FaultKind::kPingFlaps:
        case FaultKind::kCarrierFlaps:
        case FaultKind::kServiceBlind:
        case FaultKind::kPingLost:
            return connectivity(kind);
        case FaultKind::kKillComm:
        case FaultKind::kKillMembership:
        case FaultKind::kKillResource:
        case FaultKind::kKillIpfail:
        case FaultKind::kKillAtAction:
        case FaultKind::kKillTwo:
        case FaultKind::kKillAll:
        case FaultKind::kKillAllForGood:
        case FaultKind::kKillMaster:
        case FaultKind::kKillInAChange:
            return kill(kind);
        case FaultKind::kStopStart:
        case FaultKind::kLeaveTwo:
        case FaultKind::kPowerOff:
        case FaultKind::kLoseDisk:
        case FaultKind::kFreezeProcesses:
        case FaultKind::kFreezeMachine:
        case FaultKind::kFreezeMachineAndClock:
        case FaultKind::kFreezeOne:
            return machine(kind);
        case FaultKind::kStartFails:
        case FaultKind::kStopFails:
        case FaultKind::kHangs:
        case FaultKind::kStatusFails:
        case FaultKind::kStatusHangs:
        case FaultKind::kFailsAFewTimes:
        case FaultKind::kDies:
        case FaultKind::kDiesOften:
            return agents(kind);
        case FaultKind::kKillFence:
        case FaultKind::kFenceDevicesDead:
        case FaultKind::kHumanConfirms:
            return fencing(kind);
        case FaultKind::kStandby:
        case FaultKind::kStandbyStay:
        case FaultKind::kActive:
        case FaultKind::kTakeover:
        case FaultKind::kMove:
        case FaultKind::kMoveBack:
            return wish(kind);
        case FaultKind::kMaintenance:
        case FaultKind::kMaintenanceOff:
        case FaultKind::kUpgrade:
            return maintenance(kind);
        case FaultKind::kReload:
            return reload();
        case FaultKind::kReloadGroups:
            return reload_groups();
    }
}

void Faults::reload_groups() {
    const ClusterConfig& config = cluster_.config();
    if (!config.shortest_deadtime) return;
    Node& n = cluster_.node(any_node());
    Prng& prng = cluster_.world().prng();
    std::set<GroupName> without = n.groups_missing();
    const GroupSpec& group = config.groups[any_group()];
    if (prng.chance(600))  // the next node of a rolling change
        without = cluster_.node(any_node()).groups_missing();
    else if (const GroupName name =
                 group.resources > 1 && prng.chance(600) ? removed_part(group.name) : group.name;
             without.erase(name) == 0)
        without.insert(name);
    n.write_groups(std::move(without));
    n.reload(n.timings(Kind::kComm));
}

void Faults::reload() {
    const ClusterConfig& config = cluster_.config();
    if (!config.shortest_deadtime) return;
    Prng& prng = cluster_.world().prng();
    Node& n = cluster_.node(any_node());
    const Duration to = prng.between(*config.shortest_deadtime, config.deadtime);
    const auto scaled = [&](Duration d) {
        return Duration(static_cast<Duration::rep>(static_cast<double>(d.count()) *
                                                   static_cast<double>(to.count()) /
                                                   static_cast<double>(config.deadtime.count())));
    };
    n.reload({scaled(config.keepalive), scaled(config.warntime), to, {}});
}

// ---- processes

void Faults::kill(FaultKind kind) {
    Prng& prng = cluster_.world().prng();
    Node& n = cluster_.node(any_node());
    const Duration d = cluster_.config().deadtime;
    const Duration restart = prng.between(d / 10, d * 4);
    if (kind == FaultKind::kKillComm) n.kill(Kind::kComm);
    if (kind == FaultKind::kKillMembership) n.kill(Kind::kMembership);
    if (kind == FaultKind::kKillResource) n.kill(Kind::kResource);
    if (kind == FaultKind::kKillIpfail)
        n.post(Kind::kMembership, n.life(Kind::kMembership), 100us,
               [restart](Daemon& daemon, MonoTime now) {
                   static_cast<MembershipDaemon&>(daemon).kill_ipfail(restart, now);
               });
    if (kind == FaultKind::kKillAtAction)
        n.kill_at_action(kKinds[prng.index(kKindCount)], static_cast<unsigned>(prng.below(12)));
    if (kind == FaultKind::kKillTwo) {
        n.kill(Kind::kMembership);
        n.kill(Kind::kResource);
    }
    if (kind == FaultKind::kKillAll) n.kill_all(restart);
    if (kind == FaultKind::kKillAllForGood) n.kill_all(std::nullopt);
    if (kind == FaultKind::kKillMaster) n.kill_master(restart);
    if (kind == FaultKind::kKillInAChange) kill_in_a_change(n, cluster_.world().now() + d * 4);
}

// Looks every now and then; a change is what it waits for, or what a wish brings about.
void Faults::kill_in_a_change(Node& n, WorldTime until) {
    for (std::size_t g = 0; g < cluster_.config().groups.size(); g++)
        if (n.kernel().change_under_way(g) && n.alive(Kind::kResource))
            return n.kill(Kind::kResource);
    if (cluster_.world().now() >= until) return;
    if (!cluster_.world().prng().chance(990))
        cluster_.wish(n.id(), cluster_.world().prng().chance(500) ? ipc::RequestKind::kStandby
                                                                  : ipc::RequestKind::kTakeover);
    undo(cluster_.config().deadtime / 200, [this, &n, until] { kill_in_a_change(n, until); });
}

// ---- fencing

void Faults::fencing(FaultKind kind) {
    if (!cluster_.config().fencing) return;
    World& world = cluster_.world();
    if (kind == FaultKind::kKillFence) return cluster_.fence_of(any_node()).kill();
    if (kind == FaultKind::kFenceDevicesDead) {
        world.say("fence device", "no device answers");
        cluster_.fence().set_dead(true);
        undo(a_while(), [this] { cluster_.fence().set_dead(false); });
        return;
    }
    // An admin looks, and says at every other node what he saw.
    for (std::size_t r = 0; r < cluster_.size(); r++)
        for (std::size_t by = 0; by < cluster_.size(); by++)
            if (!cluster_.node(r).powered() && cluster_.node(by).membership() != nullptr)
                cluster_.wish(node_id(by), ipc::RequestKind::kFenceConfirm, ipc::Scope::kAll, {},
                              false, node_id(r));
}

// ---- machines

void Faults::machine(FaultKind kind) {
    Prng& prng = cluster_.world().prng();
    const NodeId a = any_node();
    Node& n = cluster_.node(a);
    const Duration d = cluster_.config().deadtime;
    if (kind == FaultKind::kStopStart || kind == FaultKind::kLeaveTwo) {
        n.stop_suite();
        undo(a_while(), [&n] { n.start_suite(); });
        if (kind == FaultKind::kLeaveTwo) {
            Node& m = cluster_.node(other_than(a));
            undo(prng.between(0ms, d / 8), [&m] { m.stop_suite(); });
            undo(a_while() + d / 8, [&m] { m.start_suite(); });
        }
    } else if (kind == FaultKind::kPowerOff || kind == FaultKind::kLoseDisk) {
        n.power_off();
        undo(a_while(), [&n, kind] { n.boot(kind == FaultKind::kLoseDisk); });
    } else if (kind == FaultKind::kFreezeOne) {
        const Kind k = kKinds[prng.index(kKindCount)];
        n.freeze_one(k);
        cluster_.world().after(prng.between(d / 20, d * 3), [&n, k] { n.thaw_one(k); });
    } else {
        n.freeze(kind == FaultKind::kFreezeProcesses ? Freeze::kProcesses
                 : kind == FaultKind::kFreezeMachine ? Freeze::kMachine
                                                     : Freeze::kMachineAndClock);
        cluster_.world().after(prng.between(d / 20, d * 4), [&n] { n.thaw(); });
    }
}

// ---- agents

void Faults::agents(FaultKind kind) {
    const std::size_t group = any_group();
    Node& n = cluster_.node(any_node());
    AgentFaults& faults = n.kernel().faults(group);
    cluster_.disturbed();
    if (kind == FaultKind::kDies || kind == FaultKind::kDiesOften) {
        const std::size_t resource =
            cluster_.world().prng().index(cluster_.config().groups[group].resources);
        const int times = kind == FaultKind::kDies ? 1 : 6;
        Duration when{};
        for (int i = 0; i < times; i++) {
            undo(when, [&n, group, resource] { n.kernel().dies(group, resource); });
            when += cluster_.config().agents.monitor * 2;
        }
        return;
    }
    const GroupName& name = cluster_.config().groups[group].name;
    if (kind == FaultKind::kStartFails) {
        cluster_.world().say(n.name(), "starts of {} WILL FAIL", name);
        faults.start_fails = true;
    } else if (kind == FaultKind::kStopFails) {
        cluster_.world().say(n.name(), "stops of {} WILL FAIL", name);
        faults.stop_fails = true;
    } else if (kind == FaultKind::kStatusFails) {
        cluster_.world().say(n.name(), "statuses of {} WILL FAIL", name);
        faults.status_fails = true;
        if (cluster_.world().prng().chance(500)) faults.times = 1;
    } else if (kind == FaultKind::kStatusHangs) {
        cluster_.world().say(n.name(), "statuses of {} WILL HANG", name);
        faults.status_hangs = true;
        if (cluster_.world().prng().chance(500)) faults.times = 1;
    } else if (kind == FaultKind::kFailsAFewTimes) {
        Prng& prng = cluster_.world().prng();
        const bool start = prng.chance(500);
        faults = {.start_fails = start,
                  .stop_fails = !start,
                  .only = prng.index(cluster_.config().groups[group].resources),
                  .times = 1 + static_cast<unsigned>(prng.below(3))};
        cluster_.world().say(n.name(), "{} of resource {} of {} WILL FAIL {} times",
                             start ? "starts" : "stops", *faults.only, name, *faults.times);
        return;
    } else {
        cluster_.world().say(n.name(), "agents of {} WILL HANG", name);
        faults.hangs = true;
    }
    undo(a_while(), [this, &n, group] {
        n.kernel().faults(group) = {};
        cluster_.wish(n.id(), ipc::RequestKind::kCleanup, ipc::Scope::kGroup,
                      cluster_.config().groups[group].name);
    });
}

// ---- wishes

void Faults::wish(FaultKind kind) {
    Prng& prng = cluster_.world().prng();
    const NodeId a = any_node();
    static constexpr ipc::Scope kScopes[] = {ipc::Scope::kAll, ipc::Scope::kLocal,
                                             ipc::Scope::kForeign, ipc::Scope::kGroup};
    const ipc::Scope scope = kScopes[prng.index(4)];
    const GroupName& group = cluster_.config().groups[any_group()].name;
    if (kind == FaultKind::kStandby)
        cluster_.wish(a, ipc::RequestKind::kStandby, scope, group);
    else if (kind == FaultKind::kTakeover)
        cluster_.wish(a, ipc::RequestKind::kTakeover, scope, group);
    else if (kind == FaultKind::kMove)
        cluster_.wish(a, ipc::RequestKind::kMove, ipc::Scope::kGroup, group, false, any_node());
    else if (kind == FaultKind::kMoveBack)
        cluster_.wish(a, ipc::RequestKind::kMoveBack, scope, group);
    else if (kind == FaultKind::kActive)
        cluster_.wish(a, ipc::RequestKind::kActive);
    else {
        cluster_.wish(a, ipc::RequestKind::kStandby, ipc::Scope::kAll, {}, true);
        undo(a_while(), [this, a] { cluster_.wish(a, ipc::RequestKind::kActive); });
    }
}

void Faults::maintenance(FaultKind kind) {
    Prng& prng = cluster_.world().prng();
    const Duration d = cluster_.config().deadtime;
    const NodeId a = any_node();
    const GroupName group = cluster_.config().groups[any_group()].name;
    const ipc::Scope scope = prng.chance(600) ? ipc::Scope::kAll : ipc::Scope::kGroup;
    if (kind == FaultKind::kMaintenanceOff) {
        cluster_.wish(a, ipc::RequestKind::kMaintenanceOff, scope, group);
        return;
    }
    cluster_.wish(a, ipc::RequestKind::kMaintenanceOn, scope, group);
    Duration off = a_while();
    if (kind == FaultKind::kUpgrade) {
        Node& n = cluster_.node(any_node());
        const Duration stop = prng.chance(700) ? prng.between(d / 8, d) : prng.between(0ms, d / 8);
        const Duration start = stop + a_while();
        undo(stop, [&n] { n.stop_suite(); });
        undo(start, [&n] { n.start_suite(); });
        off = prng.chance(700) ? start + cluster_.config().initdead + d : prng.between(stop, start);
    }
    if (prng.chance(300)) return;  // forgotten, till the end
    const NodeId b = any_node();
    undo(off, [this, b, scope, group] {
        cluster_.wish(b, ipc::RequestKind::kMaintenanceOff, scope, group);
    });
}

// An admin ends it, and says of every node that is down and has nothing that it is off.
void Faults::end_maintenance() {
    for (std::size_t r = 0; r < cluster_.size(); r++) {
        cluster_.wish(node_id(r), ipc::RequestKind::kMaintenanceOff);
        Node& down = cluster_.node(r);
        const bool off = !down.powered() ||
                         (!down.suite_wanted() && !down.anything_runs() && !down.holds_anything());
        if (!off) continue;
        for (std::size_t by = 0; by < cluster_.size(); by++)
            if (by != r)
                cluster_.wish(node_id(by), ipc::RequestKind::kFenceConfirm, ipc::Scope::kAll, {},
                              false, node_id(r));
    }
}

// ---- the end

void Faults::end(bool keep_start_failures) {
    for (std::size_t r = 0; r < cluster_.size(); r++)
        cluster_.node(r).want_all_groups();
    ended_ = true;
    Prng& prng = cluster_.world().prng();
    for (std::size_t l = 0; l < cluster_.network().links(); l++)
        cluster_.network().set_quality(link_id(l), cluster_.config().link);
    cluster_.network().replay_old_frames(0);
    cluster_.service().set_quality(cluster_.config().service);
    cluster_.fence().set_dead(false);
    cluster_.repair(keep_start_failures);
    bool somebody = false;
    for (std::size_t r = 0; r < cluster_.size(); r++) {
        Node& n = cluster_.node(r);
        bool holds = false;  // a stop failed before it left: somebody has to look after it
        for (std::size_t g = 0; g < cluster_.config().groups.size(); g++)
            holds = holds || n.kernel().holds(g);
        const bool drawn = prng.chance(200);
        const bool stays_down = drawn && !holds && (somebody || r + 1 < cluster_.size());
        if (!n.powered()) {
            if (!stays_down) n.boot();
        } else if (n.suite_wanted() && !n.master_alive() && !n.anything_runs()) {
            // Killed for good, or about to be started by systemd: an admin looks after it.
            n.kernel().clean_up([&n] { n.start_suite(); });
        } else if (!n.suite_wanted() && !n.stopping() && !stays_down) {
            n.start_suite();
        }
        somebody = somebody || n.suite_wanted();
    }
    end_maintenance();
    for (const Duration later : {cluster_.config().deadtime * 3, cluster_.config().deadtime * 12})
        cluster_.world().after(later, [this] { end_maintenance(); });
    if (keep_start_failures) return;
    // Twice: what an agent is doing now may still fail.
    const auto clean_up = [this] {
        for (const GroupSpec& g : cluster_.config().groups)
            for (std::size_t r = 0; r < cluster_.size(); r++)
                cluster_.wish(node_id(r), ipc::RequestKind::kCleanup, ipc::Scope::kGroup, g.name);
    };
    clean_up();
    cluster_.world().after(cluster_.config().agents.timeout * 2, [this, clean_up] {
        clean_up();
        // It was leaving just then, and its stop failed: an admin looks after it.
        for (std::size_t r = 0; r < cluster_.size(); r++) {
            Node& n = cluster_.node(r);
            bool holds = false;
            for (std::size_t g = 0; g < cluster_.config().groups.size(); g++)
                holds = holds || n.kernel().holds(g);
            if (holds && n.powered() && !n.anything_runs() && !n.suite_wanted())
                n.kernel().clean_up([&n] { n.start_suite(); });
        }
    });
}

}  // namespace hb::sim
