// The state of the cluster as people and scripts read it: every group with its owner, its state and
// the reason. Composed in one place, by hb-membership of the node that was asked, from what it
// knows; hactl only prints it. Pure functions of their arguments.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/cluster_state.hpp"
#include "common/base/ids.hpp"
#include "common/base/ipc/comm_membership.hpp"
#include "common/base/status_view.hpp"
#include "common/base/time.hpp"

namespace hb {

// One link to a peer.
struct LinkStatus {
    std::string name;  // "eth1"
    bool up = false;
    ipc::LinkFault fault = ipc::LinkFault::kNone;
    std::string detail;                 // for people, may be empty
    std::optional<Duration> heard_ago;  // while nothing is heard; none: never heard on it
    // Figures, about a second old.
    std::optional<Duration> newest_ago;       // since anything came on it
    std::optional<Duration> round_trip;       // smoothed
    std::uint32_t judged = 0;                 // of the peer's newest frames, so many are judged,
    std::uint32_t lost = 0;                   // and so many of them did not come on it
    std::optional<std::uint32_t> lost_there;  // of ours, in percent, says the peer
    std::uint32_t flaps = 0;                  // so often it died lately
    bool operator==(const LinkStatus&) const = default;
};

struct NodeSummary {
    std::string name;
    NodeStatus status = NodeStatus::kInit;
    bool in_view = false;
    bool standby = false;  // lasting
    bool leaving = false;
    bool isolated = false;
    std::optional<Duration> heard_ago;
    std::vector<LinkStatus> links;
    std::string fence_trouble;  // what is wrong with the fence devices that it uses
    ConfigDifference config_differs;  // from that of the node that was asked
    bool operator==(const NodeSummary&) const = default;
};

// A ping node, as the node that was asked sees it.
struct PingSummary {
    std::string name;
    PingState status = PingState::kInit;
    bool late = false;
    std::optional<Duration> answered_ago;  // since the newest request that was answered was sent
    std::optional<Duration> round_trip;
    std::uint32_t asked = 0;  // of so many of the newest requests
    std::uint32_t lost = 0;   // so many got no answer
    std::string detail;       // for people, may be empty
    bool operator==(const PingSummary&) const = default;
};

struct GroupSummary {
    GroupName name;
    NodeId preferred{};
    // Who runs it or, when nobody does, who is to run it. None: nobody, or it cannot be known.
    std::optional<NodeId> owner;
    // On the owner; kStopped: no node that is heard runs it; kUnknown: it cannot be known.
    GroupState state = GroupState::kUnknown;
    std::string reason;                    // why it is where it is, or why it is not started
    std::optional<Duration> age;           // since owner or state changed, as seen from this node
    std::map<NodeId, GroupState> by_node;  // what nodes that are heard report
    bool maintenance = false;              // left alone, by the newest word that is heard
    // Every member of the view has that word, and knows who keeps the group.
    bool maintenance_known = false;
    TransitionId transition;  // that it is in; none known: an empty one
    bool operator==(const GroupSummary&) const = default;
};

// The majority rule, as the node that was asked sees it: no group is started where fewer nodes than
// `needed` are in the view, unless an admin said so for this view ("hactl quorum ignore").
struct QuorumSummary {
    std::uint32_t present = 0;  // in the view; 0: in no view
    std::uint32_t needed = 0;
    bool ignored = false;
    [[nodiscard]] bool held() const { return present >= needed; }
    bool operator==(const QuorumSummary&) const = default;
};

struct ClusterStatus {
    NodeId self{};
    std::vector<NodeSummary> nodes;    // by rank
    std::vector<GroupSummary> groups;  // in the order of haresources
    std::optional<ViewId> view;        // accepted by this node
    bool installed = false;
    std::vector<PingSummary> pings;       // in the order of ha.cf
    std::optional<QuorumSummary> quorum;  // none: the rule does not apply
    bool operator==(const ClusterStatus&) const = default;
};

struct ConfiguredGroup {
    GroupName name;
    NodeId preferred{};
};

// `groups` in the order of haresources. `age` of the groups stays empty (StatusAges).
[[nodiscard]] ClusterStatus compose_status(const StatusView& view,
                                           const std::vector<ConfiguredGroup>& groups,
                                           MonoTime now);

// For clusters to which the rule applies.
[[nodiscard]] QuorumSummary quorum_in(const StatusView& view);

// Do they differ in anything but ages? (Is there something to tell those who watch?)
[[nodiscard]] bool differ(const ClusterStatus& a, const ClusterStatus& b);

// Remembers since when each group is where it is. To be shown every status composed after a change.
class StatusAges {
  public:
    void fill(ClusterStatus& status, MonoTime now);

  private:
    struct Seen {
        std::optional<NodeId> owner;
        GroupState state{};
        MonoTime since{};
    };
    std::map<GroupName, Seen> seen_;
};

}  // namespace hb
