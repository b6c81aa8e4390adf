// OwnershipCore: who runs a group. Tables, reports, leases and the takeover gate: rules T1 to T13,
// G1 to G11, L1 to L7 of docs/protocol.md.
//
// It knows groups, not resources: it says StartGroup, StopGroup, AskGroup and hears GroupDone. It
// owns no socket and no clock; inputs are handled one by one, in order; actions are carried out in
// order, and a Publish stands before the action that rests on it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "common/base/cluster_state.hpp"
#include "common/base/event.hpp"
#include "common/base/group_change.hpp"
#include "common/base/ids.hpp"
#include "common/base/ip_address.hpp"
#include "common/base/ipc/comm_resource.hpp"
#include "common/base/ipc/fence_resource.hpp"
#include "common/base/ipc/membership_resource.hpp"
#include "common/base/node_set.hpp"
#include "common/base/time.hpp"
#include "daemons/hb-resource/rules.hpp"

namespace hb::resource {

struct GroupSettings {
    GroupName name;
    NodeId preferred{};
};

// What this host remembers of a group while the suite does not run on it, until it boots (M5).
struct Remembered {
    Maintenance maintenance;
    std::map<NodeId, Keeper> keepers;
    bool pinned = false;  // it ran here, under a pinned row
    std::uint64_t pinned_generation = 0;
    bool operator==(const Remembered&) const = default;
};
using Memory = std::map<GroupName, Remembered>;

struct OwnershipSettings {
    NodeId self{};
    std::vector<std::string> node_names;  // by rank
    Incarnation incarnation;              // of this hb-resource process
    std::vector<GroupSettings> groups;
    // Taken out of haresources by a reload, and perhaps still here: to be stopped.
    std::vector<GroupSettings> retired;
    std::uint64_t haresources = 0;  // fingerprint of the groups and their resources
    Duration keepalive{};
    Duration deadtime{};
    Duration warntime{};
    bool auto_failback = true;
    bool quorum = false;  // three or more nodes
    bool ping_nodes = false;
    bool ipfail = false;           // an hb-ipfail runs on each node
    Duration deadping{};           // by then every hb-ipfail has an opinion
    bool isolation_stop = true;    // L3, with ping nodes
    std::vector<NodeSet> fencing;  // by rank: for whom each node has a fence device
    Duration fence_delay{};        // of the second of two that may fence each other
    // Every node's watchdog, declared as evidence that a lost node is off (G5): so long after it
    // had to be done with letting go, a node with our deadtime has surely been reset.
    std::optional<Duration> watchdog;
    Duration handover{};       // T of L4: takers wait this much longer
    Duration start_retry{2s};  // T10: first back-off after a failed start, doubles to 60 s
    Memory memory;             // what an earlier life on this boot of the host remembered
    TestOnlyRulesDropped dropped;
};

// ---- inputs

enum class GroupAnswer : std::uint8_t {
    kRunning,  // every resource runs
    kStopped,  // nothing of it is here
    kPartial,  // only from AskGroup: some resources run
    kFailed,   // a stop failed: something may be here and cannot be removed
};
struct GroupDone {
    GroupName group;
    GroupAnswer answer{};
    bool after_start =
        false;           // the answer to StartGroup: kStopped then means "start failed, undone"
    std::string detail;  // which resource, why
    // kStopped after it had run: it failed again and again. No other try before a cleanup.
    bool worn_out = false;
};
// What came together, of each group at most one: judged and published once.
struct GroupsDone {
    std::vector<GroupDone> groups;
};
// It runs, and something was wrong with it (a resource was restarted in place).
struct GroupTrouble {
    GroupName group;
    std::string text;
};
// Addresses of a group and where they live, from the kernel's routes. Sent before the group can
// start.
struct GroupPlaces {
    GroupName group;
    std::vector<PlacedAddress> places;
    std::string problem;  // not empty: no interface for an address; the group cannot start here
};
// The interfaces that have no carrier now, of those that addresses live on. The whole truth, at
// every change.
struct NoCarrier {
    std::set<std::string> interfaces;
};
// Over which interfaces each ping node is reached from here; none: not known. The whole truth, at
// every change.
struct PingPlaces {
    std::map<std::string, std::set<std::string>> interfaces;
    bool operator==(const PingPlaces&) const = default;
};
// A fresh channel to hb-membership is there (first start, or its respawn): answered by
// ResourceHello.
struct MembershipHere {};
struct MembershipGone {};
struct CommGone {};
// This process slept longer past its own deadline than 3/4 deadtime (L5). Before anything else is
// read.
struct StoodStill {
    Duration gap{};
};
// Groups may go back by themselves now, or may not (`failback_window`). Until it is said: they may.
struct FailbackAllowed {
    bool now = true;
};
// The configuration was read again. What cannot change while it runs (nodes, quorum, handover,
// watchdog) is not looked at.
struct NewSettings {
    OwnershipSettings to;
    bool other_ping_nodes = false;
    std::map<GroupName, GroupChange> changed;  // groups that stay; only where may_change() allows
};
struct StopRequested {};  // leave the cluster (T12)
struct MasterGone {};     // the same, and nobody will respawn us
// hb-fence is there, and knows nothing of us; or is gone.
struct FenceHere {};
struct FenceGone {};

using OwnershipInput = std::variant<
    ipc::MembershipReady, ipc::ViewChanged, ipc::PeerStatus, ipc::PeerReport, ipc::PeerTable,
    ipc::PeerPing, ipc::Lease, ipc::Request, MembershipHere, MembershipGone, StoodStill,
    ipc::CommReady, ipc::Acknowledged, ipc::ProbeStatuses, ipc::AddressConflict, ipc::PingAnswered,
    ipc::CommStoodStill, ipc::OldHeartbeatHeard, CommGone, GroupDone, GroupsDone, GroupTrouble,
    FailbackAllowed, GroupPlaces, NoCarrier, PingPlaces, NewSettings, StopRequested, MasterGone,
    FenceHere, FenceGone, ipc::FenceState, ipc::FenceDeviceTrouble, ipc::FenceAnswer>;

// ---- actions

struct StartGroup {
    GroupName group;
};
struct StopGroup {  // also interrupts a start under way
    GroupName group;
};
struct AskGroup {  // what is here? (after a respawn; after cleanup)
    GroupName group;
};
struct GroupReleased {  // nothing of a retired group is here any more
    GroupName group;
};
struct CompleteGroup {  // it runs: what a reload added to it is started
    GroupName group;
};
struct ForgetRestarts {  // an admin has looked at it
    GroupName group;
};
// On: it is asked for its status, and whatever that is, it is not touched. Said before AskGroup.
struct LeaveAlone {
    GroupName group;
    bool on = false;
};
struct Remember {  // all of it, instead of what was remembered before
    Memory memory;
};
struct AnnounceGroup {  // gratuitous ARP again, for an owner that stays
    GroupName group;
};
// Nothing more will be stopped, every heard peer knows: the process may exit.
struct LeaveDone {
    bool all_stopped = true;  // false: a stop failed
};

using OwnershipAction =
    std::variant<ipc::ResourceHello, ipc::Publish, ipc::RequestAnswer, ipc::Watch, ipc::FenceWishes,
                 ipc::FenceRequest, StartGroup, StopGroup, AskGroup, GroupReleased, CompleteGroup,
                 ForgetRestarts, LeaveAlone, Remember, AnnounceGroup, LeaveDone, Event>;

class OwnershipCore {
  public:
    OwnershipCore(OwnershipSettings settings, MonoTime now);
    ~OwnershipCore();
    OwnershipCore(OwnershipCore&&) noexcept;
    OwnershipCore& operator=(OwnershipCore&&) noexcept;

    void handle(const OwnershipInput& input, MonoTime now, std::vector<OwnershipAction>& out);
    void on_deadline(MonoTime now, std::vector<OwnershipAction>& out);
    [[nodiscard]] MonoTime next_deadline() const;  // kForever: none
    // False: this node lost its majority and could not let go in time, its watchdog is to reset it.
    [[nodiscard]] bool may_feed_watchdog(MonoTime now) const;
    // That the group is in here, for events of its agents; none known: an empty one.
    [[nodiscard]] TransitionId transition(const GroupName& group) const;
    // L9. Why this group cannot be taken out of haresources, or get other resources, now; empty: it
    // can.
    [[nodiscard]] std::string may_change(const GroupName& group) const;
    // Why nothing can be added to haresources now; empty: it can. `conflict`: why it cannot as long
    // as a node has a haresources of this fingerprint.
    using Conflict = std::function<std::string(std::uint64_t haresources)>;
    [[nodiscard]] std::string may_add(const Conflict& conflict) const;
    [[nodiscard]] const Report& report() const;  // for the simulator's checkers
    [[nodiscard]] const std::optional<Table>& table() const;

    struct Impl;  // named by the files that implement it, of no use to others

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace hb::resource
