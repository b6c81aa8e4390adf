// hb-membership <-> hb-resource, as values. hb-resource acts on each message in order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/cluster_state.hpp"
#include "common/base/fence_record.hpp"
#include "common/base/ids.hpp"
#include "common/base/node_set.hpp"
#include "common/base/time.hpp"

namespace hb::ipc {

// ---- hb-membership to hb-resource

// First message of a channel. Carries what hb-resource published last through this hb-membership:
// its memory across its own respawn (bar, flags, table). Followed by the view and all peers' state.
struct MembershipReady {
    Incarnation incarnation;
    std::optional<Report> own_report;
    std::optional<Table> own_table;
    bool operator==(const MembershipReady&) const = default;
};

// hb-membership accepted this view, or (same id) called it installed.
struct ViewChanged {
    View view;
    bool installed = false;  // true only on the coordinator of the view
    bool operator==(const ViewChanged&) const = default;
};

enum class Hearing : std::uint8_t { kNever, kHeard, kSilent };

// What the gate must know of a node (G1 to G6). Sent at every change.
struct PeerStatus {
    NodeId peer{};
    Hearing hearing = Hearing::kNever;
    MonoTime since{};       // of `hearing`
    MonoTime last_heard{};  // newest good frame; kNever if none
    // No good frame for warntime, or for 3/5 of its deadtime: time to begin asking the network
    // about its addresses (section 7). False again at its next frame.
    bool late = false;
    bool judged = false;     // V1
    bool connected = false;  // we hear each other and it is not leaving
    bool hears_us = false;   // its newest head says so
    // "deaf": its frames kept arriving for our deadtime, saying that it does not hear us (G2).
    bool deaf = false;
    NodeSet hears;                 // whom its newest head hears
    std::optional<View> accepted;  // its accepted view
    Duration deadtime{};           // it announced
    std::uint64_t generation = 0;  // newest heard
    // Newest heard of its hb-membership; 0.0: none yet. A report that came with an older one is
    // that of an earlier life (G6).
    Incarnation incarnation;
    bool operator==(const PeerStatus&) const = default;
};

struct PeerReport {
    NodeId peer{};
    Report report;
    bool operator==(const PeerReport&) const = default;
};

struct PeerTable {
    NodeId peer{};
    Table table;
    bool operator==(const PeerTable&) const = default;
};

struct PeerPing {
    NodeId peer{};
    PingReport ping;
    bool operator==(const PeerPing&) const = default;
};

// The peer acknowledged our frame sent at `sent`, and every topic that its frame named has been
// passed on before this message (T9.3).
struct Lease {
    NodeId peer{};
    MonoTime sent{};
    Duration deadtime{};  // the shortest that we announced in it or later (L1); 0: not said
    bool operator==(const Lease&) const = default;
};

enum class RequestKind : std::uint8_t {
    kStandby = 1,   // give groups away once (move-away); with `stay`: until kActive
    kActive,        // ends a lasting standby
    kTakeover,      // ask for groups of others
    kCleanup,       // ask agents again after a failed stop or start
    kQuorumIgnore,  // until the next view
    kMove,          // groups to `target`, pinned there
    kMoveBack,      // to their preferred nodes, pinned no longer
    kFence,         // switch `target` off; with `force` even if it is heard
    kFenceConfirm,  // a human says that `target` is off
    kFenceTest,     // ask the fence devices of `target` for its status
    kFenceHistory,
    kMaintenanceOn,  // groups are left alone, on all nodes
    kMaintenanceOff,
};
enum class Scope : std::uint8_t { kAll = 1, kLocal, kForeign, kGroup };

// From an admin's tool. Answered by RequestAnswer with the same id.
struct Request {
    std::uint64_t id = 0;
    RequestKind kind{};
    Scope scope = Scope::kAll;
    GroupName group;  // for kGroup
    bool stay = false;
    std::optional<NodeId> target;  // for kMove and the first three of fencing
    bool force = false;            // for kFence
    std::string who;               // "root (pid 812)", for the log
    bool operator==(const Request&) const = default;
};

// The request of another node's admin tool that concerns us, carried by that node's report, is not
// a message: wishes are state (move_away, standby).

using MembershipToResource = std::variant<MembershipReady, ViewChanged, PeerStatus, PeerReport,
                                          PeerTable, PeerPing, Lease, Request>;

// ---- hb-resource to hb-membership

// First message. If hb-membership is the newcomer, these are its memory of what we published.
struct ResourceHello {
    Incarnation incarnation;
    // Absent when this process has published nothing yet (it will take over its predecessor's).
    std::optional<Report> report;
    std::optional<Table> table;
    bool operator==(const ResourceHello&) const = default;
};

// What changed travels in one frame.
struct Publish {
    std::optional<Report> report;
    std::optional<Table> table;
    std::optional<MonoTime> answers_gap;  // CommStoodStill.noticed of the newest gap known
    bool operator==(const Publish&) const = default;
};

struct RequestAnswer {
    std::uint64_t id = 0;
    bool ok = false;
    std::string text;                  // what will happen, or why not
    std::vector<FenceRecord> history;  // for kFenceHistory, newest first
    bool operator==(const RequestAnswer&) const = default;
};

using ResourceToMembership = std::variant<ResourceHello, Publish, RequestAnswer>;

}  // namespace hb::ipc
