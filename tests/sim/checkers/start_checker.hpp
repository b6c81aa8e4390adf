// I4, I6, I8: each start rests on what its process was told, looked up in the simulator's own copy:
// every other member reported `stopped` for this view, with a bar that covers the row's predecessor
// or `leaving`, and acknowledged a frame of ours sent less than 3/4 d ago, behind view and report.
// I7 (claims): what is not `stopped` is defended.
//
// T9.4: G1 to G3 of the gate, towards nodes outside the view.
//
// NOT checked here: G5 to G9. Their outcome is (owner_checker).
#pragma once

#include <map>

#include "tests/sim/checkers/checker.hpp"

namespace hb::sim {

class Cluster;

class StartChecker final : public Checker {
  public:
    explicit StartChecker(Cluster& cluster) : cluster_(cluster) {}
    void starts(NodeId node, const GroupName& group) override;
    void watches(NodeId node) override;
    void reported(NodeId node, const Report& report) override;

  private:
    Cluster& cluster_;
    // What each node said last of what it knew: its own memory across its respawn.
    std::map<std::pair<NodeId, GroupName>, GroupState> known_;
};

}  // namespace hb::sim
