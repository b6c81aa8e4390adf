// GroupAgents: the groups of this node with all that runs them: one GroupRunner each, the address
// service, the script agent. Shared by the daemon and by `hb-resource --release-all`.
//
// Starts and stops of any number of groups go on side by side. on_done is never called inside
// start(), stop() or ask(); everything else may be called inside a callback.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "common/base/event.hpp"
#include "common/base/ids.hpp"
#include "common/base/result.hpp"
#include "common/config/find_agent.hpp"
#include "common/config/regroup.hpp"
#include "common/config/settings.hpp"
#include "common/runtime/event_loop.hpp"
#include "common/runtime/events.hpp"
#include "daemons/hb-resource/address_service.hpp"
#include "daemons/hb-resource/group_runner.hpp"
#include "daemons/hb-resource/mount_watch.hpp"
#include "daemons/hb-resource/ownership_core.hpp"
#include "daemons/hb-resource/ping_ways.hpp"
#include "daemons/hb-resource/script_agent.hpp"
#include "daemons/hb-resource/unit_agent.hpp"

namespace hb::resource {

class GroupAgents {
  public:
    struct Spec {
        NodeId self{};
        std::string config_dir;
        config::AgentDirectories directories;
        std::string cgroup_tree;             // empty: none
        std::vector<config::Group> retired;  // besides those of the settings
        RunnerSettings limits;               // its deadlines and retries, for every group
    };
    struct Callbacks {
        // Never empty; of each group one. What came together, or soon after what was told last, is
        // told together: whoever publishes what came of it does so a few times for two hundred
        // groups, not two hundred times.
        std::move_only_function<void(const std::vector<RunnerDone>&) noexcept> on_done;
        std::move_only_function<void(const RunnerTrouble&) noexcept> on_trouble;
        std::move_only_function<void(const Event&) noexcept> on_event;
        // Where a group's addresses are or would be. For every group once the kernel's table is
        // complete, then at changes.
        std::move_only_function<void(const GroupPlaces&) noexcept> on_places;
        // All interfaces without carrier of those that the groups' addresses live on: at the first
        // look and at every change, at once. May be empty.
        std::move_only_function<void(const NoCarrier&) noexcept> on_no_carrier;
        // If there are ping nodes: at the first look and at every change.
        std::move_only_function<void(const PingPlaces&) noexcept> on_ping_places;
        std::move_only_function<bool(pid_t group, std::uint32_t cgroup) noexcept> call_started;
        std::move_only_function<void(pid_t group) noexcept> call_finished;
    };
    [[nodiscard]] static Result<std::unique_ptr<GroupAgents>> open(runtime::EventLoop& loop,
                                                                   const config::Settings& settings,
                                                                   const Spec& spec,
                                                                   Callbacks callbacks);
    ~GroupAgents();
    GroupAgents(const GroupAgents&) = delete;
    GroupAgents& operator=(const GroupAgents&) = delete;

    // Nothing of it is being started, stopped or asked, and what came of that was told: it can be
    // given other resources.
    [[nodiscard]] bool is_idle(const GroupName& group) const;
    // The configuration was read again: groups and resources that come and go, before anything is
    // asked of them. What is `retired` is still there, as it was; what a group that runs has got is
    // started by complete().
    void regroup(const config::Settings& settings, const config::Regrouping& change);
    void complete(const GroupName& group);
    // It was retired, and nothing of it is here: its addresses live nowhere any more.
    void release(const GroupName& group);
    // The configuration was read again: times, counts and the environment of what there is.
    void configure(const config::Settings& settings, bool other_ping_nodes);

    void start(const GroupName& group);
    void stop(const GroupName& group);
    void ask(const GroupName& group);
    void announce(const GroupName& group);
    // Maintenance: asked for its status, and not touched.
    void leave_alone(const GroupName& group, bool on);
    // Earlier restarts in place count no more: an admin has looked at it.
    void forget_restarts(const GroupName& group);

  private:
    struct Resource {
        config::Resource written;
        config::AddressSpec address;
        bool is_address = false;
        std::string mount_point;          // of a file system
        std::optional<IpAddress> source;  // of IPsrcaddr
        bool was_source = false;          // a route has it, as far as is known
        std::uint64_t source_losses = 0;  // of routes that had it, as last seen
    };
    struct Group {
        std::vector<Resource> resources;
        std::unique_ptr<GroupRunner> runner;
        GroupPlaces places;
        bool places_told = false;
        bool released = false;           // it is retired, and gone
        GroupName whole;                 // of a removed part: whose it was
        std::set<std::string> lives_on;  // interfaces; of an address without a place the last known
    };
    using News = std::variant<RunnerDone, RunnerTrouble>;
    struct Caller {  // of an operation under way
        GroupName group;
        std::uint64_t id = 0;
    };

    GroupAgents(runtime::EventLoop& loop, const config::Settings& settings, const Spec& spec,
                Callbacks callbacks);
    [[nodiscard]] RunnerSettings runner_settings(const config::Settings& settings,
                                                 const config::Group& group) const;
    [[nodiscard]] std::vector<Resource> make_resources(const config::Group& group) const;
    void add(const config::Settings& settings, const config::Group& group,
             std::vector<Resource> resources, const GroupName& whole = {});
    void change(const config::Settings& settings, const config::Group& to,
                const config::Group* part);
    void carry_out(std::vector<RunnerAction>& actions);
    void keep_running(const GroupName& group);
    void run(const RunOperation& operation);
    void run_script(std::uint64_t id, const RunOperation& operation,
                    const config::FoundAgent& agent, const Resource& resource);
    void cancel(const CancelOperation& cancelled);
    void answer(OperationDone done);
    void work() noexcept;
    void tell() noexcept;
    [[nodiscard]] std::vector<RunnerDone> next_results();
    void wake_runners() noexcept;
    void arm_timer();
    void look_at_places() noexcept;
    [[nodiscard]] Result<void> watch_mounts();
    void mount_changed(const std::string& directory) noexcept;
    void look_at_sources();
    void look_at_carrier();
    [[nodiscard]] GroupPlaces places_of(const GroupName& name, const Group& group) const;

    runtime::EventLoop& loop_;
    Callbacks callbacks_;
    Spec spec_;
    config::AgentDirectories directories_;
    std::map<GroupName, Group> groups_;
    std::map<std::uint64_t, Caller> callers_;
    std::uint64_t next_id_ = 1;
    std::vector<OperationDone> answers_;  // with our ids, not given to runners yet
    std::deque<News> results_;            // not told yet
    ScriptAgent scripts_;
    UnitAgent units_;
    std::unique_ptr<AddressService> addresses_;
    std::unique_ptr<MountWatch> mounts_;  // null: there are no file systems
    std::set<std::string> mount_points_;  // that it watches
    std::set<std::string> no_carrier_;    // as told
    std::uint64_t links_seen_ = 0;        // for that
    PingWays ping_ways_;
    runtime::Defer work_;
    MonoTime told_at_ = kNever;
    runtime::Timer tell_timer_;
    runtime::Timer runner_timer_;
    runtime::Timer places_timer_;
};

}  // namespace hb::resource
