// hb-master and systemd of a simulated node: who is started when, what the disk remembers.
#include <algorithm>

#include "common/base/watchdog_times.hpp"
#include "tests/sim/cluster.hpp"
#include "tests/sim/comm_daemon.hpp"
#include "tests/sim/membership_daemon.hpp"
#include "tests/sim/node.hpp"
#include "tests/sim/resource_daemon.hpp"

namespace hb::sim {

namespace {
constexpr std::uint64_t kEpoch = 1'700'000'000;  // any day
}

std::uint64_t Node::unix_time() const {
    // In ms, so that a node that lost its disk and boots within a second has a newer generation, as
    // real machines have. Wall clocks of hosts differ by a few seconds.
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(world_.now()).count();
    return kEpoch + static_cast<std::uint64_t>(ms) + rank(id_) % 3 * 1000;
}

void Node::start_suite() {
    if (!powered_ || master_alive_ || anything_runs()) return;
    suite_wanted_ = true;
    if (disk_takes_ == Duration{} && !disk_full_) return begin_suite();
    // The generation is on disk before anything is started; without room for it nothing is, and
    // systemd tries again.
    const Duration later =
        disk_full_ ? world_.prng().between(10ms, cluster_.config().deadtime) : disk_takes_;
    world_.say(name_, "hb-master {}", disk_full_ ? "finds the disk full" : "waits for the disk");
    world_.after(later, [this, master = master_, full = disk_full_] {
        if (master != master_ || !suite_wanted_) return;
        if (full) return start_suite();
        if (powered_ && !master_alive_ && !anything_runs()) begin_suite();
    });
}

void Node::begin_suite() {
    kernel_.cancel_clean_up();
    master_alive_ = true;
    stopping_ = false;
    master_++;
    find_left_behind();
    timings_.without = file_without_;
    next_timings_.reset();
    generation_ = std::max(stored_generation_ + 1, unix_time());
    stored_generation_ = generation_;
    world_.say(name_, "hb-master starts, generation {}", generation_);
    cluster_.disturbed();
    for (Slot& s : slots_)
        s.respawns = 0;
    if (cluster_.config().watchdog && !watchdog_armed_) {
        watchdog_armed_ = true;
        watchdog_fed_ = world_.now();
        watch_over(boots_);
    }
    // A simulated suite is up in no time, so its first reports get no longer time than others.
    const Duration limit = watchdog_report_limit(cluster_.config().deadtime);
    if (cluster_.config().watchdog) watchdog_.emplace(limit, limit, local_now());
    for (Kind k : kKinds)
        respawn_later(k);
}

void Node::respawn_later(Kind k) {
    world_.after(cluster_.config().respawn.draw(world_.prng()),
                 [this, k, master = master_] { try_respawn(k, master); });
}

void Node::try_respawn(Kind k, std::uint64_t master) {
    if (master != master_ || !master_alive_ || freeze_ != Freeze::kNone || slot(k).daemon) return;
    // hb-resource comes after hb-membership.
    if (k == Kind::kResource && !slot(Kind::kMembership).daemon) {
        world_.after(1ms, [this, k, master] { try_respawn(k, master); });
        return;
    }
    spawn(k);
}

std::unique_ptr<Daemon> Node::make(Kind k) {
    switch (k) {
        case Kind::kComm:
            return std::make_unique<CommDaemon>(*this, stored_peers_);
        case Kind::kMembership:
            return std::make_unique<MembershipDaemon>(*this);
        case Kind::kResource:
            // The calls of a predecessor are gone before its successor is there (section 8).
            if (!cluster_.config().drop_world.agents_gone) kernel_.kill_calls();
            return std::make_unique<ResourceDaemon>(*this);
    }
    return nullptr;
}

void Node::spawn(Kind k) {
    Slot& s = slot(k);
    s.life++;
    s.respawns++;
    s.frozen = s.dies = false;
    s.dies_at_action.reset();
    s.armed = WorldTime::max();
    s.works_since = s.born_at = world_.now();
    s.daemon = make(k);
    world_.say(who(k), "starts, respawn count {}", s.respawns);
    cluster_.tell([&](Checker& c) { c.born(id_, k); });
    const std::uint64_t life = s.life;
    Work born = [](Daemon& d, MonoTime now) { d.born(now); };
    run_now(s, k, born);
    for (Kind other : kKinds) {
        Slot& o = slot(other);
        s.ends[index(other)] = 0;
        if (other == k || !o.daemon) continue;
        s.ends[index(other)] = o.life;
        world_.at(channel_arrival(k, other), [this, k, other, life, other_life = o.life] {
            run(
                other, other_life,
                [this, k, other, life](Daemon& d, MonoTime now) {
                    slot(other).ends[index(k)] = life;
                    d.neighbour_here(k, now);
                },
                false);
        });
        run(
            k, life, [other](Daemon& d, MonoTime now) { d.neighbour_here(other, now); }, false);
    }
    if (k == Kind::kResource && stopping_)
        post(k, life, 1ms,
             [](Daemon& d, MonoTime now) { static_cast<ResourceDaemon&>(d).stop_requested(now); });
}

void Node::kill(Kind k) {
    if (!slot(k).daemon) return;
    world_.say(who(k), "KILLED");
    cluster_.disturbed();
    die(k, true);
    if (master_alive_) respawn_later(k);
}

void Node::kill_at_action(Kind k, unsigned nth) {
    if (!slot(k).daemon) return;
    world_.say(who(k), "will be killed at its action {}", nth);
    cluster_.disturbed();
    slot(k).dies_at_action = nth;
}

void Node::die(Kind k, bool notice) {
    Slot& s = slot(k);
    if (!s.daemon) return;
    const std::uint64_t life = s.life;
    s.daemon.reset();
    s.backlog.clear();
    s.from_outside = 0;
    s.frozen = s.dies = false;
    s.dies_at_action.reset();
    cluster_.tell([&](Checker& c) { c.died(id_, k); });
    if (!notice) return;
    for (Kind other : kKinds) {
        Slot& o = slot(other);
        if (other == k || !o.daemon) continue;
        world_.at(channel_arrival(k, other), [this, k, other, life, other_life = o.life] {
            run(
                other, other_life,
                [this, k, other, life](Daemon& d, MonoTime now) {
                    if (slot(other).ends[index(k)] != life) return;
                    slot(other).ends[index(k)] = 0;
                    d.neighbour_gone(k, now);
                },
                false);
        });
    }
}

void Node::die_all() {
    for (Kind k : kKinds)
        die(k, false);
}

void Node::kill_all(std::optional<Duration> restart) {
    if (!powered_ || !anything_runs()) return;
    world_.say(name_, "KILL of everything, {}",
               restart ? fmt::format("clean-up after {} ms", to_ms(*restart)) : "no clean-up");
    cluster_.disturbed();
    master_alive_ = stopping_ = false;
    master_++;
    killed_at_ = world_.now();
    die_all();
    if (world_.prng().chance(500)) kernel_.kill_calls();
    if (restart) systemd_after(*restart);
}

void Node::kill_master(Duration restart) {
    if (!master_alive_) return;
    world_.say(name_, "KILL of hb-master");
    cluster_.disturbed();
    master_alive_ = stopping_ = false;
    master_++;
    for (Kind k : {Kind::kMembership, Kind::kResource}) {
        post(k, life(k), world_.prng().between(50us, 1ms), [k](Daemon& d, MonoTime now) {
            if (k == Kind::kMembership)
                static_cast<MembershipDaemon&>(d).masters_stop(now);
            else
                static_cast<ResourceDaemon&>(d).master_gone(now);
        });
    }
    systemd_after(restart);
}

// The unit's main process is gone: what is left is killed, then the clean-up, then a new start.
void Node::systemd_after(Duration delay) {
    world_.after(delay, [this, master = master_] {
        if (master != master_ || !powered_) return;
        if (freeze_ == Freeze::kMachine || freeze_ == Freeze::kMachineAndClock) {
            systemd_after(10ms);  // systemd stands still, too
            return;
        }
        cluster_.disturbed();
        freeze_ = Freeze::kNone;
        kernel_.set_frozen(false);
        if (anything_runs()) killed_at_ = world_.now();
        die_all();
        world_.say(name_, "systemd cleans up");
        kernel_.clean_up([this, master] {
            if (master == master_) start_suite();
        });
    });
}

void Node::stop_suite() {
    if (!master_alive_ || stopping_) return;
    world_.say(name_, "STOP");
    cluster_.disturbed_in_order();
    stopping_ = true;
    suite_wanted_ = false;
    post(Kind::kMembership, life(Kind::kMembership), world_.prng().between(50us, 1ms),
         [](Daemon& d, MonoTime now) { static_cast<MembershipDaemon&>(d).masters_stop(now); });
    post(Kind::kResource, life(Kind::kResource), world_.prng().between(50us, 1ms),
         [](Daemon& d, MonoTime now) { static_cast<ResourceDaemon&>(d).stop_requested(now); });
}

void Node::leave_done() {
    world_.after(world_.prng().between(100us, 2ms), [this, master = master_] {
        if (master != master_) return;
        world_.say(name_, "suite ends");
        die_all();
        if (!stopping_) return;  // the master is dead: systemd starts anew
        watchdog_armed_ = holds_anything(/*but_in_maintenance=*/true);
        master_alive_ = stopping_ = false;
        master_++;
    });
}

bool Node::holds_anything(bool but_in_maintenance) const {
    for (std::size_t g = 0; g < cluster_.config().groups.size(); g++)
        if (kernel_.holds(g) &&
            !(but_in_maintenance && in_maintenance(cluster_.config().groups[g].name)))
            return true;
    return false;
}

// What each daemon that works tells its master.
void Node::report_health() {
    if (!master_alive_ || freeze_ != Freeze::kNone) return;
    for (const auto& [kind, program] : {std::pair{Kind::kComm, ipc::Program::kComm},
                                       std::pair{Kind::kMembership, ipc::Program::kMembership},
                                       std::pair{Kind::kResource, ipc::Program::kResource}})
        if (works(kind))
            watchdog_->report(
                program,
                kind != Kind::kResource || resource()->may_feed_watchdog(local_now()),
                local_now());
}

// The watchdog device: resets the machine when nobody fed it for its timeout, whatever stands
// still.
void Node::watch_over(std::uint64_t boot) {
    const Duration timeout = *cluster_.config().watchdog;
    world_.after(watchdog_report_interval(cluster_.config().deadtime), [this, boot, timeout] {
        if (boot != boots_ || !powered_ || !watchdog_armed_) return;
        report_health();
        std::vector<Event> events;
        if (master_alive_ && freeze_ == Freeze::kNone && watchdog_->may_feed(local_now(), events))
            watchdog_fed_ = world_.now();
        for (const Event& event : events)
            world_.say(name_, "{}", event.text);
        if (world_.now() - watchdog_fed_ <= timeout) return watch_over(boot);
        world_.say(name_, "the watchdog RESETS the machine");
        power_off();
        world_.after(cluster_.config().deadtime * 3, [this, off = boots_] {
            if (off == boots_ && !powered_) this->boot();
        });
    });
}

void Node::remember_generation(NodeId peer, std::uint64_t generation) {
    const auto store = [this, peer, generation] {
        std::uint64_t& stored = stored_peers_[peer];
        stored = std::max(stored, generation);
    };
    if (disk_full_) return;
    if (disk_takes_ == Duration{}) return store();
    // What writes it ends with its master.
    world_.after(disk_takes_, [this, store, master = master_] {
        if (master == master_ && master_alive_ && !disk_full_) store();
    });
}

}  // namespace hb::sim
