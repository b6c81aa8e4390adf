// S1, S2, S3: nobody begins to start a group while another node holds it, wherever the rules
// promise so (promise.hpp). Asked at every start; a hold is an address or service that is up, or a
// start under way, also by the agent of a dead hb-resource.
#pragma once

#include "tests/sim/checkers/checker.hpp"
#include "tests/sim/checkers/maintenance_checker.hpp"
#include "tests/sim/world.hpp"

namespace hb::sim {

class Cluster;

class OwnerChecker final : public Checker {
  public:
    explicit OwnerChecker(Cluster& cluster) : cluster_(cluster), book_(cluster) {}
    void starts(NodeId node, const GroupName& group) override;
    void reported(NodeId node, const Report& r) override { book_.reported(node, r); }
    void told(NodeId node, NodeId peer, const Report& r) override { book_.told(node, peer, r); }
    void told_off(NodeId node, NodeId peer) override { book_.told_off(node, peer); }
    void powered(NodeId node, bool) override { book_.forgets(node); }

  private:
    Cluster& cluster_;
    MaintenanceBook book_;
};

// The bound of what is not promised: a machine that stood still longer than peers wait lets go
// within one loop (clock ran on) or one keepalive (clock stood still), and a stop (L5).
// NOT promised: when the clock stood still and no frame of a peer that heard it before comes (then
// nothing can tell it), when its hb-resource does not work then, when a stop fails or hangs, or
// when another fault hits it meanwhile.
class ThawChecker final : public Checker {
  public:
    explicit ThawChecker(Cluster& cluster) : cluster_(cluster) {}
    void thawed(NodeId node, Duration frozen_for, bool clock_stood) override;

  private:
    void expect_let_go(NodeId node, std::size_t group, WorldTime thaw);
    Cluster& cluster_;
};

}  // namespace hb::sim
