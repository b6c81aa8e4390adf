// I4, I6, I8: each start rests on what its process was told, looked up in the simulator's own copy:
// every other member reported `stopped` for this view, with a bar that covers the row's predecessor
// or `leaving`, and acknowledged a frame of ours sent less than 3/4 d ago, behind view and report.
// I7 (claims): what is not `stopped` is defended.
//
// NOT checked here: T9.4, the gate. Its outcome is (owner_checker).
#pragma once

#include "tests/sim/checkers/checker.hpp"

namespace hb::sim {

class Cluster;

class StartChecker final : public Checker {
  public:
    explicit StartChecker(Cluster& cluster) : cluster_(cluster) {}
    void starts(NodeId node, const GroupName& group) override;
    void watches(NodeId node) override;

  private:
    Cluster& cluster_;
};

}  // namespace hb::sim
