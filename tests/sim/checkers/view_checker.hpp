// I1, I2, I3 and W1: views only grow, a view has one meaning, bars never fall, a row has one
// author's word, over all incarnations.
//
// NOT promised: that view numbers grow from node to node; two views may have the same number and
// different coordinators.
#pragma once

#include <deque>
#include <map>
#include <set>

#include "tests/sim/checkers/checker.hpp"
#include "tests/sim/world.hpp"

namespace hb::sim {

class Cluster;

class ViewChecker final : public Checker {
  public:
    explicit ViewChecker(Cluster& cluster) : cluster_(cluster) {}
    void accepted(NodeId node, const Incarnation& incarnation, const View& view) override;
    void entered(NodeId node, const ViewId& view) override;
    void reported(NodeId node, const Report& report) override;
    void tabled(NodeId node, const Table& table) override;

    [[nodiscard]] std::uint64_t views_accepted() const { return views_accepted_; }
    [[nodiscard]] std::uint64_t rows_given() const { return rows_.size(); }

  private:
    Cluster& cluster_;
    std::uint64_t views_accepted_ = 0;
    std::deque<WorldTime> recent_;  // acceptances within the last deadtime
    std::map<std::pair<NodeId, Incarnation>, ViewId> newest_;
    std::map<ViewId, std::vector<Member>> members_;
    std::set<std::pair<NodeId, ViewId>> accepted_;
    std::map<std::tuple<NodeId, ViewId, GroupName>, std::uint64_t> bars_;
    std::map<std::tuple<ViewId, GroupName, std::uint64_t>, std::pair<NodeId, std::uint64_t>> rows_;
};

}  // namespace hb::sim
