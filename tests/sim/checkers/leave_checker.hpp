// V6, T12, T9.2: an orderly leave is a hand-over inside the view. When a leaving node has let go of
// a group and nothing else goes wrong, its successor begins to start it a few hops later, and not
// through the gate, a probe window later. When two leave at once the row may die with its author or
// its owner; then the third starts it through the gate, but waits no longer than that.
//
// NOT promised: when a node is outside the view already (then the gate is asked, and the old
// owner's own answers keep it closed for d); when a fault or another wish happened within 2 d, when
// nobody is left who may have the group, or on links that lose frames or delay them for long.
#pragma once

#include <map>

#include "tests/sim/checkers/checker.hpp"
#include "tests/sim/world.hpp"

namespace hb::sim {

class Cluster;

class LeaveChecker final : public Checker {
  public:
    explicit LeaveChecker(Cluster& cluster) : cluster_(cluster) {}
    void reported(NodeId node, const Report& report) override;
    void starts(NodeId node, const GroupName& group) override;

  private:
    void expect_successor(NodeId node, std::size_t group, WorldTime released, bool second_look);
    [[nodiscard]] bool maintained(std::size_t group) const;
    Cluster& cluster_;
    std::map<std::pair<NodeId, GroupName>, GroupState> said_;
    std::map<GroupName, WorldTime> started_;  // newest start by anybody
};

}  // namespace hb::sim
