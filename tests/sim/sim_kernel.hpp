// What is really there on one node: the addresses its kernel holds, the services that run, and the
// agent calls that are at work on them.
//
// Calls take their time, may fail, may hang to their deadline, and outlive the hb-resource that
// made them until hb-master kills them: until then they may still land an address.
#pragma once

#include <algorithm>
#include <functional>
#include <list>
#include <optional>
#include <vector>

#include "daemons/hb-resource/group_runner.hpp"
#include "tests/sim/cluster_config.hpp"
#include "tests/sim/world.hpp"

namespace hb::sim {

// Sticky until cleared: an administrator has to repair it.
struct AgentFaults {
    bool start_fails = false;
    bool stop_fails = false;
    bool hangs = false;
    bool status_fails = false;
    bool status_hangs = false;
    std::optional<std::size_t> only;  // this resource; none: all of the group
    std::optional<unsigned> times;    // so often, then it repairs itself; none: sticky
    [[nodiscard]] bool any() const {
        return start_fails || stop_fails || hangs || status_fails || status_hangs;
    }
};

class SimKernel {
  public:
    using Done = std::function<void(const resource::OperationDone&)>;
    // Called after every change of what is held.
    using Changed = std::function<void(std::size_t group)>;

    // What systemd's clean-up leaves alone.
    using LeftAlone = std::function<bool(std::size_t group)>;

    SimKernel(World& world, const ClusterConfig& config, std::string who, Changed changed,
              LeftAlone left_alone = {});

    // ---- what is there
    [[nodiscard]] bool up(std::size_t group, std::size_t resource) const {
        return up_.at(group).at(resource);
    }
    [[nodiscard]] bool any_up(std::size_t group) const;
    [[nodiscard]] bool all_up(std::size_t group) const;
    // The kernel answers ARP for this group's address.
    [[nodiscard]] bool address_up(std::size_t group) const;
    [[nodiscard]] bool answers_for(const IpAddress& address) const;
    // A start is at work: something may be up any moment.
    [[nodiscard]] bool start_under_way(std::size_t group) const;
    [[nodiscard]] bool call_under_way(std::size_t group) const;
    [[nodiscard]] bool change_under_way(std::size_t group) const;  // a start or a stop
    [[nodiscard]] bool holds(std::size_t group) const {
        return any_up(group) || start_under_way(group);
    }
    // When the address last came up or went down.
    [[nodiscard]] WorldTime address_changed(std::size_t group) const {
        return address_changed_.at(group);
    }

    // ---- agents
    void run(const resource::RunOperation& operation, Done done);
    void kill_calls();  // what they did stays done
    void set_frozen(bool frozen);
    AgentFaults& faults(std::size_t group) { return faults_.at(group); }
    void clear_faults(bool keep_start_failures);

    // ---- the machine
    void power_off();
    // systemd's clean-up after everything died: whole groups, right to left. Calls `then` at the
    // end.
    void clean_up(std::function<void()> then);
    void cancel_clean_up() { clean_ups_++; }  // somebody started the suite before it was done
    // Behind everybody's back.
    void dies(std::size_t group, std::size_t resource);
    void add_by_hand(std::size_t group, std::size_t resource) { set(group, resource, true); }
    void remove_by_hand(std::size_t group, std::size_t resource) { set(group, resource, false); }

    [[nodiscard]] bool any_fault() const;
    [[nodiscard]] bool faulty(std::size_t group) const { return faults_.at(group).any(); }
    // When something of it last died by itself.
    [[nodiscard]] WorldTime last_death(std::size_t group) const {
        return std::ranges::max(deaths_.at(group));
    }
    [[nodiscard]] WorldTime last_death(std::size_t group, std::size_t resource) const {
        return deaths_.at(group).at(resource);
    }
    // When a call of this group last failed or hung; what it was to do may be done much later.
    [[nodiscard]] WorldTime last_bad_call(std::size_t group) const { return bad_call_.at(group); }
    [[nodiscard]] WorldTime last_bad_status(std::size_t group) const {
        return bad_status_.at(group);
    }

  private:
    struct Call {
        std::uint64_t number;
        std::size_t group;
        std::size_t resource;
        resource::Operation operation;
        bool effective;  // the effect is still to come
        resource::OperationDone result;
        Done done;
    };
    void set(std::size_t group, std::size_t resource, bool up);
    [[nodiscard]] AgentFaults take_faults(const Call& call);
    void plan(std::uint64_t number, Duration effect, Duration end);
    void later(Duration delay, std::function<void()> what);
    Call* find(std::uint64_t number);
    void take_effect(std::uint64_t number);
    void finish(std::uint64_t number);
    void clean_up_next(std::size_t group, std::size_t resources_left, std::uint64_t number,
                       const std::function<void()>& then);

    World& world_;
    const ClusterConfig& config_;
    std::string who_;
    Changed changed_;
    LeftAlone left_alone_;
    std::vector<std::vector<bool>> up_;
    std::vector<WorldTime> address_changed_;
    std::vector<AgentFaults> faults_;
    std::vector<WorldTime> bad_call_;
    std::vector<WorldTime> bad_status_;
    std::vector<std::vector<WorldTime>> deaths_;  // as up_
    std::list<Call> calls_;
    std::uint64_t next_call_ = 1;
    std::uint64_t boot_ = 0;  // of the machine: what was planned before a power-off never happens
    std::uint64_t clean_ups_ = 0;
    bool frozen_ = false;
    std::vector<std::function<void()>> when_thawed_;
};

}  // namespace hb::sim
