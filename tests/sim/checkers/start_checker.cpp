#include "tests/sim/checkers/start_checker.hpp"

#include <algorithm>

#include "tests/sim/cluster.hpp"
#include "tests/sim/comm_daemon.hpp"
#include "tests/sim/resource_daemon.hpp"

namespace hb::sim {

namespace {

bool claims(const ipc::Watch& watch, const IpAddress& address) {
    return std::ranges::any_of(watch.claims,
                               [&](const PlacedAddress& a) { return a.address == address; });
}

const Row* row_of(const ResourceDaemon& process, NodeId self, const GroupName& group) {
    const auto& view = process.seen().view;
    if (!view) return nullptr;
    const NodeId coordinator = view->id.coordinator;
    const Table* table = nullptr;
    if (coordinator == self) {
        if (process.published_table()) table = &*process.published_table();
    } else if (const auto it = process.seen().tables.find(coordinator);
               it != process.seen().tables.end()) {
        table = &it->second;
    }
    if (table == nullptr || table->view != view->id) return nullptr;
    const auto it = table->rows.find(group);
    return it == table->rows.end() ? nullptr : &it->second;
}

// I8, L8: by the shortest deadtime that the acknowledged frame or a later one announced.
MonoTime lease_end(const Node& node, MonoTime sent) {
    return sent + lease_length(node.shortest_since(sent));
}

std::string why_not(const ResourceDaemon& process, NodeId self, const GroupName& group,
                    const Node& node, MonoTime now) {
    const Row* row = row_of(process, self, group);
    if (row == nullptr) return "there is no row";
    if (row->owner != self) return "the row names another";
    if (process.published()->groups.at(group).bar >= row->version) return "its own bar forbids it";
    const Seen& seen = process.seen();
    for (const Member& m : seen.view->members) {
        if (m.node == self) continue;
        const std::string who(1, static_cast<char>('a' + rank(m.node)));
        const auto r = seen.reports.find(m.node);
        if (r == seen.reports.end() || r->second.view != seen.view->id)
            return "no report for this view from " + who;
        const auto g = r->second.groups.find(group);
        if (g == r->second.groups.end() || g->second.state != GroupState::kStopped)
            return who + " did not say stopped";
        if (g->second.bar < row->pred && !r->second.leaving) return who + " did not promise enough";
        const auto sent = seen.lease_sent.find(m.node);
        if (sent == seen.lease_sent.end() || now >= lease_end(node, sent->second))
            return "the lease of " + who + " is over";
    }
    return {};
}

// G1 to G4, towards nodes outside the view.
std::string gate_not_open(const ResourceDaemon& process, const Node& node, const GroupName& group,
                          const ClusterConfig& config, MonoTime now) {
    const NodeId self = node.id();
    const Seen& seen = process.seen();
    for (std::size_t r = 0; r < config.nodes; r++) {
        const NodeId x = node_id(r);
        if (x == self || seen.view->contains(x)) continue;
        const auto status = seen.status.find(x);
        if (status == seen.status.end() || !status->second.judged)
            return config.node_name(x) + " is not judged yet (G1)";
        const auto report = seen.reports.find(x);
        const bool says_stopped = report != seen.reports.end() &&
                                  report->second.groups.contains(group) &&
                                  report->second.groups.at(group).state == GroupState::kStopped;
        // What a reload took out of its haresources, and is gone there.
        const bool has_none = report != seen.reports.end() && report->second.haresources != 0 &&
                              !report->second.groups.contains(group);
        const bool left = (says_stopped || has_none) && report->second.leaving;
        const auto sent = seen.straight_sent.find(x);
        const bool lease_over =
            sent == seen.straight_sent.end() || now >= lease_end(node, sent->second);
        const bool deaf = status->second.deaf && lease_over && says_stopped &&
                          status->second.accepted && status->second.accepted->members.size() == 1;
        if (status->second.hearing == ipc::Hearing::kHeard && !deaf && !left)
            return config.node_name(x) + " is heard (G2)";
        for (const auto& [y, other] : seen.status)
            if (y != x && other.hearing == ipc::Hearing::kHeard && other.hears.contains(x) && !left)
                return config.node_name(y) + " hears " + config.node_name(x) + " (G3)";
    }
    return {};
}

}  // namespace

void StartChecker::starts(NodeId node, const GroupName& group) {
    Node& n = cluster_.node(node);
    const ResourceDaemon& process = *n.resource();
    if (process.state(group) != GroupState::kStarting) return;
    const ClusterConfig& config = cluster_.config();
    const std::string reason = why_not(process, node, group, n, n.local_now());
    if (!reason.empty())
        cluster_.violated("I4, I8 starts rest on reports and leases",
                          fmt::format("{} starts {}, but {}", n.name(), group, reason));
    if (const auto& view = process.seen().view; reason.empty() && view) {
        const std::string closed = gate_not_open(process, n, group, config, n.local_now());
        if (!closed.empty())
            cluster_.violated("T9.4 the gate is open",
                              fmt::format("{} starts {}, but {}", n.name(), group, closed));
    }
    const GroupSpec& spec = config.groups.at(config.group_index(group));
    if (spec.has_address && !(process.watch() && claims(*process.watch(), spec.address)))
        cluster_.violated("I7 claim before start",
                          fmt::format("{} starts {} without a claim", n.name(), group));
}

void StartChecker::reported(NodeId node, const Report& report) {
    std::erase_if(known_, [&](const auto& known) {  // a reload took it out
        return known.first.first == node && !report.groups.contains(known.first.second);
    });
    for (const auto& [name, g] : report.groups)
        if (g.state != GroupState::kUnknown) known_[{node, name}] = g.state;
}

void StartChecker::watches(NodeId node) {
    Node& n = cluster_.node(node);
    const ResourceDaemon& process = *n.resource();
    if (!process.seen().membership_there) return;  // what it does is not published yet
    for (const GroupSpec& spec : cluster_.config().groups) {
        if (!spec.has_address || claims(*process.watch(), spec.address)) continue;
        const GroupState state = process.state(spec.name);
        const bool held = state == GroupState::kStarting || state == GroupState::kRunning ||
                          state == GroupState::kStopping;
        const auto known = known_.find({node, spec.name});
        const bool inherited = state == GroupState::kUnknown && known != known_.end() &&
                               known->second != GroupState::kStopped && n.comm() != nullptr &&
                               claims(n.comm()->watch(), spec.address);
        const std::size_t index = cluster_.config().group_index(spec.name);
        const bool being_retired = process.published() &&
                                   !process.published()->groups.contains(spec.name) &&
                                   n.kernel().address_up(index) && n.comm() != nullptr &&
                                   claims(n.comm()->watch(), spec.address);
        if (held || inherited || being_retired)
            cluster_.violated("I7 claims outlive",
                              fmt::format("{} takes its claim for {} back while it says {}",
                                          n.name(), spec.name, to_string(state)));
    }
}

}  // namespace hb::sim
