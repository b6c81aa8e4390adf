// One node: a machine with a kernel, a disk and cables, an hb-master that respawns its daemons, and
// ordered channels between these.
//
// Messages of one channel keep their order and take a small random time, so processes interleave. A
// dead process's channel is read to its end before its neighbours hear that it is gone (X1), and
// before anything of its successor.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "common/base/ids.hpp"
#include "daemons/hb-comm/announced_deadtimes.hpp"
#include "daemons/hb-comm/old_heartbeats.hpp"
#include "daemons/hb-master/watchdog_core.hpp"
#include "tests/sim/clock.hpp"
#include "tests/sim/cluster_config.hpp"
#include "tests/sim/daemon.hpp"
#include "tests/sim/service_net.hpp"
#include "tests/sim/sim_kernel.hpp"
#include "tests/sim/sim_network.hpp"
#include "tests/sim/world.hpp"

namespace hb::sim {

class Cluster;
class CommDaemon;
class MembershipDaemon;
class ResourceDaemon;

enum class Freeze : std::uint8_t {
    kNone,
    kProcesses,       // SIGSTOP of everything; the kernel goes on
    kMachine,         // a paused virtual machine whose clock runs on
    kMachineAndClock  // its clock stands still with it
};

class Node {
  public:
    Node(Cluster& cluster, NodeId id, NodeClock clock);

    // ---- who and what
    [[nodiscard]] NodeId id() const { return id_; }
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] Cluster& cluster() { return cluster_; }
    [[nodiscard]] SimKernel& kernel() { return kernel_; }
    [[nodiscard]] const SimKernel& kernel() const { return kernel_; }
    [[nodiscard]] MonoTime local_now() const;
    [[nodiscard]] const NodeClock& clock() const { return clock_; }
    [[nodiscard]] std::uint64_t generation() const { return generation_; }
    [[nodiscard]] std::uint64_t unix_time() const;  // of its wall clock, in ms
    [[nodiscard]] std::uint32_t respawns(Kind k) const { return slots_[index(k)].respawns; }

    // Null when dead.
    [[nodiscard]] CommDaemon* comm();
    [[nodiscard]] MembershipDaemon* membership();
    [[nodiscard]] ResourceDaemon* resource();
    [[nodiscard]] bool alive(Kind k) const { return slots_[index(k)].daemon != nullptr; }
    [[nodiscard]] bool frozen(Kind k) const { return slots_[index(k)].frozen; }
    [[nodiscard]] bool works(Kind k) const { return alive(k) && !frozen(k); }
    // When it last began to work without a break: for promise.hpp.
    [[nodiscard]] WorldTime works_since(Kind k) const { return slots_[index(k)].works_since; }
    [[nodiscard]] WorldTime born_at(Kind k) const { return slots_[index(k)].born_at; }
    [[nodiscard]] bool powered() const { return powered_; }
    [[nodiscard]] Freeze freeze_state() const { return freeze_; }
    [[nodiscard]] bool kernel_answers() const {
        return powered_ && freeze_ != Freeze::kMachine && freeze_ != Freeze::kMachineAndClock;
    }
    [[nodiscard]] bool carrier() const { return carrier_; }
    [[nodiscard]] WorldTime thawed_at() const { return thawed_at_; }
    [[nodiscard]] WorldTime killed_at() const { return killed_at_; }
    [[nodiscard]] WorldTime powered_since() const { return powered_since_; }
    [[nodiscard]] bool suite_wanted() const { return suite_wanted_; }
    [[nodiscard]] bool stopping() const { return stopping_; }
    [[nodiscard]] bool master_alive() const { return master_alive_; }
    [[nodiscard]] bool anything_runs() const;
    [[nodiscard]] bool all_work() const;
    [[nodiscard]] bool holds_anything(bool but_in_maintenance = false) const;

    // ---- the machine
    void power_off();
    void boot(bool lose_disk = false);
    void boot_without_suite();
    void freeze(Freeze how);
    void thaw();
    void set_carrier(bool carrier);  // of the service interface, seen by hb-comm
    // The disk of the state directory: a write takes so long, or there is no room for it.
    void set_disk(Duration takes) { disk_takes_ = takes; }
    void fill_disk(bool full) { disk_full_ = full; }

    // ---- the suite
    void start_suite();
    void stop_suite();  // orderly
    void kill(Kind k);
    // At the nth action from now on that this process carries out (0: the next).
    void kill_at_action(Kind k, unsigned nth);
    // Everything at once; systemd cleans up and starts anew after `restart`, or never.
    void kill_all(std::optional<Duration> restart);
    void kill_master(Duration restart);
    void freeze_one(Kind k);
    void thaw_one(Kind k);

    // ---- a reload (node_reload.cpp)
    bool reload(const Timings& to);  // false: refused
    // What haresources does not have, from the next start or reload on.
    void write_groups(std::set<GroupName> without) { file_without_ = std::move(without); }
    [[nodiscard]] const std::set<GroupName>& groups_missing() const { return file_without_; }
    // Reloads until everything is there again.
    void want_all_groups();
    void find_left_behind();  // of the haresources before, at a start
    // Taken out by reloads, and not released by hb-resource yet.
    [[nodiscard]] const std::set<GroupName>& retired() const { return retired_; }
    void released(const GroupName& group) { retired_.erase(group); }
    // With what a process is started now.
    [[nodiscard]] const Timings& timings(Kind k) const;
    void announces(Duration deadtime);  // said by hb-comm: its frames do from now on
    // The shortest that a frame announced which was sent then or later.
    [[nodiscard]] Duration shortest_since(MonoTime sent) const;

    // ---- from the networks
    void frame_arrived(LinkId link, const FramePtr& frame);
    void arp_arrived(const ArpPacket& packet);
    void pong_arrived(const Pong& pong);
    // A frame of Heartbeat itself (old_heartbeat.hpp).
    void old_heartbeat_arrived(const comm::OldHeartbeat& frame);
    // When such frames of that node came, the newest last.
    [[nodiscard]] const std::deque<WorldTime>& old_heartbeats_of(NodeId n) { return old_heard_[n]; }

    // ---- for daemons
    // Runs `work` in the neighbour when the message gets there, if the channel still leads to it.
    using Work = std::move_only_function<void(Daemon&, MonoTime now)>;
    void send(Kind from, Kind to, Work work);
    // A result for a process of its own (an agent call that ended); lost when that process died.
    void post(Kind to, std::uint64_t life, Duration delay, Work work);
    [[nodiscard]] std::uint64_t life(Kind k) const { return slots_[index(k)].life; }
    // True while the process may go on with its actions; false when it was just killed in the
    // middle of them.
    bool before_action(Kind k);
    void remember_generation(NodeId peer, std::uint64_t generation);
    void leave_done();
    // What its hb-resource remembers over lives of the suite, until the machine boots (M5).
    void remember(const resource::Memory& memory) { memory_ = memory; }
    [[nodiscard]] const resource::Memory& memory() const { return memory_; }
    [[nodiscard]] bool in_maintenance(const GroupName& group) const {
        const auto it = memory_.find(group);
        return it != memory_.end() && it->second.maintenance.on;
    }
    [[nodiscard]] std::string who(Kind k) const { return name_ + " " + to_string(k); }

  private:
    void begin_suite();
    void finish_reload(const std::array<std::uint64_t, kKindCount>& lives);
    struct Slot {
        std::unique_ptr<Daemon> daemon;
        std::uint64_t life = 0;  // never reused on this node
        std::uint32_t respawns = 0;
        bool frozen = false;
        bool running = false;  // inside a handler: deaths wait for its end
        bool dies = false;
        std::optional<unsigned> dies_at_action;
        std::deque<Work> backlog;
        std::size_t from_outside = 0;                      // of the backlog
        std::array<std::uint64_t, kKindCount> ends{};      // life the channel leads to, 0: none
        std::array<WorldTime, kKindCount> last_arrival{};  // of messages to each neighbour
        WorldTime armed = WorldTime::max();
        WorldTime works_since{};
        WorldTime born_at{};
    };
    [[nodiscard]] Slot& slot(Kind k) { return slots_[index(k)]; }
    void spawn(Kind k);
    void respawn_later(Kind k);
    void try_respawn(Kind k, std::uint64_t master);
    std::unique_ptr<Daemon> make(Kind k);
    void run(Kind k, std::uint64_t life, Work work, bool outside);
    void run_now(Slot& s, Kind k, Work& work);
    void wake(Kind k, MonoTime now);
    void arm(Kind k);
    void die(Kind k, bool notice);
    void die_all();
    void let_run(Kind k);
    void outside(Kind to, Work work);
    [[nodiscard]] WorldTime channel_arrival(Kind from, Kind to);
    void systemd_after(Duration delay);
    void watch_over(std::uint64_t boot);
    void report_health();

    Cluster& cluster_;
    World& world_;
    NodeId id_;
    std::string name_;
    NodeClock clock_;
    SimKernel kernel_;
    std::array<Slot, kKindCount> slots_;

    bool powered_ = false;
    std::uint64_t boots_ = 0;
    std::optional<master::WatchdogCore> watchdog_;  // of the present hb-master
    bool watchdog_armed_ = false;
    WorldTime watchdog_fed_{};
    WorldTime powered_since_{};
    Freeze freeze_ = Freeze::kNone;
    WorldTime frozen_at_{};
    bool carrier_ = true;  // of the service interface
    WorldTime thawed_at_ = -std::chrono::hours(1);
    WorldTime killed_at_ = -std::chrono::hours(1);

    Timings timings_;  // in force
    std::optional<Timings> next_timings_;
    std::set<GroupName> file_without_;
    bool ran_here_ = false;  // the suite, since the boot
    std::set<GroupName> retired_;
    bool resource_adopted_ = false;
    std::optional<comm::AnnouncedDeadtimes> announced_;

    // hb-master and what is on disk.
    bool master_alive_ = false;
    bool stopping_ = false;
    bool suite_wanted_ = false;  // systemd's view: it should run
    std::uint64_t master_ = 0;   // counts masters: what an old one planned never happens
    std::uint64_t generation_ = 0;
    bool disk_full_ = false;
    Duration disk_takes_{};
    std::uint64_t stored_generation_ = 0;
    std::map<NodeId, std::uint64_t> stored_peers_;
    resource::Memory memory_;
    std::map<NodeId, std::deque<WorldTime>> old_heard_;
};

}  // namespace hb::sim
