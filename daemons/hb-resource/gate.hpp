// The takeover gate: may a group be started although some nodes are outside the view? Rules G1 to
// G11 of docs/protocol.md, as a pure function of what is known. The first rule that fails is the
// reason.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/base/cluster_state.hpp"
#include "common/base/ids.hpp"
#include "common/base/ipc/comm_resource.hpp"
#include "common/base/ipc/membership_resource.hpp"
#include "common/base/time.hpp"
#include "daemons/hb-resource/rules.hpp"

namespace hb::resource {

// Of a node's newest report, what matters for the group.
struct GateReport {
    bool leaving = false;
    std::uint64_t generation = 0;
    std::optional<GroupState> state;  // none: it does not know the group
};

// What is known of one node, in or outside the view.
struct GatePeer {
    ipc::PeerStatus status;
    std::string name;
    std::optional<GateReport> report;
    bool lease_over = true;  // our lease from it has run out
    bool fence_covered = false;
    std::string fence_text;                          // how far its fencing is, for people
    std::optional<std::uint64_t> fenced_generation;  // confirmed off
    std::optional<MonoTime> lost_since;  // neither we nor anybody whom we hear has heard it since
    bool old_heartbeat = false;  // it runs Heartbeat itself, as far as hb-comm knows
    bool keeps = false;                     // it held the group in maintenance, and may still (M4)
};

struct GateInput {
    GroupName group;
    NodeId self{};
    View view;
    std::vector<GatePeer> peers;  // every other configured node, by rank
    std::size_t nodes = 2;        // configured
    bool quorum_applies = false;
    bool quorum_ignored = false;  // by an admin, for this view
    bool ping_nodes = false;
    // Declared as evidence: the watchdog of a node with our deadtime has surely reset it this long
    // after it had to be done with letting go.
    std::optional<Duration> watchdog;
    Duration handover{};  // T of L4
    // Since when somebody listened here for whoever runs Heartbeat itself; none: long enough.
    std::optional<MonoTime> listens_since;
    std::optional<MonoTime> ping_answered;
    std::optional<MonoTime> pings_whole_since;  // ping nodes have answered without a gap since then
    std::optional<MonoTime> asked_since;        // since when we ask for all addresses of the group
    std::vector<ipc::ProbeStatus>
        probes;           // one per address of the group; carrier false: not asked yet
    Duration deadtime{};  // ours
    // What a holder may go by that vanished: ours, also the one before a reload (L8); those that
    // nodes outside the view announced count, too.
    Duration longest_deadtime{};
    MonoTime now{};
};

struct GateVerdict {
    std::string rule;           // "G8"; empty: open
    std::string reason;         // for people; empty: open
    bool weak = false;          // open, but no control was heard while the address was asked for
    std::vector<NodeId> fence;  // closed by G5, and this node may have them switched off
    [[nodiscard]] bool open() const { return rule.empty(); }
};

[[nodiscard]] GateVerdict ask_gate(const GateInput& in, const TestOnlyRulesDropped& dropped);

// G6: its last word was an orderly goodbye with the group stopped, and no newer life of it was
// heard.
[[nodiscard]] bool left_in_order(const GatePeer& peer);

}  // namespace hb::resource
