// Faults and wishes, one by one, at random; each undoes itself after a while, or waits for the
// repair at the end of a run.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "tests/sim/cluster.hpp"

namespace hb::sim {

enum class FaultKind : std::uint8_t {
    kCutOneWay,      // heartbeats of one direction of one pair
    kCutPair,        // heartbeats of one pair, both ways
    kCutNode,        // heartbeats of one node with everybody
    kCutLink,        // one link of one node
    kFlap,           // a pair goes and comes
    kBadLinks,       // loss, delay, duplicates for a while
    kServiceCable,   // the service cable of one node, some direction
    kAllCables,      // a node off everything
    kSplitAndCable,  // heartbeats first, the service cable a moment later
    kKillComm,
    kKillMembership,
    kKillResource,
    kKillAtAction,  // in the middle of what it is doing
    kKillTwo,       // hb-membership and hb-resource
    kKillAll,       // with systemd's clean-up after a while
    kKillAllForGood,
    kKillMaster,
    kStopStart,  // orderly
    kPowerOff,
    kLoseDisk,
    kFreezeProcesses,
    kFreezeMachine,
    kFreezeMachineAndClock,
    kFreezeOne,
    kStartFails,
    kStopFails,
    kHangs,
    kStatusFails,  // of what runs
    kStatusHangs,
    kFailsAFewTimes,  // start or stop of one resource, and then it works
    kKillInAChange,   // hb-resource, while an agent starts or stops something
    kNoGateway,
    kStandby,
    kStandbyStay,
    kActive,
    kTakeover,
    kLeaveTwo,  // two nodes at once
    kMove,
    kMoveBack,
    kDies,       // a running service, or an address removed behind our back
    kDiesOften,  // ... until it is worn out
    kKillFence,
    kFenceDevicesDead,  // for a while
    kHumanConfirms,     // what is really off
    kMaintenance,
    kMaintenanceOff,
    kUpgrade,       // in maintenance the suite of one node is stopped and started
    kPingFlaps,     // a ping node comes and goes, for one node or for all
    kCarrierFlaps,  // the service cable of one node, carrier and all
    kServiceBlind,  // the service cables of all nodes, within a moment
    kKillIpfail,
    kPingLost,      // a ping node does not answer one node, for long
    kReload,        // another deadtime on one node
    kReloadGroups,  // a group comes or goes in haresources of one node
};
inline constexpr std::size_t kFaultKinds = static_cast<std::size_t>(FaultKind::kReloadGroups) + 1;

using Weights = std::array<unsigned, kFaultKinds>;
[[nodiscard]] Weights weights(std::initializer_list<std::pair<FaultKind, unsigned>> chosen);
[[nodiscard]] Weights all_weights();

// Puts faults into a cluster. Owns nothing but the plan to undo them.
class Faults {
  public:
    explicit Faults(Cluster& cluster) : cluster_(cluster) {}
    void inject(FaultKind kind);
    void inject_any(const Weights& weights);
    // Repairs what never repairs itself; afterwards nothing bad happens any more.
    void end(bool keep_start_failures = false);

  private:
    [[nodiscard]] NodeId any_node();
    [[nodiscard]] NodeId other_than(NodeId n);
    [[nodiscard]] Duration a_while();
    [[nodiscard]] std::size_t any_group();
    // At a random time from now, unless the faults ended before.
    void undo(Duration when, std::function<void()> what);
    void cut(FaultKind kind);
    void cables(FaultKind kind);
    void connectivity(FaultKind kind);
    void bad_links();
    void kill(FaultKind kind);
    void machine(FaultKind kind);
    void agents(FaultKind kind);
    void fencing(FaultKind kind);
    void wish(FaultKind kind);
    void maintenance(FaultKind kind);
    void reload();
    void reload_groups();
    void kill_in_a_change(Node& n, WorldTime until);
    void end_maintenance();

    Cluster& cluster_;
    bool ended_ = false;
};

}  // namespace hb::sim
