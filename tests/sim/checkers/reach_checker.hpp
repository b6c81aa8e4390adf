// T4 for hb-ipfail's sake: a group moves to a better connected node only from one whose way to
// clients or ping nodes was broken a moment ago, never to one that is cut off itself or about to
// find out that it is, and another time only after the hold time, which grows.
//
// How long a moment is, follows from the rules and from what this world is made of: each bound says
// how, in reach_checker.cpp.
//
// NOT promised: anything for as long after a node booted, thawed, or one of its processes came back
// or stood still: what it knows is being found out; that a new coordinator, or a new life of its
// hb-resource, remembers the moves of the one before.
#pragma once

#include <map>

#include "tests/sim/checkers/checker.hpp"
#include "tests/sim/world.hpp"

namespace hb::sim {

class Cluster;

class ReachChecker final : public Checker {
  public:
    explicit ReachChecker(Cluster& cluster) : cluster_(cluster) {}
    void tabled(NodeId node, const Table& table) override;
    void impaired(NodeId node) override;
    void powered(NodeId node, bool on) override;
    void born(NodeId node, Kind kind) override;
    void thawed(NodeId node, Duration, bool) override;
    void went_on(NodeId node, Kind kind) override;

  private:
    // One of the ways in which clients and ping nodes lose a node.
    struct Since {
        bool holds = false;
        WorldTime when{};  // it holds, or does not, since then
        void is(bool now_holds, WorldTime now) {
            if (holds != now_holds) when = now;
            holds = now_holds;
        }
    };
    struct Way {
        Since broken;       // in whichever way
        Since cut;          // nothing gets through, in one direction at least
        Since no_carrier;   // and the node is told so
        WorldTime fresh{};  // the life of the node or of a process is new since then
    };
    struct Moves {
        unsigned in_a_row = 0;
        WorldTime newest{};
    };
    void moved(NodeId author, const GroupName& group, const Row& from, const Row& to);
    void has_a_reason(NodeId author, NodeId from, const std::string& what);
    void not_to_the_blind(NodeId author, NodeId to, bool for_carrier, const std::string& what);
    void waited(NodeId author, const GroupName& group, const std::string& what);
    [[nodiscard]] bool knows(NodeId node) const;
    [[nodiscard]] Duration word() const;
    [[nodiscard]] Duration seen_again() const;
    [[nodiscard]] Duration deadping() const;

    Cluster& cluster_;
    std::map<NodeId, Way> ways_;
    std::map<NodeId, Table> tables_;                       // newest of each author
    std::map<std::pair<NodeId, GroupName>, Moves> moves_;  // by author
};

}  // namespace hb::sim
