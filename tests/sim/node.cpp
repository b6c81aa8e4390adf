#include "tests/sim/node.hpp"

#include <algorithm>

#include "tests/sim/cluster.hpp"
#include "tests/sim/comm_daemon.hpp"
#include "tests/sim/membership_daemon.hpp"
#include "tests/sim/resource_daemon.hpp"

namespace hb::sim {

Node::Node(Cluster& cluster, NodeId id, NodeClock clock)
    : cluster_(cluster),
      world_(cluster.world()),
      id_(id),
      name_(cluster.config().node_name(id)),
      clock_(clock),
      kernel_(
          world_, cluster.config(), name_ + " kernel",
          [this](std::size_t group) { cluster_.tell([&](Checker& c) { c.held(id_, group); }); },
          [this](std::size_t group) {
              return in_maintenance(cluster_.config().groups[group].name);
          }),
      timings_(cluster.config().timings()) {}

MonoTime Node::local_now() const {
    return clock_.local(world_.now());
}

CommDaemon* Node::comm() {
    return static_cast<CommDaemon*>(slot(Kind::kComm).daemon.get());
}
MembershipDaemon* Node::membership() {
    return static_cast<MembershipDaemon*>(slot(Kind::kMembership).daemon.get());
}
ResourceDaemon* Node::resource() {
    return static_cast<ResourceDaemon*>(slot(Kind::kResource).daemon.get());
}

bool Node::anything_runs() const {
    return std::ranges::any_of(slots_, [](const Slot& s) { return s.daemon != nullptr; });
}
bool Node::all_work() const {
    return std::ranges::all_of(slots_,
                               [](const Slot& s) { return s.daemon != nullptr && !s.frozen; });
}

// ---- the machine

void Node::power_off() {
    if (!powered_) return;
    world_.say(name_, "POWER OFF");
    cluster_.disturbed();
    powered_ = false;
    watchdog_armed_ = false;
    boots_++;
    freeze_ = Freeze::kNone;
    master_alive_ = stopping_ = suite_wanted_ = false;
    master_++;
    for (Kind k : kKinds)
        die(k, false);
    kernel_.power_off();
    memory_.clear();
    retired_.clear();
    ran_here_ = false;
    cluster_.tell([&](Checker& c) { c.powered(id_, false); });
}

void Node::boot(bool lose_disk) {
    if (powered_) return;
    if (lose_disk) {
        stored_generation_ = 0;
        stored_peers_.clear();
    }
    boot_without_suite();
    start_suite();
}

void Node::boot_without_suite() {
    if (powered_) return;
    world_.say(name_, "BOOT{}", stored_generation_ == 0 ? ", nothing on disk" : "");
    cluster_.disturbed();
    powered_ = true;
    powered_since_ = world_.now();
    cluster_.tell([&](Checker& c) { c.powered(id_, true); });
}

void Node::freeze(Freeze how) {
    if (!powered_ || freeze_ != Freeze::kNone || how == Freeze::kNone) return;
    static constexpr const char* kNames[] = {"", "SIGSTOP of all processes",
                                             "PAUSE of the machine, clock runs on",
                                             "PAUSE of the machine and its clock"};
    world_.say(name_, "{}", kNames[static_cast<std::size_t>(how)]);
    cluster_.disturbed();
    freeze_ = how;
    frozen_at_ = world_.now();
    for (Slot& s : slots_)
        s.frozen = true;
    kernel_.set_frozen(true);
}

void Node::thaw() {
    if (freeze_ == Freeze::kNone) return;
    const Duration length = world_.now() - frozen_at_;
    world_.say(name_, "THAW after {} ms", to_ms(length));
    cluster_.disturbed();
    const bool clock_stood = freeze_ == Freeze::kMachineAndClock;
    if (clock_stood) clock_.pause(length);
    freeze_ = Freeze::kNone;
    thawed_at_ = world_.now();
    cluster_.tell([&](Checker& c) { c.thawed(id_, length, clock_stood); });
    kernel_.set_frozen(false);
    for (Kind k : kKinds) {
        Slot& s = slot(k);
        if (!s.daemon) {
            if (master_alive_) respawn_later(k);
            continue;
        }
        world_.after(world_.prng().between(0us, 300us), [this, k, life = s.life] {
            if (slot(k).life == life && freeze_ == Freeze::kNone) let_run(k);
        });
    }
}

void Node::set_carrier(bool carrier) {
    carrier_ = carrier;
    cluster_.tell([&](Checker& c) { c.impaired(id_); });
    outside(Kind::kComm, [carrier](Daemon& d, MonoTime now) {
        static_cast<CommDaemon&>(d).carrier(kServiceInterface, carrier, now);
    });
    outside(Kind::kResource,
            [](Daemon& d, MonoTime now) { static_cast<ResourceDaemon&>(d).carrier(now); });
}

// ---- from the networks. Sockets hold so much and no more.

void Node::outside(Kind to, Work work) {
    constexpr std::size_t kSocketBuffer = 200;
    Slot& s = slot(to);
    if (!s.daemon) return;
    if (s.frozen) {
        if (s.from_outside >= kSocketBuffer) return;
        s.from_outside++;
    }
    run(to, s.life, std::move(work), true);
}

void Node::frame_arrived(LinkId link, const FramePtr& frame) {
    outside(Kind::kComm, [link, frame](Daemon& d, MonoTime now) {
        static_cast<CommDaemon&>(d).frame(link, frame, now);
    });
}

void Node::arp_arrived(const ArpPacket& packet) {
    if (!kernel_answers()) return;
    if (packet.request && kernel_.answers_for(packet.target) && packet.sender != packet.target) {
        cluster_.service().send(id_, {.request = false,
                                      .sender_mac = mac_of(id_),
                                      .sender = packet.target,
                                      .target = packet.sender,
                                      .to = packet.sender_mac});
    }
    outside(Kind::kComm,
            [packet](Daemon& d, MonoTime now) { static_cast<CommDaemon&>(d).arp(packet, now); });
}

void Node::pong_arrived(const Pong& pong) {
    if (!kernel_answers()) return;
    outside(Kind::kComm,
            [pong](Daemon& d, MonoTime now) { static_cast<CommDaemon&>(d).pong(pong, now); });
}

void Node::old_heartbeat_arrived(const comm::OldHeartbeat& frame) {
    if (!works(Kind::kComm)) return;
    std::deque<WorldTime>& heard = old_heard_[frame.node];
    heard.push_back(world_.now());
    if (heard.size() > 8) heard.pop_front();
    outside(Kind::kComm, [frame](Daemon& d, MonoTime now) {
        static_cast<CommDaemon&>(d).input(
            comm::OldHeartbeatSeen{.frame = frame, .link = link_id(0), .from = std::nullopt}, now);
    });
}

// ---- channels

WorldTime Node::channel_arrival(Kind from, Kind to) {
    WorldTime& last = slot(from).last_arrival[index(to)];
    last = std::max(last, world_.now() + cluster_.config().channel.draw(world_.prng()));
    return last;
}

void Node::send(Kind from, Kind to, Work work) {
    const std::uint64_t life = slot(from).ends[index(to)];
    if (life == 0) return;
    world_.at(channel_arrival(from, to), [this, to, life, work = std::move(work)]() mutable {
        run(to, life, std::move(work), false);
    });
}

void Node::post(Kind to, std::uint64_t life, Duration delay, Work work) {
    world_.after(delay, [this, to, life, work = std::move(work)]() mutable {
        run(to, life, std::move(work), false);
    });
}

// ---- running

void Node::run(Kind k, std::uint64_t life, Work work, bool outside) {
    Slot& s = slot(k);
    if (!s.daemon || s.life != life) return;
    if (s.frozen) {
        s.backlog.push_back(std::move(work));
        return;
    }
    (void)outside;
    run_now(s, k, work);
}

void Node::run_now(Slot& s, Kind k, Work& work) {
    HB_ASSERT(!s.running);
    s.running = true;
    const MonoTime now = local_now();
    wake(k, now);
    if (!s.dies && work) work(*s.daemon, now);
    s.running = false;
    if (s.dies)
        kill(k);
    else
        arm(k);
}

// Each loop compares its clock with the deadline it slept for before it reads anything (L5).
void Node::wake(Kind k, MonoTime now) {
    Daemon& daemon = *slot(k).daemon;
    for (int round = 0; !slot(k).dies; round++) {
        const MonoTime deadline = daemon.next_deadline();
        if (deadline > now) return;
        if (round == 100) {
            cluster_.violated("a core spins", who(k) + " has a deadline that never passes");
            return;
        }
        if (deadline < now) daemon.overslept(now - deadline, now);
        daemon.on_deadline(now);
    }
}

void Node::arm(Kind k) {
    Slot& s = slot(k);
    const MonoTime deadline = s.daemon->next_deadline();
    if (deadline == kForever) return;
    const WorldTime when = std::max(clock_.world(deadline), world_.now());
    if (when >= s.armed) return;
    s.armed = when;
    world_.at(when, [this, k, life = s.life, when] {
        Slot& slot_now = slot(k);
        if (slot_now.life != life || !slot_now.daemon) return;
        if (slot_now.armed == when) slot_now.armed = WorldTime::max();
        if (slot_now.frozen) return;
        Work nothing;
        run_now(slot_now, k, nothing);
    });
}

void Node::let_run(Kind k) {
    Slot& s = slot(k);
    if (!s.daemon || !s.frozen) return;
    s.frozen = false;
    s.works_since = world_.now();
    s.armed = WorldTime::max();
    std::deque<Work> backlog;
    backlog.swap(s.backlog);
    s.from_outside = 0;
    const std::uint64_t life = s.life;
    Work nothing;
    run_now(s, k, nothing);
    for (Work& work : backlog) {
        if (!s.daemon || s.life != life || s.frozen) return;
        run_now(s, k, work);
    }
}

void Node::freeze_one(Kind k) {
    if (!works(k)) return;
    world_.say(who(k), "SIGSTOP");
    cluster_.disturbed();
    slot(k).frozen = true;
}

void Node::thaw_one(Kind k) {
    if (freeze_ != Freeze::kNone || !frozen(k)) return;
    world_.say(who(k), "SIGCONT");
    cluster_.disturbed();
    cluster_.tell([&](Checker& c) { c.went_on(id_, k); });
    let_run(k);
}

bool Node::before_action(Kind k) {
    Slot& s = slot(k);
    if (s.dies) return false;
    if (!s.dies_at_action) return true;
    if (*s.dies_at_action == 0) {
        s.dies = true;
        return false;
    }
    --*s.dies_at_action;
    return true;
}

}  // namespace hb::sim
