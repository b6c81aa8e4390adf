// ResourceDaemon: hb-resource's shell. It brings messages, agents' answers, places and time to the
// OwnershipCore, one by one and in order, and carries out what the core says in order: a Publish
// has left before the agent call that rests on it. It decides nothing.
//
// Bad input: a message that does not decode gets its sender respawned.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "common/base/ipc/master.hpp"
#include "common/log/backlog.hpp"
#include "common/runtime/events.hpp"
#include "daemons/hb-resource/group_agents.hpp"
#include "daemons/hb-resource/known_groups.hpp"
#include "daemons/hb-resource/ownership_core.hpp"
#include "daemons/skeleton/daemon_main.hpp"

namespace hb::resource {

class ResourceDaemon final : public skeleton::Daemon {
  public:
    ResourceDaemon(skeleton::Host& host, const ipc::Setup& setup);  // throws std::runtime_error

    void on_neighbour(ipc::Program neighbour) noexcept override;
    void on_message(ipc::Program from, std::string_view bytes) noexcept override;
    void on_neighbour_gone(ipc::Program neighbour) noexcept override;
    void on_gap(Duration gap) noexcept override;
    [[nodiscard]] bool is_well() noexcept override;
    [[nodiscard]] std::string prepare_settings(const ipc::Setup& fresh) noexcept override;
    void adopt_settings(const ipc::Setup& before) noexcept override;
    void on_stop(skeleton::Host& host) noexcept override;
    void on_master_gone(skeleton::Host& host) noexcept override;

  private:
    // Why the groups cannot be changed so now; empty: they can.
    [[nodiscard]] std::string may_regroup(const config::Regrouping& change) const;
    void write_groups();
    void forget_groups(const LeaveDone& left);
    template <typename Message>
    void take(ipc::Program from, Result<Message> message);
    void give(OwnershipInput input);
    void deadline();
    void look_at_the_clock();
    void act(std::vector<OwnershipAction> actions);
    void carry_out(const OwnershipAction& action);
    void remember(const Remember& m);
    void say(Event event);

    skeleton::Host& host_;
    const ipc::Setup& setup_;
    log::Backlog log_;
    std::string run_dir_;
    std::vector<std::string> node_names_;
    KnownGroups known_;
    OwnershipCore core_;
    std::deque<OwnershipInput> inputs_;
    bool busy_ = false;  // with the core: what comes meanwhile waits its turn
    std::unique_ptr<GroupAgents> agents_;
    runtime::Timer timer_;
    std::vector<config::FailbackWindow> failback_windows_;
    std::optional<bool> failback_now_;
    runtime::Timer clock_;  // looks at the wall clock: it may be set at any time
};

}  // namespace hb::resource
