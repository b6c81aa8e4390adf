// T4 for hb-ipfail's sake: a group moves to a better connected node only from one whose way to
// clients or ping nodes was broken a moment ago, never to one that is cut off itself or about to
// find out that it is, and another time only after the hold time, which grows; it fails back only
// to a node that was no worse off for that long; and it stays where somebody wanted it to be until
// that node's ways have changed.
//
// How long a moment is, follows from the rules and from what this world is made of: each bound says
// how, in reach_checker.cpp.
//
// A new life of an hb-resource is no excuse: it remembers (section 8), and another coordinator that
// was told of a move does.
//
// NOT promised: anything for as long after a node booted, thawed, or another of its processes came
// back or stood still: what it knows is being found out; that a move is remembered when hb-resource
// and hb-membership of its author were dead at once, or a node that was no worse off by another
// coordinator than the one that knew.
#pragma once

#include <map>
#include <set>
#include <string>

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
    void died(NodeId node, Kind kind) override;
    void thawed(NodeId node, Duration, bool) override;
    void went_on(NodeId node, Kind kind) override;
    void ipfail_is(NodeId node, bool there) override;

    // How long a group may still wait for connectivity that is whole again: for the hold time after
    // as many moves as it made, and for ping nodes that were lost as often as they can have been.
    [[nodiscard]] Duration longest_wait() const;

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
        Since broken;      // in whichever way
        Since cut;         // nothing gets through, in one direction at least
        Since no_carrier;  // and the node is told so
        WorldTime changed{};
        unsigned changes = 0;
        WorldTime fresh{};  // the life of the node or of a process is new since then
        // The newest time for which it was broken and its node must have known it.
        WorldTime worse_from{};
        WorldTime worse_until{};
    };
    struct Moves {
        unsigned in_a_row = 0;
        WorldTime newest{};
        ViewId view;  // of the row that made the newest, and its version there
        std::uint64_t version = 0;
        std::set<NodeId> authors;
    };
    struct Wish {
        NodeId owner{};
        NodeId author{};
        WorldTime when{};
    };
    void changed(NodeId author, const GroupName& group, const Row& from, const Row& to,
                 const ViewId& view);
    void moved(NodeId author, const GroupName& group, const Row& from, const Row& to,
               const ViewId& view);
    void failed_back(NodeId author, const GroupName& group, const Row& from, const Row& to);
    void not_against_a_wish(NodeId author, const GroupName& group, NodeId from,
                            const std::string& what);
    void forget(NodeId author);
    [[nodiscard]] bool remembers(NodeId author, const GroupName& group, const Moves& moves) const;
    [[nodiscard]] Duration hold(unsigned moves_in_a_row) const;
    [[nodiscard]] bool surely_whole(const Way& way) const;
    void has_a_reason(NodeId author, NodeId from, const std::string& what);
    void not_to_the_blind(NodeId author, NodeId to, bool for_carrier, const std::string& what);
    void waited(NodeId author, const GroupName& group, const ViewId& view, std::uint64_t version,
                const std::string& what);
    [[nodiscard]] bool knows(NodeId node) const;
    [[nodiscard]] Duration word() const;
    [[nodiscard]] Duration seen_again() const;
    [[nodiscard]] Duration deadping() const;

    Cluster& cluster_;
    std::map<NodeId, Way> ways_;
    std::set<NodeId> without_ipfail_;
    std::map<NodeId, Table> tables_;              // newest of each author
    std::map<NodeId, WorldTime> leads_since_;     // ... and the first of its view
    std::map<GroupName, WorldTime> owned_since_;  // by the owner of the newest row
    std::map<GroupName, Moves> moves_;
    std::map<GroupName, unsigned> moves_ever_;
    std::map<GroupName, Wish> wishes_;
};

}  // namespace hb::sim
