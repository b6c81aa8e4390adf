// IpfailNews: what hb-ipfail is told: what is known when it is new, then what changes. It keeps
// what hb-ipfail published last, too, which is its memory (section 2). Plain values; owns no clock.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/base/cluster_state.hpp"
#include "common/base/ids.hpp"
#include "common/base/ipc/membership_ipfail.hpp"

namespace hb::membership {

class IpfailNews {
  public:
    explicit IpfailNews(NodeId self) : self_(self) {}

    // Keeps it. True: hb-ipfail is here, and was told something else or nothing.
    [[nodiscard]] bool see(const ipc::MembershipToIpfail& message);
    void published(PingReport report) { pings_[self_] = std::move(report); }

    // A new hb-ipfail: what it published itself comes first, so that it knows what is no news.
    [[nodiscard]] std::vector<ipc::MembershipToIpfail> greet();
    // Their numbers mean others from now on.
    void forget_ping_nodes() { ping_nodes_.clear(); }
    void gone() {
        here_ = false;
        links_.clear();
    }

  private:
    bool keep(const ipc::PeerPings& m);
    bool keep(const ipc::PingSeen& m);
    bool keep(const ipc::PeerSeen& m);
    bool keep(const ipc::PeerLinkSeen& m);

    NodeId self_{};
    bool here_ = false;
    std::map<NodeId, PingReport> pings_;
    std::map<std::uint32_t, ipc::PingSeen> ping_nodes_;
    std::map<NodeId, NodeStatus> peers_;
    std::map<std::pair<NodeId, std::string>, bool> links_;  // changes only: not for a newcomer
};

}  // namespace hb::membership
