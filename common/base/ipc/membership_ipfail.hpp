// hb-membership <-> hb-ipfail, as values. After the Hello of both, hb-ipfail publishes which ping
// nodes answer, hb-membership passes on what the peers published. No message: no opinion.
#pragma once

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
using MembershipToIpfail = std::variant<PeerPings>;

}  // namespace hb::ipc
