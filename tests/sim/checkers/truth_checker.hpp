// What is published is true, and rows move only for a reason.
//
// I7: a node that says `stopped` holds nothing, and nothing of it is at work; one that says
// `running` has everything up. I9, T3, T4, T5: each new row is justified by what its author was
// told, looked up in the simulator's own copy of that.
//
// NOT promised: in maintenance, that what says `running` and trouble has anything, nor what was
// found after a respawn while its status failed or hung (it is repaired at once); that `running`
// stays true when somebody else removes an address by hand; that the author's picture is still true
// when the row is given (T9 is what makes that harmless).
#pragma once

#include <map>
#include <optional>

#include "tests/sim/checkers/checker.hpp"

namespace hb::sim {

class Cluster;
class ResourceDaemon;

class TruthChecker final : public Checker {
  public:
    explicit TruthChecker(Cluster& cluster) : cluster_(cluster) {}
    void held(NodeId node, std::size_t group) override;
    void reported(NodeId node, const Report& report) override;
    void tabled(NodeId node, const Table& table) override;

  private:
    [[nodiscard]] std::string unjustified(const ResourceDaemon& author, NodeId self,
                                          const GroupName& group, const Row* before,
                                          const Row& row) const;
    Cluster& cluster_;
    std::map<NodeId, Table> tables_;     // newest of each author
    std::map<NodeId, Report> reported_;  // newest of each node
    std::map<NodeId, Report> prior_;     // the one before
};

}  // namespace hb::sim
