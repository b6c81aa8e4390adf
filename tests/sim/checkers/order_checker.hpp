// Order within a group: a resource is started only when everything left of it is up, and stopped
// only when everything right of it is down; one call at a time works on it.
//
// NOT promised: that what is left of it has not just died by itself: that is found out by the next
// look at it. Nor what died in maintenance: the looks at its end are not in order.
#pragma once

#include <map>

#include "tests/sim/checkers/checker.hpp"
#include "tests/sim/world.hpp"

namespace hb::sim {

class Cluster;

class OrderChecker final : public Checker {
  public:
    explicit OrderChecker(Cluster& cluster) : cluster_(cluster) {}
    void reported(NodeId node, const Report& report) override;
    void called(NodeId node, const resource::RunOperation& operation) override;

  private:
    [[nodiscard]] bool just_died(NodeId node, const GroupName& group, std::size_t resource) const;
    struct LeftAlone {
        WorldTime begin{};
        WorldTime end = WorldTime::max();
    };
    std::map<std::pair<NodeId, GroupName>, LeftAlone> left_alone_;  // the newest maintenance
    Cluster& cluster_;
};

}  // namespace hb::sim
