#include "common/base/cluster_status.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hb {

namespace {

// What is said of one group by those who know something of it.
struct Word {
    const NodeView* node = nullptr;
    const GroupReport* report = nullptr;
};

bool holds(GroupState state) {
    switch (state) {
        case GroupState::kStarting:
        case GroupState::kRunning:
        case GroupState::kStopping:
        case GroupState::kFailed:
            return true;
        case GroupState::kUnknown:
        case GroupState::kStopped:
            return false;
    }
    return false;
}

std::string join(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names)
        text += (text.empty() ? "" : ", ") + name;
    return text;
}

// Tells the story of one group.
class Story {
  public:
    Story(const StatusView& view, const ConfiguredGroup& group) : view_(view), group_(group) {
        for (const NodeView& node : view.nodes) {
            if (!node.report) continue;
            const auto it = node.report->groups.find(group.name);
            if (it == node.report->groups.end()) continue;
            if (is_heard(node))
                heard_.push_back({&node, &it->second});
            else if (holds(it->second.state))
                silent_holders_.push_back({&node, &it->second});
        }
        if (!view.accepted) return;
        author_ = node(view.accepted->id.coordinator);
        if (author_ == nullptr || !author_->table || author_->table->view != view.accepted->id)
            return;
        has_table_ = true;
        const auto it = author_->table->rows.find(group.name);
        if (it != author_->table->rows.end()) row_ = &it->second;
    }

    [[nodiscard]] GroupSummary tell() const {
        GroupSummary summary;
        summary.name = group_.name;
        summary.preferred = group_.preferred;
        for (const Word& word : heard_)
            summary.by_node[word.node->node] = word.report->state;
        if (const Word* holder = find_holder())
            held(*holder, summary);
        else if (const Word* asking = find_asking())
            asked(*asking, summary);
        else if (row_ != nullptr)
            named(summary);
        else
            nobody(summary);
        maintenance(summary);
        if (const Word* holder = find_holder()) summary.transition = holder->report->transition;
        if (!summary.transition && row_ != nullptr) summary.transition = row_->transition;
        return summary;
    }

  private:
    [[nodiscard]] bool is_heard(const NodeView& node) const {
        return node.node == view_.self || node.status != NodeStatus::kDead;
    }
    [[nodiscard]] const NodeView* node(NodeId id) const {
        const auto it = std::ranges::find(view_.nodes, id, &NodeView::node);
        return it == view_.nodes.end() ? nullptr : &*it;
    }
    [[nodiscard]] std::string name(NodeId id) const {
        const NodeView* n = node(id);
        return n == nullptr ? fmt::format("node {}", rank(id)) : n->name;
    }
    [[nodiscard]] const Word* word_of(NodeId id) const {
        const auto it =
            std::ranges::find_if(heard_, [id](const Word& word) { return word.node->node == id; });
        return it == heard_.end() ? nullptr : &*it;
    }
    [[nodiscard]] const Word* first_in(GroupState state) const {
        const auto it = std::ranges::find_if(
            heard_, [state](const Word& word) { return word.report->state == state; });
        return it == heard_.end() ? nullptr : &*it;
    }

    // A failed stop rules all (T13); then the table; then what is furthest.
    [[nodiscard]] const Word* find_holder() const {
        if (const Word* failed = first_in(GroupState::kFailed)) return failed;
        if (row_ != nullptr) {
            const Word* owner = word_of(row_->owner);
            if (owner != nullptr && holds(owner->report->state)) return owner;
        }
        for (const GroupState state :
             {GroupState::kRunning, GroupState::kStarting, GroupState::kStopping})
            if (const Word* word = first_in(state)) return word;
        return nullptr;
    }
    // Somebody does not know what runs with it: for the moment nothing can be said.
    [[nodiscard]] const Word* find_asking() const {
        if (row_ != nullptr) {
            const Word* owner = word_of(row_->owner);
            if (owner != nullptr && owner->report->state == GroupState::kUnknown) return owner;
        }
        return first_in(GroupState::kUnknown);
    }

    [[nodiscard]] std::string table_says() const {
        return fmt::format("table of {}: {}", author_->name,
                           row_->reason.empty() ? "no reason given" : row_->reason);
    }

    void held(const Word& holder, GroupSummary& summary) const {
        const GroupReport& r = *holder.report;
        summary.owner = holder.node->node;
        summary.state = r.state;
        const bool by_table = row_ != nullptr && row_->owner == holder.node->node;
        if (r.state == GroupState::kFailed)
            summary.reason =
                fmt::format("{}; nobody starts it before 'hactl cleanup {}'",
                            r.reason.empty() ? "its stop failed" : r.reason, group_.name);
        else if (row_ != nullptr && !by_table && !view_.accepted->contains(holder.node->node))
            summary.reason = fmt::format("{} is heard, but is not in the view of {}; {}",
                                         holder.node->name, author_->name, owner_says());
        else if (row_ != nullptr && !by_table)
            summary.reason = fmt::format("{} lets go for {}: {}", holder.node->name,
                                         name(row_->owner), table_says());
        else if (r.state == GroupState::kStopping)
            summary.reason = r.reason.empty() ? "it is being stopped" : r.reason;
        else if (by_table)
            summary.reason = table_says();
        else
            summary.reason = fmt::format("{}; no table for the present view yet",
                                         r.reason.empty() ? "it runs there" : r.reason);
        if (!r.trouble.empty()) summary.reason += "; " + r.trouble;
        if (r.weak_evidence)
            summary.reason += "; started on weak evidence: its network was silent altogether";
        for (const Word& other : heard_)
            if (other.node != holder.node && holds(other.report->state))
                summary.reason += fmt::format("; also {} on {}", to_string(other.report->state),
                                              other.node->name);
    }

    // The newest word that is heard; who keeps the group where nobody hears it; whether all know.
    void maintenance(GroupSummary& summary) const {
        Maintenance newest;
        std::map<NodeId, Keeper> keepers;
        for (const Word& word : heard_) {
            newest = std::max(newest, word.report->maintenance);
            for (const auto& [node, keeper] : word.report->keepers)
                keepers[node] = std::max(keepers[node], keeper);
        }
        summary.maintenance = newest.on;
        summary.maintenance_known = std::ranges::all_of(heard_, [&](const Word& word) {
            return word.report->maintenance == newest && word.report->keepers == keepers;
        });
        std::string kept;
        for (const auto& [id, keeper] : keepers) {
            const NodeView* n = node(id);
            if (n == nullptr || keeper.released || is_heard(*n)) continue;
            kept += fmt::format("{}{} kept it in maintenance and has not come back",
                                kept.empty() ? "" : "; ", n->name);
        }
        if (!kept.empty() && find_holder() == nullptr) {
            summary.state = GroupState::kUnknown;
            summary.reason = kept + (newest.on ? "" : "; " + summary.reason);
        }
        if (!newest.on) return;
        const bool rests = kept.empty() && summary.state == GroupState::kStopped;
        if (rests) summary.reason = "nobody starts it in maintenance";
        summary.reason += "; in maintenance: left alone until 'hactl maintenance off'";
    }

    void asked(const Word& asking, GroupSummary& summary) const {
        summary.state = GroupState::kUnknown;
        if (row_ != nullptr && row_->owner == asking.node->node) summary.owner = asking.node->node;
        summary.reason = fmt::format("{} is asking what runs there", asking.node->name);
    }

    // Nobody that is heard has it, the table names somebody.
    void named(GroupSummary& summary) const {
        const std::string owner = name(row_->owner);
        const NodeView* node_of_owner = node(row_->owner);
        if (node_of_owner == nullptr || !is_heard(*node_of_owner)) {
            summary.state = GroupState::kUnknown;
            summary.reason = silent_holders_.empty()
                                 ? fmt::format("{} was to start it and is silent", owner)
                                 : silent_says();
            return;
        }
        summary.owner = row_->owner;
        summary.state = GroupState::kStopped;
        const Word* word = word_of(row_->owner);
        if (word != nullptr && word->report->gate_reason.empty() && word->report->start_failed)
            failures(summary);
        else
            summary.reason = owner_says();
        if (!silent_holders_.empty()) summary.reason += "; " + silent_says();
    }

    // Why the node that the table names has not started it.
    [[nodiscard]] std::string owner_says() const {
        const std::string owner = name(row_->owner);
        const Word* word = word_of(row_->owner);
        if (word == nullptr) return fmt::format("hb-resource of {} has not reported it", owner);
        const GroupReport& r = *word->report;
        if (!r.gate_reason.empty())
            return fmt::format("{} may not start it: {}", owner, r.gate_reason);
        if (r.reason.empty()) return fmt::format("{} is to start it: {}", owner, table_says());
        return fmt::format("{} has not started it: {}; {}", owner, r.reason, table_says());
    }

    // It failed wherever it was tried.
    void failures(GroupSummary& summary) const {
        bool given_up = true;
        for (const Word& word : heard_) {
            if (!word.report->start_failed) {
                given_up = false;
                continue;
            }
            given_up = given_up && word.report->given_up;
            summary.reason +=
                fmt::format("{}{}: {}", summary.reason.empty() ? "" : "; ", word.node->name,
                            word.report->reason.empty() ? "start failed" : word.report->reason);
        }
        if (!given_up) return;
        summary.state = GroupState::kFailed;
        summary.reason +=
            fmt::format("; nobody tries again before 'hactl cleanup {}'", group_.name);
    }

    // Nobody that is heard has it, and no table names anybody.
    void nobody(GroupSummary& summary) const {
        summary.state = heard_.empty() ? GroupState::kUnknown : GroupState::kStopped;
        if (!silent_holders_.empty()) {
            summary.state = GroupState::kUnknown;
            summary.reason = silent_says();
        } else if (!view_.accepted) {
            summary.reason = "no view yet" + waiting_for_nodes();
        } else if (heard_.empty()) {
            summary.reason = "no hb-resource has reported it yet";
        } else if (!view_.installed) {
            summary.reason = "not all members have accepted the new view yet";
        } else if (has_table_) {
            summary.reason = fmt::format("the table of {} has no row for it", author_->name);
        } else {
            summary.reason = "no table for the present view yet" + waiting_for_reports();
        }
    }

    [[nodiscard]] std::string silent_says() const {
        std::string text;
        for (const Word& word : silent_holders_)
            text += fmt::format("{}{} is silent; it was {} there when last heard",
                                text.empty() ? "" : "; ", word.node->name,
                                to_string(word.report->state));
        return text;
    }
    [[nodiscard]] std::string waiting_for_nodes() const {
        std::vector<std::string> names;
        for (const NodeView& n : view_.nodes)
            if (n.node != view_.self && !n.last_heard && n.status != NodeStatus::kDead)
                names.push_back(n.name);
        return names.empty() ? "" : ": waiting for " + join(names);
    }
    [[nodiscard]] std::string waiting_for_reports() const {
        std::vector<std::string> names;
        for (const Member& m : view_.accepted->members) {
            const NodeView* n = node(m.node);
            if (n != nullptr && (!n->report || n->report->view != view_.accepted->id))
                names.push_back(n->name);
        }
        return names.empty() ? "" : ": waiting for the report of " + join(names);
    }

    const StatusView& view_;
    const ConfiguredGroup& group_;
    std::vector<Word> heard_;           // by rank
    std::vector<Word> silent_holders_;  // had it when last heard
    const NodeView* author_ = nullptr;  // coordinator of the accepted view
    bool has_table_ = false;            // of the accepted view
    const Row* row_ = nullptr;
};

std::optional<Duration> ago(const std::optional<MonoTime>& then, MonoTime now) {
    if (!then || *then == kNever) return std::nullopt;
    return std::max(now - *then, Duration(0));
}

NodeSummary compose_node(const NodeView& from, const StatusView& view, MonoTime now) {
    NodeSummary to;
    to.name = from.name;
    to.status = from.status;
    to.in_view = view.accepted && view.accepted->contains(from.node);
    to.leaving = from.leaving;
    if (from.report) {
        to.standby = from.report->standby;
        to.isolated = from.report->isolated;
        to.fence_trouble = from.report->fence_trouble;
    }
    const auto self = std::ranges::find(view.nodes, view.self, &NodeView::node);
    if (self != view.nodes.end() && from.status != NodeStatus::kDead)
        to.config_differs = difference(self->config, from.config);
    if (from.node != view.self) to.heard_ago = ago(from.last_heard, now);
    for (const LinkView& l : from.links) {
        // While something is heard on it, only hb-comm knows when that was last.
        const bool is_heard = l.up || l.fault == ipc::LinkFault::kOneWayOut;
        LinkStatus& link = to.links.emplace_back();
        link = {.name = l.name, .up = l.up, .fault = l.fault, .detail = l.detail};
        if (!is_heard) link.heard_ago = ago(l.last_heard, now);
        link.flaps = l.flaps;
        if (!l.measured) continue;
        link.newest_ago = ago(l.measured->heard, now);
        if (l.up) link.round_trip = l.measured->round_trip;
        link.judged = l.measured->judged;
        link.lost = l.measured->lost;
        link.lost_there = l.measured->lost_there;
        if (link.detail.empty()) link.detail = l.measured->trouble;
    }
    return to;
}

}  // namespace

ClusterStatus compose_status(const StatusView& view, const std::vector<ConfiguredGroup>& groups,
                             MonoTime now) {
    ClusterStatus status;
    status.self = view.self;
    for (const NodeView& node : view.nodes)
        status.nodes.push_back(compose_node(node, view, now));
    for (const ConfiguredGroup& group : groups)
        status.groups.push_back(Story(view, group).tell());
    if (view.accepted) status.view = view.accepted->id;
    status.installed = view.installed;
    return status;
}

QuorumSummary quorum_in(const StatusView& view) {
    QuorumSummary quorum;
    quorum.needed = static_cast<std::uint32_t>(view.nodes.size() / 2 + 1);
    if (view.accepted) quorum.present = static_cast<std::uint32_t>(view.accepted->members.size());
    for (const NodeView& node : view.nodes)
        if (node.node == view.self && node.report) quorum.ignored = node.report->quorum_ignored;
    return quorum;
}

bool differ(const ClusterStatus& a, const ClusterStatus& b) {
    const auto without_ages = [](ClusterStatus status) {
        for (NodeSummary& node : status.nodes) {
            node.heard_ago.reset();
            for (LinkStatus& link : node.links) {
                link.heard_ago.reset();
                link.newest_ago.reset();
                link.round_trip.reset();
                link.judged = link.lost = 0;
                link.lost_there.reset();
            }
        }
        for (GroupSummary& group : status.groups)
            group.age.reset();
        for (PingSummary& ping : status.pings) {
            ping.answered_ago.reset();
            ping.round_trip.reset();
            ping.asked = ping.lost = 0;
        }
        return status;
    };
    return without_ages(a) != without_ages(b);
}

void StatusAges::fill(ClusterStatus& status, MonoTime now) {
    std::map<GroupName, Seen> seen;
    for (GroupSummary& group : status.groups) {
        Seen entry{group.owner, group.state, now};
        const auto before = seen_.find(group.name);
        if (before != seen_.end() && before->second.owner == group.owner &&
            before->second.state == group.state)
            entry.since = before->second.since;
        group.age = std::max(now - entry.since, Duration(0));
        seen.emplace(group.name, entry);
    }
    seen_ = std::move(seen);
}

}  // namespace hb
