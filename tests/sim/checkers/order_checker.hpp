// Order within a group: a resource is started only when everything left of it is up, and stopped
// only when everything right of it is down; one call at a time works on it.
//
// NOT promised: that what is left of it has not just died by itself: that is found out by the next
// look at it.
#pragma once

#include "tests/sim/checkers/checker.hpp"

namespace hb::sim {

class Cluster;

class OrderChecker final : public Checker {
  public:
    explicit OrderChecker(Cluster& cluster) : cluster_(cluster) {}
    void called(NodeId node, const resource::RunOperation& operation) override;

  private:
    Cluster& cluster_;
};

}  // namespace hb::sim
