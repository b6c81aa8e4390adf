// A simulated hb-resource: OwnershipCore, one GroupRunner per group, and the agents they call.
//
// It keeps a copy of what it was told (Seen), in which checkers look up whether a start was allowed
// without asking the core under test.
#pragma once

#include <map>

#include "daemons/hb-resource/group_runner.hpp"
#include "daemons/hb-resource/ownership_core.hpp"
#include "tests/sim/daemon.hpp"
#include "tests/sim/node.hpp"

namespace hb::sim {

struct Seen {
    std::optional<View> view;
    std::map<NodeId, Report> reports;
    std::map<NodeId, Table> tables;
    std::map<NodeId, ipc::PeerStatus> status;
    std::map<NodeId, MonoTime> lease_sent;     // behind view and report (T9.3)
    std::map<NodeId, MonoTime> straight_sent;  // from hb-comm (L2, L3)
    std::optional<MonoTime> ping_answered;
    std::optional<WorldTime> asked_at;  // here, any request, the newest
    std::optional<WorldTime> takeover_asked;
    std::optional<WorldTime> standby_asked;
    std::optional<WorldTime> move_asked;
    bool membership_there = false;  // MembershipReady came: what is published leaves at once
};

class ResourceDaemon final : public Daemon {
  public:
    explicit ResourceDaemon(Node& node);

    void born(MonoTime now) override;
    // False: not as things are now.
    [[nodiscard]] bool adopt(const Timings& to, MonoTime now);
    [[nodiscard]] bool can_have(const std::set<GroupName>& without) const;
    void on_deadline(MonoTime now) override;
    [[nodiscard]] MonoTime next_deadline() const override;
    void overslept(Duration gap, MonoTime now) override;
    void neighbour_here(Kind who, MonoTime now) override;
    void neighbour_gone(Kind who, MonoTime now) override;

    void from_membership(const ipc::MembershipToResource& message, MonoTime now);
    void from_comm(const ipc::CommToResource& message, MonoTime now);
    void stop_requested(MonoTime now) { input(resource::StopRequested{}, now); }
    void master_gone(MonoTime now) { input(resource::MasterGone{}, now); }
    void carrier(MonoTime now);  // of the service interface, as the node has it now
    void input(const resource::OwnershipInput& in, MonoTime now);

    [[nodiscard]] bool may_feed_watchdog(MonoTime now) const {
        return core_.may_feed_watchdog(now);
    }

    // What it published last; before that, nothing.
    [[nodiscard]] const std::optional<Report>& published() const { return published_; }
    [[nodiscard]] const std::optional<Table>& published_table() const { return table_; }
    [[nodiscard]] const Seen& seen() const { return seen_; }
    [[nodiscard]] const std::optional<ipc::Watch>& watch() const { return watch_; }  // newest sent
    [[nodiscard]] GroupState state(const GroupName& group) const;

  private:
    static resource::OwnershipSettings settings(Node& node);
    resource::GroupRunner& runner(const GroupName& group);
    [[nodiscard]] resource::RunnerSettings runner_settings(const GroupSpec& g) const;
    [[nodiscard]] resource::RunnerSettings part_settings(const GroupSpec& g) const;
    void regroup(const std::set<GroupName>& without, MonoTime now);
    // What a call is for: a removed part is the last resource of its group.
    [[nodiscard]] resource::RunOperation as_called(const resource::RunOperation& run) const;
    void carry_out(MonoTime now);
    void carry_out_runner(const GroupName& group, MonoTime now);
    void tell_results(MonoTime now);
    void look_at_places(MonoTime now);
    void note(const ipc::MembershipToResource& message);
    void trace_report(const Report& before, const Report& now);

    void act(const ipc::ResourceHello& a, MonoTime now);
    void act(const ipc::Publish& a, MonoTime now);
    void act(const ipc::RequestAnswer& a, MonoTime now);
    void act(const ipc::Watch& a, MonoTime now);
    void act(const ipc::FenceWishes& a, MonoTime now);
    void act(const ipc::FenceRequest& a, MonoTime now);
    void act(const resource::StartGroup& a, MonoTime now);
    void act(const resource::StopGroup& a, MonoTime now);
    void act(const resource::AskGroup& a, MonoTime now);
    void act(const resource::GroupReleased& a, MonoTime now);
    void act(const resource::CompleteGroup& a, MonoTime now);
    void act(const resource::ForgetRestarts& a, MonoTime now);
    void act(const resource::LeaveAlone& a, MonoTime now);
    void act(const resource::Remember& a, MonoTime now);
    void act(const resource::AnnounceGroup& a, MonoTime now);
    void act(const resource::LeaveDone& a, MonoTime now);
    void act(const Event& a, MonoTime now);

    Node& node_;
    resource::OwnershipCore core_;
    std::set<GroupName> without_;
    std::map<GroupName, resource::GroupRunner> runners_;  // of groups and of removed parts
    std::vector<resource::OwnershipAction> out_;
    std::vector<resource::RunnerAction> runner_out_;
    std::vector<resource::GroupDone> results_;  // of groups, to be told together
    Duration deadtime_;
    Duration gap_deadtime_;  // what a gap is judged by
    MonoTime gap_settles_ = kForever;
    MonoTime woke_{};
    bool looked_ = false;  // the kernel said where everything is
    std::optional<Report> published_;
    std::optional<Table> table_;
    std::optional<ipc::Watch> watch_;
    Seen seen_;
};

}  // namespace hb::sim
