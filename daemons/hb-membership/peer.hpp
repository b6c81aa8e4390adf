// What this node knows of one other node: what it hears of it, what its newest head said, what it
// published. Plain data; Judging and Views change it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/cluster_state.hpp"
#include "common/base/frame.hpp"
#include "common/base/ids.hpp"
#include "common/base/ipc/comm_membership.hpp"
#include "common/base/ipc/membership_resource.hpp"
#include "common/base/node_set.hpp"
#include "common/base/time.hpp"

namespace hb::membership {

template <typename T>
struct Held {
    TopicVersion version;
    T value;
};

struct PeerLink {
    bool told = false;   // hb-comm has spoken of this link
    bool stale = false;  // ... but not the present hb-comm
    bool up = false;
    ipc::LinkFault fault = ipc::LinkFault::kNone;
    std::string detail;
    std::optional<MonoTime> last_heard;
    std::uint32_t flaps = 0;
    std::optional<ipc::LinkMeasured> measured;
};

struct Peer {
    NodeId node{};

    // ---- hearing (V1)
    ipc::Hearing hearing = ipc::Hearing::kNever;
    MonoTime since{};  // of `hearing`
    MonoTime last_heard = kNever;
    Duration deadtime{};           // it announced; ours until it did
    std::uint64_t generation = 0;  // newest heard
    Session session;               // of the newest frame
    bool late = false;
    bool silence_was_ours = false;  // called silent while our own hb-comm stood still
    NodeStatus status = NodeStatus::kInit;
    std::vector<PeerLink> links;  // by LinkId

    // ---- its newest fresh head
    Incarnation incarnation;  // of its hb-membership; 0.0: none yet
    MonoTime met{};           // since when this life of it is heard
    std::optional<MonoTime> last_fresh;
    // Since when no frame of it echoes our present session: it may be a recording (section 8).
    std::optional<MonoTime> unproven_since;
    bool hears_us = false;
    NodeSet hears;
    // What its session before this one heard: who was acknowledged by it may rely on that for up to
    // a deadtime (G3), though the new session has not heard anybody yet.
    NodeSet heard_before;
    MonoTime heard_before_until = kNever;
    bool nonsense_said = false;
    bool complete = false;  // everything that this head names was passed on
    // Since when every fresh frame said that it does not hear us (G2).
    std::optional<MonoTime> unheard_since;
    bool unheard_for_deadtime = false;

    // ---- what it published. `view` is of its present incarnation; the others may be of an earlier
    // one of the same generation.
    std::optional<Held<ViewTopic>> view;
    std::optional<Held<Report>> report;
    std::optional<Held<Table>> table;
    std::optional<Held<PingReport>> ping;

    ConfigDifference config_told;  // from ours, as was said last

    // ---- V3's back-off
    std::optional<MonoTime> connected_since;
    MonoTime disconnected_since{};
    bool held = false;  // not wanted until it was connected (or was away) for `hold`
    Duration hold{};    // 0: never struck
    MonoTime struck_at = kNever;

    [[nodiscard]] bool heard() const { return hearing == ipc::Hearing::kHeard; }
    [[nodiscard]] bool leaving() const { return report && report->value.leaving; }
    [[nodiscard]] bool connected() const { return heard() && hears_us && !leaving(); }
    [[nodiscard]] bool deaf() const { return heard() && unheard_for_deadtime && complete; }
    [[nodiscard]] const View* accepted() const {
        return view && view->value.accepted ? &*view->value.accepted : nullptr;
    }
    [[nodiscard]] bool follows(NodeId n) const { return view && view->value.follows == n; }
};

// By rank; our own place is there too and never used.
using Peers = std::vector<Peer>;

}  // namespace hb::membership
