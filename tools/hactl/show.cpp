#include "tools/hactl/show.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hb::hactl {

namespace {

double to_us(Duration d) {
    return std::chrono::duration<double, std::micro>(d).count();
}

const std::string& name_of(const ClusterStatus& status, NodeId node) {
    return status.nodes.at(rank(node)).name;
}

std::string view_line(const ClusterStatus& status) {
    const NodeSummary& self = status.nodes.at(rank(status.self));
    std::string members;
    for (const NodeSummary& node : status.nodes)
        if (node.in_view) members += (members.empty() ? "" : ", ") + node.name;
    if (!status.view)
        return fmt::format("This is {}: {}, in no view yet.\n", self.name, to_string(self.status));
    return fmt::format("This is {}: {}. View {} of {}, coordinator {}{}.\n", self.name,
                       to_string(self.status), status.view->number, members,
                       name_of(status, status.view->coordinator),
                       status.installed ? "" : ", not yet accepted by all");
}

std::string quorum_line(const ClusterStatus& status) {
    if (!status.quorum) return {};
    const QuorumSummary& q = *status.quorum;
    const std::string count =
        fmt::format("Quorum: {} of {} nodes, {} needed", q.present, status.nodes.size(), q.needed);
    if (q.held()) return count + ".\n";
    if (q.ignored) return count + ": no majority, ignored in this view, as an admin asked.\n";
    return count + ": no majority, nothing is started here.\n";
}

std::string link_text(const LinkStatus& link) {
    std::string text = link.up ? "up" : "dead";
    switch (link.fault) {
        case ipc::LinkFault::kNone:
            break;
        case ipc::LinkFault::kSilent:
            text += link.heard_ago
                        ? fmt::format(", nothing heard for {}", people_time(*link.heard_ago))
                        : ", nothing heard yet";
            break;
        case ipc::LinkFault::kNoCarrier:
            text += ", no carrier";
            break;
        case ipc::LinkFault::kOneWayOut:
            text += ", one way";
            break;
    }
    if (link.up) {
        if (link.round_trip) text += fmt::format(", {:.1f} ms", to_us(*link.round_trip) / 1000.0);
        if (link.lost > 0) text += fmt::format(", {} of {} lost", link.lost, link.judged);
        if (link.lost_there.value_or(0) > 0)
            text += fmt::format(", {} % of ours", *link.lost_there);
    }
    if (link.flaps >= ipc::kLinkFlaps) text += fmt::format(", flaps: {} times dead", link.flaps);
    // That nothing is heard was said already.
    if (!link.detail.empty() && link.fault != ipc::LinkFault::kSilent) text += ": " + link.detail;
    return text;
}

std::string node_text(const ClusterStatus& status, std::size_t r) {
    const NodeSummary& node = status.nodes[r];
    std::string text = to_string(node.status);
    if (r == rank(status.self))
        text += ", this node";
    else if (!node.heard_ago)
        text += ", never heard";
    else if (node.status == NodeStatus::kDead)
        text += fmt::format(", last heard {} ago", people_time(*node.heard_ago));
    if (status.view && !node.in_view && node.status != NodeStatus::kDead)
        text += ", not in the view";
    // What a node said last of itself is no news when it is gone.
    if (node.status == NodeStatus::kDead) return text + (node.leaving ? ", left in order" : "");
    if (node.standby) text += ", on standby";
    if (node.leaving) text += ", leaving";
    if (node.isolated) text += ", isolated";
    return text;
}

std::string config_line(const NodeSummary& node, std::size_t width) {
    if (!node.config_differs.any()) return {};
    return fmt::format("  {:<{}}  not the same as here: its {} (hactl check --peer {}=DIR)\n", "",
                       width, to_string(node.config_differs), node.name);
}

std::string ping_text(const PingSummary& ping) {
    std::string text = to_string(ping.status);
    if (!ping.answered_ago)
        text += ping.status == PingState::kInit ? ", asked" : ", never answered";
    else if (ping.late || ping.status == PingState::kDead)
        text += fmt::format(", last answered {} ago", people_time(*ping.answered_ago));
    else if (ping.round_trip)
        text += fmt::format(", answers in {:.1f} ms", to_us(*ping.round_trip) / 1000.0);
    if (ping.lost > 0) text += fmt::format(", {} of {} lost", ping.lost, ping.asked);
    if (!ping.detail.empty()) text += ": " + ping.detail;
    return text;
}

std::string group_text(const ClusterStatus& status, const GroupSummary& group) {
    std::string text = to_string(group.state);
    if (group.owner) {
        text += group.state == GroupState::kStopped ? ", to run on " : " on ";
        text += name_of(status, *group.owner);
    }
    if (group.owner != group.preferred)
        text += fmt::format(" (preferred: {})", name_of(status, group.preferred));
    if (group.maintenance) text += ", in maintenance";
    if (group.age) text += fmt::format(", for {}", people_time(*group.age));
    return text;
}

}  // namespace

std::string people_time(Duration d) {
    using namespace std::chrono;
    if (d < 1s) return fmt::format("{} ms", duration_cast<milliseconds>(d).count());
    if (d < 2min) return fmt::format("{} s", duration_cast<seconds>(d).count());
    if (d < 2h) return fmt::format("{} min", duration_cast<minutes>(d).count());
    if (d < 48h) return fmt::format("{} h", duration_cast<hours>(d).count());
    return fmt::format("{} days", duration_cast<days>(d).count());
}

std::string show(const ClusterStatus& status) {
    std::size_t width = 0;
    for (const NodeSummary& node : status.nodes)
        width = std::max(width, node.name.size());
    for (const PingSummary& ping : status.pings)
        width = std::max(width, ping.name.size());
    for (const GroupSummary& group : status.groups)
        width = std::max(width, group.name.size());
    width = std::min<std::size_t>(width, 32);  // one long name does not push all others away

    std::string text = view_line(status) + quorum_line(status) + "\nNodes\n";
    for (std::size_t r = 0; r < status.nodes.size(); r++) {
        text += fmt::format("  {:<{}}  {}\n", status.nodes[r].name, width, node_text(status, r));
        if (!status.nodes[r].fence_trouble.empty())
            text += fmt::format("  {:<{}}  fence device does not answer: {}\n", "", width,
                                status.nodes[r].fence_trouble);
        text += config_line(status.nodes[r], width);
        for (const LinkStatus& link : status.nodes[r].links)
            text += fmt::format("  {:<{}}  link {} {}\n", "", width, link.name, link_text(link));
    }
    for (const PingSummary& ping : status.pings)
        text += fmt::format("  {:<{}}  {}\n", ping.name, width, ping_text(ping));
    text += "\nGroups\n";
    for (const GroupSummary& group : status.groups) {
        text += fmt::format("  {:<{}}  {}\n", group.name, width, group_text(status, group));
        if (!group.reason.empty()) text += fmt::format("  {:<{}}  {}\n", "", width, group.reason);
    }
    if (status.groups.empty()) text += "  none: haresources is empty\n";
    return text;
}

std::vector<Event> waiting_groups(const ClusterStatus& before, const ClusterStatus& after) {
    std::vector<Event> events;
    for (const GroupSummary& group : after.groups) {
        if (group.state != GroupState::kStopped && group.state != GroupState::kUnknown) continue;
        const auto old = std::ranges::find(before.groups, group.name, &GroupSummary::name);
        if (old != before.groups.end() && old->owner == group.owner && old->state == group.state &&
            old->reason == group.reason)
            continue;
        Event event{
            "group-waits",
            Level::kWarn,
            fmt::format("group {}: {}: {}", group.name, to_string(group.state), group.reason),
            {{"HB_GROUP", group.name}, {"HB_STATE", to_string(group.state)}}};
        if (group.owner) event.fields.emplace_back("HB_NODE", name_of(after, *group.owner));
        if (group.transition)
            event.fields.emplace_back("HB_TRANSITION", to_string(group.transition));
        event.fields.emplace_back("HB_REASON", group.reason);
        events.push_back(std::move(event));
    }
    return events;
}

std::string show_fence_history(const ClusterStatus& status,
                               const std::vector<FenceRecord>& history) {
    if (history.empty()) return "nothing was fenced from here since hb-fence started\n";
    std::string text;
    for (const FenceRecord& r : history)
        text += fmt::format("{} ago  {}  {}  {}: {}\n", people_time(r.ago),
                            name_of(status, r.target), r.ok ? "off" : "FAILED", r.by, r.text);
    return text;
}

}  // namespace hb::hactl
