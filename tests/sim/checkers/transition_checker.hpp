// T6, transitions: a row that names another owner begins a transition of its own, every row is of
// one, and one transition starts a group on one node only: so its id means the same everywhere.
//
// NOT checked: that a let-go without a row (T11) names the row that answers it; when the view
// changes first, there is none.
#pragma once

#include <map>

#include "tests/sim/checkers/checker.hpp"

namespace hb::sim {

class Cluster;

class TransitionChecker final : public Checker {
  public:
    explicit TransitionChecker(Cluster& cluster) : cluster_(cluster) {}
    void tabled(NodeId node, const Table& table) override;
    void reported(NodeId node, const Report& report) override;
    void starts(NodeId node, const GroupName& group) override;

  private:
    Cluster& cluster_;
    std::map<std::pair<ViewId, GroupName>, Row> rows_;  // newest
    std::map<std::pair<NodeId, GroupName>, TransitionId> reported_;
    std::map<std::pair<GroupName, TransitionId>, NodeId> started_;
};

}  // namespace hb::sim
