// M1 to M5: what is in maintenance is left alone, and nobody starts it beside who kept it.
//
// A node that says "in maintenance" starts nothing of the group, restarts nothing, and stops it
// only where the rules say so: where others cannot know that it keeps it (M3), or where two brought
// it into one view. What it said once it does not forget while the machine is on (M5).
//
// NOT promised: what was under way when it learned of the maintenance goes to its end; when
// everybody who knew was powered off, nobody knows.
#pragma once

#include <map>
#include <set>

#include "tests/sim/checkers/checker.hpp"
#include "tests/sim/world.hpp"

namespace hb::sim {

class Cluster;

// Who was told, and has not been told otherwise, that a node keeps a group in maintenance: kept
// without asking the core under test.
class MaintenanceBook {
  public:
    explicit MaintenanceBook(Cluster& cluster) : cluster_(cluster) {}
    void reported(NodeId node, const Report& report);  // its own word
    void told(NodeId node, NodeId peer, const Report& report);
    void told_off(NodeId node, NodeId peer);
    void forgets(NodeId node);  // its power is off
    // Somebody in the view of `starter`.
    [[nodiscard]] bool somebody_remembers(NodeId starter, NodeId holder,
                                          const GroupName& group) const;
    // M3: so many were told that it keeps the group, by whomever, that it may rely on them.
    [[nodiscard]] bool others_know(NodeId keeper, const GroupName& group) const;

  private:
    struct Entry {
        NodeId knows{};
        NodeId keeper{};
        GroupName group;
        auto operator<=>(const Entry&) const = default;
    };
    [[nodiscard]] bool let_go(NodeId keeper, const GroupName& group, const Keeper& said) const;
    void hear_of_keepers(NodeId node, const GroupName& group, const GroupReport& g);

    struct Told {
        Maintenance word;
        std::set<NodeId> nodes;
    };
    Cluster& cluster_;
    std::map<std::pair<NodeId, GroupName>, Keeper> own_words_;  // the newest that let go
    std::map<std::pair<NodeId, GroupName>, Told> told_;         // by keeper
    std::map<Entry, std::uint64_t> entries_;  // number: what was planned for an older one is void
    std::set<Entry> settled_;
    std::uint64_t next_ = 1;
};

class MaintenanceChecker final : public Checker {
  public:
    explicit MaintenanceChecker(Cluster& cluster) : cluster_(cluster) {}
    void reported(NodeId node, const Report& report) override;
    void starts(NodeId node, const GroupName& group) override;
    void stops(NodeId node, const GroupName& group) override;
    void called(NodeId node, const resource::RunOperation& operation) override;
    void powered(NodeId node, bool on) override;

  private:
    [[nodiscard]] bool left_alone(NodeId node, const GroupName& group) const;
    [[nodiscard]] bool may_stop(NodeId node, const GroupName& group) const;
    Cluster& cluster_;
    std::map<std::pair<NodeId, GroupName>, Maintenance> said_;
    std::map<std::pair<NodeId, GroupName>, WorldTime> since_;  // it says so
};

}  // namespace hb::sim
