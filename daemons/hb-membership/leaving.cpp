#include "daemons/hb-membership/leaving.hpp"

namespace hb::membership {
namespace {

struct Question {
    const View& accepted;
    NodeId self;
    const Peers& peers;
    const OwnState& own;
    bool connected_only;
};

const Report* report_of(const Question& q, NodeId n) {
    if (n == q.self) return q.own.report;
    const Peer& p = q.peers[rank(n)];
    return p.report ? &p.report->value : nullptr;
}

// Did `who` act on this row, or on a view after this one?
bool past_row(const Question& q, NodeId who, const GroupName& group, const Row& row) {
    const Report* report = report_of(q, who);
    if (report == nullptr || !report->view) return false;
    if (*report->view > q.accepted.id) return true;
    if (*report->view != q.accepted.id) return false;
    const auto it = report->groups.find(group);
    if (it == report->groups.end()) return true;  // it has no such group, and never will act on it
    const GroupReport& g = it->second;
    if (g.bar >= row.version) return true;
    return row.owner == who && (g.state == GroupState::kStarting ||
                                g.state == GroupState::kRunning || g.state == GroupState::kFailed);
}

bool eligible(const Question& q, NodeId n, const GroupName& group) {
    if (n != q.self && !q.peers[rank(n)].connected()) return false;
    const Report* report = report_of(q, n);
    if (report == nullptr) return false;
    if (report->standby || report->leaving || report->isolated) return false;
    const auto it = report->groups.find(group);
    return it != report->groups.end() && !it->second.start_failed && !it->second.move_away;
}

bool row_unanswered(const Question& q, NodeId leaving, const GroupName& group, const Row& row) {
    // In maintenance it runs on there: nobody is to have it (M1).
    const auto ours = q.own.report->groups.find(group);
    // (Nor what a reload took out of our haresources.)
    if (ours == q.own.report->groups.end() || ours->second.maintenance.on) return false;
    const NodeId coordinator = q.accepted.id.coordinator;
    if (coordinator == q.self && row.owner == leaving) {
        // Our own hb-resource has yet to name another, if there is one.
        for (const Member& m : q.accepted.members)
            if (m.node != leaving && eligible(q, m.node, group)) return true;
        return false;
    }
    if (!past_row(q, q.self, group, row)) return true;
    const NodeId owner = row.owner;
    if (owner == q.self || owner == leaving || rank(owner) >= q.peers.size()) return false;
    const bool counts = !q.connected_only || q.peers[rank(owner)].connected();
    return counts && !past_row(q, owner, group, row);
}

}  // namespace

bool goodbye_unanswered(const View& accepted, NodeId self, const Peers& peers, const OwnState& own,
                        bool connected_only) {
    const Question q{accepted, self, peers, own, connected_only};
    if (own.report == nullptr || own.report->view != accepted.id) return false;
    const NodeId coordinator = accepted.id.coordinator;
    for (const Member& m : accepted.members) {
        if (m.node == self) continue;
        const Peer& p = peers[rank(m.node)];
        if (!p.heard() || !p.leaving()) continue;
        // The table that can answer: the leaving coordinator's last one, or our own.
        if (coordinator != m.node && coordinator != self) continue;
        const Table* table = coordinator == self ? own.table : p.table ? &p.table->value : nullptr;
        if (table == nullptr || table->view != accepted.id) continue;
        for (const auto& [group, row] : table->rows)
            if (row_unanswered(q, m.node, group, row)) return true;
    }
    return false;
}

}  // namespace hb::membership
