// T10, T13 and monitoring: what fails is tried a bounded number of times, and moves a bounded
// number of times for each thing that happened to it.
//
// - restarts in place: within one window no resource is restarted more often than configured;
// - starts: kMaxStarts failed ones on a node, then none before somebody looked (hactl cleanup), its
//   hb-resource was born again, or it ran for long;
// - moves: while nothing happens from outside, the rows of a view change a group's owner at most as
//   often as there are tries left; with healthy agents at most once for each node;
// - a group whose stop failed is not given to another node while the author of the table knows.
//
// NOT promised: that a respawned hb-resource remembers how often it tried; it remembers that it
// gave up.
#pragma once

#include <deque>
#include <map>

#include "tests/sim/checkers/checker.hpp"
#include "tests/sim/world.hpp"

namespace hb::sim {

class Cluster;

class FailureChecker final : public Checker {
  public:
    explicit FailureChecker(Cluster& cluster) : cluster_(cluster) {}
    void reported(NodeId node, const Report& report) override;
    void tabled(NodeId node, const Table& table) override;
    void starts(NodeId node, const GroupName& group) override;
    void called(NodeId node, const resource::RunOperation& operation) override;
    void forgiven(NodeId node, const GroupName& group) override;
    void born(NodeId node, Kind kind) override;

  private:
    struct Tries {
        unsigned failed = 0;  // starts in a row
        bool start_failed = false;
        bool given_up = false;
        GroupState state = GroupState::kUnknown;
        WorldTime running_since{};
        std::deque<WorldTime> restarts;  // calls to start, of a group that says running
    };
    Cluster& cluster_;
    std::map<std::pair<NodeId, GroupName>, Tries> tries_;
    std::map<GroupName, std::deque<WorldTime>> moves_;
    std::map<ViewId, std::map<GroupName, Row>> newest_;
};

}  // namespace hb::sim
