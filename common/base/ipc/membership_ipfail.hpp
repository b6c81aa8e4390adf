// hb-membership <-> hb-ipfail, as values. After the Hello of both hb-membership tells what it knows
// and then what changes: which ping nodes answer, what the peers published, how the peers are. What
// hb-ipfail itself published last comes first (PeerPings of this node). hb-ipfail publishes; what
// it said stands until it says something else, over its death too. No message ever: no opinion.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "common/base/cluster_state.hpp"
#include "common/base/ids.hpp"

namespace hb::ipc {

// ---- hb-ipfail to hb-membership

struct IpfailPublish {
    PingReport ping;
    bool operator==(const IpfailPublish&) const = default;
};
using IpfailToMembership = std::variant<IpfailPublish>;

// ---- hb-membership to hb-ipfail

struct PeerPings {
    NodeId peer{};
    PingReport ping;
    bool operator==(const PeerPings&) const = default;
};
// What this node knows of a ping node.
struct PingSeen {
    std::uint32_t node = 0;  // place in Settings.pings
    PingState state = PingState::kInit;
    bool late = false;
    bool operator==(const PingSeen&) const = default;
};
struct PeerSeen {
    NodeId peer{};
    NodeStatus status = NodeStatus::kInit;
    bool operator==(const PeerSeen&) const = default;
};
struct PeerLinkSeen {  // changes only
    NodeId peer{};
    std::string link;
    bool up = false;
    bool operator==(const PeerLinkSeen&) const = default;
};
using MembershipToIpfail = std::variant<PeerPings, PingSeen, PeerSeen, PeerLinkSeen>;

}  // namespace hb::ipc
