// PingNodes: what hb-comm last said of each ping node, for status and the log. Plain values; owns
// no clock. It outlives a life of hb-comm: what is known stands until the next one has judged.
#pragma once

#include <vector>

#include "common/base/cluster_status.hpp"
#include "common/base/event.hpp"
#include "common/base/ipc/comm_membership.hpp"
#include "common/config/settings.hpp"

namespace hb::membership {

class PingNodes {
  public:
    explicit PingNodes(const std::vector<config::PingNode>& configured);

    // Others were configured: what is known of those that stay is kept.
    void configure(const std::vector<config::PingNode>& configured);

    // `seen.node` is a configured one. Returns Heartbeat's lines for a change of state.
    std::vector<Event> see(const ipc::PingStatus& seen);
    [[nodiscard]] std::vector<PingSummary> summaries(MonoTime now) const;
    [[nodiscard]] const std::vector<ipc::PingStatus>& states() const { return states_; }
    [[nodiscard]] const std::string& name(std::size_t node) const { return names_[node]; }

  private:
    std::vector<std::string> names_;
    std::vector<ipc::PingStatus> states_;
};

}  // namespace hb::membership
