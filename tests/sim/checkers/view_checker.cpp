#include "tests/sim/checkers/view_checker.hpp"

#include <algorithm>

#include "tests/sim/cluster.hpp"
#include "tests/sim/membership_daemon.hpp"

namespace hb::sim {

void ViewChecker::accepted(NodeId node, const Incarnation& incarnation, const View& view) {
    views_accepted_++;
    const WorldTime now = cluster_.world().now();
    recent_.push_back(now);
    while (now - recent_.front() > cluster_.config().deadtime)
        recent_.pop_front();
    // V2 and V3 need a few proposals per change of hearing; no change comes so often.
    if (recent_.size() > 40 * cluster_.size())
        cluster_.violated("W1 views come to rest", "proposals without end");
    const std::string who = cluster_.config().node_name(node);
    const Member* me = view.find(node);
    if (me == nullptr || me->incarnation != incarnation)
        cluster_.violated("V4 own incarnation",
                          fmt::format("{} accepts view {}, which does not name this life of it",
                                      who, to_string(view.id)));
    // V1: whoever proposes has heard, or waited for, everybody that it leaves out.
    Node& n = cluster_.node(node);
    const Duration age = cluster_.world().now() - n.born_at(Kind::kMembership);
    if (view.id.coordinator == node && age < cluster_.config().least_deadtime() * 9 / 10) {
        for (const auto& other : n.membership()->core().status().nodes)
            if (other.node != node && !view.contains(other.node) && !other.last_heard)
                cluster_.violated("V1 waits before it judges",
                                  fmt::format("{} leaves {} out, which it never waited for", who,
                                              cluster_.config().node_name(other.node)));
    }
    if (!view.contains(view.id.coordinator))
        cluster_.violated("V3 members", "a view without its coordinator");
    const auto [newest, first] = newest_.try_emplace({node, incarnation}, view.id);
    if (!first && view.id <= newest->second)
        cluster_.violated("I1 views only grow",
                          fmt::format("{} accepts {} after {}", who, to_string(view.id),
                                      to_string(newest->second)));
    newest->second = std::max(newest->second, view.id);
    const auto [members, fresh] = members_.try_emplace(view.id, view.members);
    if (!fresh && members->second != view.members)
        cluster_.violated("I1 one meaning",
                          fmt::format("view {} has two sets of members", to_string(view.id)));
    accepted_.emplace(node, view.id);
}

void ViewChecker::entered(NodeId node, const ViewId& view) {
    if (accepted_.contains({node, view})) return;
    cluster_.violated("I1 entered what was accepted",
                      fmt::format("{} enters {}, which its hb-membership never accepted",
                                  cluster_.config().node_name(node), to_string(view)));
}

void ViewChecker::reported(NodeId node, const Report& report) {
    if (!report.view) return;
    for (const auto& [name, g] : report.groups) {
        std::uint64_t& bar = bars_[{node, *report.view, name}];
        // A group that a reload brought back: what was promised of it is learnt from its row, and
        // nobody relies on it before (T9.2, L9).
        if (g.state == GroupState::kUnknown) continue;
        if (g.bar < bar)
            cluster_.violated("I2 bars never fall",
                              fmt::format("{} says bar {} of {} after {} in view {}",
                                          cluster_.config().node_name(node), g.bar, name, bar,
                                          to_string(*report.view)));
        bar = std::max(bar, g.bar);
    }
}

void ViewChecker::tabled(NodeId node, const Table& table) {
    const std::string who = cluster_.config().node_name(node);
    if (table.view.coordinator != node)
        cluster_.violated("I3 one author", who + " publishes a table of another's view");
    for (const auto& [name, row] : table.rows) {
        const auto value = std::pair(row.owner, row.pred);
        const auto [it, fresh] = rows_.try_emplace({table.view, name, row.version}, value);
        if (!fresh && it->second != value)
            cluster_.violated("I3 one author",
                              fmt::format("{} gives row {} of {} in view {} another meaning", who,
                                          row.version, name, to_string(table.view)));
        if (row.pred >= row.version)
            cluster_.violated("I3 one author", "a row that follows itself");
    }
}

}  // namespace hb::sim
