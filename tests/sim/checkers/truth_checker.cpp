#include "tests/sim/checkers/truth_checker.hpp"

#include <algorithm>
#include <utility>

#include "tests/sim/cluster.hpp"
#include "tests/sim/resource_daemon.hpp"

namespace hb::sim {

void TruthChecker::held(NodeId node, std::size_t group) {
    Node& n = cluster_.node(node);
    const GroupName& name = cluster_.config().groups[group].name;
    if (!n.powered() || n.resource() == nullptr || !n.kernel().holds(group)) return;
    if (n.resource()->published() && n.resource()->state(name) == GroupState::kStopped)
        cluster_.violated("I7 stopped holds nothing",
                          fmt::format("{} says stopped, and {} comes up there", n.name(), name));
}

void TruthChecker::reported(NodeId node, const Report& report) {
    Node& n = cluster_.node(node);
    const Report& before = reported_[node];
    for (const auto& [name, g] : report.groups) {
        const auto old = before.groups.find(name);
        if (old != before.groups.end() && old->second.state == g.state &&
            before.incarnation == report.incarnation)
            continue;
        const std::size_t group = cluster_.config().group_index(name);
        if (g.state == GroupState::kStopped && n.kernel().holds(group))
            cluster_.violated("I7 stopped holds nothing",
                              fmt::format("{} says stopped, and holds {}", n.name(), name));
        // What died while it was started or asked for is found out by the next look at it.
        const bool just_died = cluster_.world().now() - n.kernel().last_death(group) <=
                               2 * cluster_.config().agents.timeout;
        const bool cannot_know = (g.maintenance.on && !g.trouble.empty()) ||
                                 cluster_.world().now() - n.kernel().last_bad_status(group) <=
                                     cluster_.config().agents.timeout;
        if (g.state == GroupState::kRunning && !n.kernel().any_up(group) && !just_died &&
            !cannot_know)
            cluster_.violated(
                "published is true",
                fmt::format("{} says running, and has nothing of {}", n.name(), name));
    }
    prior_[node] = std::exchange(reported_[node], report);
}

void TruthChecker::tabled(NodeId node, const Table& table) {
    Node& n = cluster_.node(node);
    const auto old = tables_.find(node);
    const auto& seen = n.resource()->seen().view;
    if (!seen || seen->id != table.view) return;  // its last word on an older view: nobody obeys
    const bool same_view = old != tables_.end() && old->second.view == table.view;
    for (const auto& [name, row] : table.rows) {
        const Row* before = nullptr;
        if (same_view) {
            const auto it = old->second.rows.find(name);
            if (it != old->second.rows.end()) before = &it->second;
        }
        if (before != nullptr && *before == row) continue;
        const std::string problem = unjustified(*n.resource(), node, name, before, row);
        if (!problem.empty())
            cluster_.violated("I9 no move without a reason",
                              fmt::format("{} gives row {} of {} to {}: {}", n.name(), row.version,
                                          name, cluster_.config().node_name(row.owner), problem));
    }
    tables_[node] = table;
}

std::string TruthChecker::unjustified(const ResourceDaemon& author, NodeId self,
                                      const GroupName& group, const Row* before,
                                      const Row& row) const {
    const auto& view = author.seen().view;
    if (!view || !view->contains(row.owner)) return "it is no member of the view";
    if (row.version != row.pred + 1) return "its version does not follow (T6)";
    const ClusterConfig& config = cluster_.config();
    struct Word {
        const Report* report;
        const GroupReport* group;
        bool eligible;
    };
    std::map<NodeId, Word> words;
    for (const Member& m : view->members) {
        const Report* r = nullptr;
        if (m.node == self) {
            r = &*author.published();
        } else if (const auto it = author.seen().reports.find(m.node);
                   it != author.seen().reports.end()) {
            r = &it->second;
        }
        if (r == nullptr || r->view != view->id) return "a member has not reported for this view";
        const auto g = r->groups.find(group);
        if (g == r->groups.end()) continue;  // its haresources does not have it: it has no say
        const bool eligible = !r->standby && !r->leaving && !r->isolated && !g->second.move_away &&
                              !g->second.start_failed;
        words[m.node] = {r, &g->second, eligible};
    }
    const auto any = [&](auto test) {
        return std::ranges::any_of(words, [&](const auto& w) { return test(w.first, w.second); });
    };
    if (!words.contains(row.owner)) return "its owner does not know the group";
    const Word& owner = words.at(row.owner);
    if (owner.group->state == GroupState::kFailed) return {};
    if (any([](NodeId, const Word& w) { return w.group->state == GroupState::kFailed; }))
        return "a stop failed elsewhere";
    const NodeId preferred = config.groups.at(config.group_index(group)).preferred;
    const auto runs = [](const Word& w) {
        return w.group->state == GroupState::kRunning || w.group->state == GroupState::kStarting;
    };
    // One-shot, so it may be gone before it was ever published.
    const auto told = prior_.find(row.owner);
    const bool had_asked = told != prior_.end() && told->second.groups.contains(group) &&
                           told->second.groups.at(group).wanted;
    const auto moves_there = [&](const std::map<GroupName, GroupReport>& reports) {
        const auto it = reports.find(group);
        return it != reports.end() && it->second.move_to == row.owner;
    };
    const bool move_asked =
        any([&](NodeId, const Word& w) { return w.group->move_to == row.owner; }) ||
        std::ranges::any_of(prior_, [&](const auto& p) { return moves_there(p.second.groups); }) ||
        author.seen().move_asked == cluster_.world().now();
    const bool asked =
        owner.group->wanted || had_asked || move_asked ||
        (row.owner == self && author.seen().takeover_asked == cluster_.world().now());
    const bool failback = config.auto_failback && row.owner == preferred && owner.eligible;
    // The first row that is seen may follow another of the same step.
    const bool by_ping = config.ping_nodes && (row.reason == "it reaches more ping nodes" ||
                                               row.reason.ends_with("has no carrier for it"));
    if (before == nullptr && row.version > 1 && (asked || failback || by_ping)) return {};
    if (before == nullptr) {
        if (any([](NodeId, const Word& w) { return w.group->state == GroupState::kUnknown; }))
            return "somebody's state is unknown";
        const bool eligible_holder =
            any([&](NodeId, const Word& w) { return w.eligible && runs(w); });
        if (eligible_holder && !(owner.eligible && runs(owner)))
            return "an eligible member runs it, this one does not";
        return {};
    }
    // Nor is the row before always seen: a step that answers a request made there may answer an
    // older wish behind it. Then the wish is the reason.
    const bool in_this_step = author.seen().asked_at == cluster_.world().now();
    if (row.pred < before->version) return "it is older than the row before";
    if (row.pred != before->version && !(asked && in_this_step))
        return "it does not follow the row before";
    if (row.owner == before->owner) {
        if (owner.group->state == GroupState::kStopped && owner.group->bar >= before->version)
            return {};                               // T5
        if (row.pred != before->version) return {};  // one that was not seen gave it away
        // The author's own start follows its row in one step.
        const auto prior = prior_.find(self);
        if (row.owner == self && prior != prior_.end() && prior->second.groups.contains(group)) {
            const GroupReport& was = prior->second.groups.at(group);
            if (was.state == GroupState::kStopped || was.state == GroupState::kStopping) return {};
            // Asked anew, for a reload gave it resources: what it promised before holds.
            if (was.state == GroupState::kUnknown && was.bar >= before->version) return {};
        }
        return row.pinned != before->pinned || by_ping
                   ? ""
                   : "the owner has not let go of the row before";
    }
    if (!words.contains(before->owner)) return {};
    const Word& loser = words.at(before->owner);
    if (!loser.eligible) return owner.eligible ? "" : "neither is eligible";
    if (!owner.eligible) return "it is not eligible";
    if (failback || asked) return {};
    // One-shot too: done at once where the new owner runs it already.
    const ResourceDaemon* giver = cluster_.node(before->owner).resource();
    if (row.pinned && giver == &author && author.seen().standby_asked == cluster_.world().now())
        return {};
    if (by_ping) return {};
    return "nobody asked for it, and the owner is eligible";
}

}  // namespace hb::sim
