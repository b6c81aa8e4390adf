// What nodes publish to each other, as values: views, reports, tables (docs/protocol.md).
//
// Only the latest value of each topic of each node matters; a receiver drops what is older than
// what it has. Codecs in proto/ turn these into bytes and refuse what is out of bounds.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ids.hpp"
#include "common/base/time.hpp"

namespace hb {

// Ordered by number, coordinator, coordinator's incarnation. One coordinator incarnation never uses
// a number twice, so the id alone names the members too.
struct ViewId {
    std::uint64_t number = 0;
    NodeId coordinator{};
    Incarnation coordinator_incarnation;
    auto operator<=>(const ViewId&) const = default;
};

struct Member {
    NodeId node{};
    Incarnation incarnation;  // of its hb-membership
    auto operator<=>(const Member&) const = default;
};

struct View {
    ViewId id;
    std::vector<Member> members;  // by rank, never empty, contains the coordinator
    [[nodiscard]] const Member* find(NodeId n) const {
        for (const Member& m : members)
            if (m.node == n) return &m;
        return nullptr;
    }
    [[nodiscard]] bool contains(NodeId n) const { return find(n) != nullptr; }
    bool operator==(const View&) const = default;
};

// Node states as Heartbeat names them.
enum class NodeStatus : std::uint8_t { kInit, kUp, kActive, kDead };

// Of a ping node: not judged yet, answers (Heartbeat's word), does not.
enum class PingState : std::uint8_t { kInit, kPing, kDead };

// Of what has to be the same on all nodes (common/config/digest.hpp). 0: not said.
struct ConfigDigests {
    std::uint64_t ha_cf = 0;
    std::uint64_t haresources = 0;
    bool operator==(const ConfigDigests&) const = default;
};
// Which files differ, of two nodes that both said.
struct ConfigDifference {
    bool ha_cf = false;
    bool haresources = false;
    [[nodiscard]] bool any() const { return ha_cf || haresources; }
    bool operator==(const ConfigDifference&) const = default;
};
[[nodiscard]] constexpr ConfigDifference difference(const ConfigDigests& a,
                                                    const ConfigDigests& b) {
    const auto differs = [](std::uint64_t x, std::uint64_t y) {
        return x != 0 && y != 0 && x != y;
    };
    return {differs(a.ha_cf, b.ha_cf), differs(a.haresources, b.haresources)};
}

// Topic `view`, by hb-membership.
struct ViewTopic {
    Incarnation incarnation;
    NodeId follows{};
    std::optional<View> accepted;
    bool installed = false;  // said by the coordinator of `accepted` only
    Duration deadtime{};     // announced; peers judge us by it
    NodeStatus status = NodeStatus::kInit;
    ConfigDigests config;
    bool operator==(const ViewTopic&) const = default;
};

enum class GroupState : std::uint8_t {
    kUnknown,
    kStopped,
    kStarting,
    kRunning,
    kStopping,
    kFailed
};

// A transition of one group: the row that began it, named alike on every node (T6). Rows that leave
// the group where it runs carry it on, also from view to view.
struct TransitionId {
    std::uint64_t view = 0;  // number of the view; 0: none known
    std::uint64_t row = 0;   // version of the row in it
    std::uint32_t mark = 0;  // of the whole view id and the group: view numbers are used again
    [[nodiscard]] explicit operator bool() const { return view != 0; }
    auto operator<=>(const TransitionId&) const = default;
};

// Maintenance of one group: one value for the whole cluster (M1). Of two, the greater is valid.
struct Maintenance {
    std::uint64_t counter = 0;  // 0: never asked for
    NodeId by{};                // where it was asked for
    bool on = false;
    auto operator<=>(const Maintenance&) const = default;
};

// That a node held a group in maintenance, and whether it still may (M4). Of two of the same node
// the greater is newer.
struct Keeper {
    std::uint64_t generation = 0;  // of that node's life
    std::uint64_t step = 0;        // counted by itself
    bool released = false;         // it let go, or is known to be off
    auto operator<=>(const Keeper&) const = default;
};

// What a node says of one group. `bar`: "never again shall I start this group under a row of this
// view with version <= bar, nor under any row of an earlier view".
struct GroupReport {
    std::uint64_t bar = 0;
    GroupState state = GroupState::kUnknown;
    bool start_failed = false;
    bool move_away = false;               // standby as Heartbeat means it: one-shot
    bool wanted = false;                  // takeover asked for here: one-shot
    bool pinned = false;                  // the owner repeats its row's pin
    std::uint64_t pinned_generation = 0;  // generation of the preferred node when it was pinned
    std::string reason;                   // why it is in this state, for people
    std::string gate_reason;  // while we own the row and the gate is closed: which rule, for people
    bool weak_evidence = false;  // started without a control on its interface (G8)
    bool given_up = false;       // with start_failed: not tried again before an admin's cleanup
    std::string trouble;         // what went wrong while it runs here, for people
    // A move asked for at this node: one-shot. `move_back`: and pinned no longer.
    std::optional<NodeId> move_to;
    bool move_back = false;
    Maintenance maintenance;
    std::map<NodeId, Keeper> keepers;
    bool no_carrier = false;  // an interface here that its addresses live on has no carrier
    // That brought it into this state here, as far as a row did, or answers it.
    TransitionId transition;
    bool operator==(const GroupReport&) const = default;
};

// Topic `report`, by hb-resource.
struct Report {
    Incarnation incarnation;     // of the hb-resource process
    std::optional<ViewId> view;  // accepted by this process; none: no view yet
    bool standby = false;        // lasting: hactl standby --stay
    bool leaving = false;
    bool isolated = false;
    // Counts gaps of the host (L5): a new value makes a new publication, for which hb-comm waits
    // before its first frame after a gap.
    std::uint64_t thaws = 0;
    bool quorum_ignored = false;  // by an admin, for this view: for our own successor
    std::string fence_trouble;    // its fence devices do not answer, for people
    // Which groups there are here, of which resources (L9). 0: what a reload took out is not gone
    // yet, or this node is older than that.
    std::uint64_t haresources = 0;
    std::map<GroupName, GroupReport> groups;
    bool operator==(const Report&) const = default;
};

// How an owner was connected when somebody wanted the group there (T4).
struct AsWanted {
    bool no_carrier = false;
    std::optional<std::uint32_t> reached;  // ping nodes; not known then: the first opinion tells
    bool operator==(const AsWanted&) const = default;
};

struct Row {
    std::uint64_t version = 0;  // counts per group within a view, from 1
    NodeId owner{};
    std::uint64_t pred = 0;  // version of the row that this one replaces, 0 in a new view
    bool pinned = false;
    std::uint64_t pinned_generation = 0;
    std::string reason;  // why it changed last
    // What T4 compares with, for the author's next life and for whoever coordinates then.
    std::optional<AsWanted> as_wanted;
    std::uint32_t reach_moves = 0;        // for hb-ipfail's sake, in a row
    std::optional<MonoTime> reach_moved;  // the newest, by the clock of the author's host
    TransitionId transition;              // that it begins, or carries on
    bool operator==(const Row&) const = default;
};

// Topic `table`, by hb-resource of the coordinator.
struct Table {
    ViewId view;
    std::map<GroupName, Row> rows;
    bool operator==(const Table&) const = default;
};

// Topic `ipfail`, by hb-ipfail.
struct PingReport {
    std::vector<std::string> reachable;  // names of the ping nodes and groups that answer
    // Those of them that are late, or came back a moment ago: a reason to keep, none to move here.
    std::vector<std::string> unsure;
    [[nodiscard]] std::size_t sure() const { return reachable.size() - unsure.size(); }
    bool operator==(const PingReport&) const = default;
};

[[nodiscard]] std::string to_string(const ConfigDifference& d);  // "ha.cf and haresources"
[[nodiscard]] const char* to_string(GroupState s);
[[nodiscard]] const char* to_string(NodeStatus s);
[[nodiscard]] const char* to_string(PingState s);  // "init", "ping", "dead"
// Of the transition that this row begins.
[[nodiscard]] TransitionId transition_id(const ViewId& view, const GroupName& group,
                                         std::uint64_t version);
[[nodiscard]] std::string to_string(const TransitionId& id);  // "8.2-9c41e0"
[[nodiscard]] std::string to_string(const ViewId& id);        // "5/node-rank/gen.respawn" for logs

}  // namespace hb
