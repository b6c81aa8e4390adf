#include "tools/hactl/json.hpp"

#include <nlohmann/json.hpp>

namespace hb::hactl {

namespace {

using Json = nlohmann::ordered_json;

Json ms(const std::optional<Duration>& d) {
    return d ? Json(std::chrono::duration_cast<std::chrono::milliseconds>(*d).count())
             : Json(nullptr);
}

Json us(const std::optional<Duration>& d) {
    return d ? Json(std::chrono::duration_cast<std::chrono::microseconds>(*d).count())
             : Json(nullptr);
}

const char* word(ipc::LinkFault fault) {
    switch (fault) {
        case ipc::LinkFault::kNone:
            return "none";
        case ipc::LinkFault::kSilent:
            return "silent";
        case ipc::LinkFault::kNoCarrier:
            return "no-carrier";
        case ipc::LinkFault::kOneWayOut:
            return "one-way";
    }
    return "?";
}

const char* word(ReloadFinding::Severity severity) {
    switch (severity) {
        case ReloadFinding::Severity::kError:
            return "error";
        case ReloadFinding::Severity::kWarning:
            return "warning";
        case ReloadFinding::Severity::kNote:
            return "note";
    }
    return "?";
}

const char* word(Level level) {
    switch (level) {
        case Level::kDebug:
            return "debug";
        case Level::kInfo:
            return "info";
        case Level::kNotice:
            return "notice";
        case Level::kWarn:
            return "warning";
        case Level::kError:
            return "error";
        case Level::kCrit:
            return "critical";
    }
    return "?";
}

Json link_json(const LinkStatus& link) {
    return {
        {"name", link.name},
        {"status", link.up ? "up" : "dead"},
        {"one_way", link.fault == ipc::LinkFault::kOneWayOut},
        {"fault", word(link.fault)},
        {"detail", link.detail},
        {"heard_ms_ago", ms(link.heard_ago)},
        {"newest_ms_ago", ms(link.newest_ago)},
        {"round_trip_us", us(link.round_trip)},
        {"judged", link.judged},
        {"lost", link.lost},
        {"lost_there_percent", link.lost_there ? Json(*link.lost_there) : Json()},
        {"flaps", link.flaps},
    };
}

Json node_json(const NodeSummary& node) {
    Json links = Json::array(), files = Json::array();
    if (node.config_differs.ha_cf) files.push_back("ha.cf");
    if (node.config_differs.haresources) files.push_back("haresources");
    for (const LinkStatus& link : node.links)
        links.push_back(link_json(link));
    return {
        {"name", node.name},
        {"status", to_string(node.status)},
        {"in_view", node.in_view},
        {"standby", node.standby},
        {"leaving", node.leaving},
        {"isolated", node.isolated},
        {"heard_ms_ago", ms(node.heard_ago)},
        {"fence_trouble", node.fence_trouble},
        {"config_differs", files},
        {"links", links},
    };
}

Json group_json(const ClusterStatus& status, const GroupSummary& group) {
    const auto name = [&](NodeId node) { return status.nodes.at(rank(node)).name; };
    Json nodes = Json::object();
    for (const auto& [node, state] : group.by_node)
        nodes[name(node)] = to_string(state);
    return {
        {"name", group.name},
        {"preferred", name(group.preferred)},
        {"owner", group.owner ? Json(name(*group.owner)) : Json(nullptr)},
        {"state", to_string(group.state)},
        {"reason", group.reason},
        {"age_ms", ms(group.age)},
        {"nodes", nodes},
        {"maintenance", group.maintenance},
        {"transition", group.transition ? Json(to_string(group.transition)) : Json(nullptr)},
    };
}

Json ping_json(const PingSummary& ping) {
    return {
        {"name", ping.name},
        {"status", to_string(ping.status)},
        {"late", ping.late},
        {"answered_ms_ago", ms(ping.answered_ago)},
        {"round_trip_us", us(ping.round_trip)},
        {"asked", ping.asked},
        {"lost", ping.lost},
        {"detail", ping.detail},
    };
}

Json view_json(const ClusterStatus& status) {
    if (!status.view) return nullptr;
    Json members = Json::array();
    for (const NodeSummary& node : status.nodes)
        if (node.in_view) members.push_back(node.name);
    return {
        {"number", status.view->number},
        {"coordinator", status.nodes.at(rank(status.view->coordinator)).name},
        {"members", members},
        {"installed", status.installed},
    };
}

Json quorum_json(const std::optional<QuorumSummary>& quorum) {
    if (!quorum) return nullptr;
    return {
        {"present", quorum->present},
        {"needed", quorum->needed},
        {"held", quorum->held()},
        {"ignored", quorum->ignored},
    };
}

}  // namespace

std::string status_json(const ClusterStatus& status, int indent) {
    const NodeSummary& self = status.nodes.at(rank(status.self));
    Json nodes = Json::array(), groups = Json::array(), pings = Json::array();
    for (const NodeSummary& node : status.nodes)
        nodes.push_back(node_json(node));
    for (const GroupSummary& group : status.groups)
        groups.push_back(group_json(status, group));
    for (const PingSummary& ping : status.pings)
        pings.push_back(ping_json(ping));
    const Json json = {
        {"version", 1},
        {"node", self.name},
        {"status", to_string(self.status)},
        {"view", view_json(status)},
        {"quorum", quorum_json(status.quorum)},
        {"nodes", nodes},
        {"ping_nodes", pings},
        {"groups", groups},
    };
    return json.dump(indent);
}

std::string event_json(const Event& event, std::int64_t when) {
    Json fields = Json::object();
    for (const auto& [key, value] : event.fields)
        fields[key] = value;
    const Json json = {
        {"version", 1},       {"time_ms", when},  {"event", event.id}, {"level", word(event.level)},
        {"text", event.text}, {"fields", fields},
    };
    return json.dump();
}

std::string fence_history_json(const ClusterStatus& status,
                               const std::vector<FenceRecord>& history) {
    Json all = Json::array();
    for (const FenceRecord& r : history)
        all.push_back({{"target", status.nodes.at(rank(r.target)).name},
                       {"ok", r.ok},
                       {"by", r.by},
                       {"text", r.text},
                       {"ago_ms", ms(r.ago)}});
    return Json{{"history", all}}.dump(2);
}

std::string reload_json(const ReloadOutcome& outcome, bool dry_run) {
    const auto text = [](const std::string& t) { return t.empty() ? Json(nullptr) : Json(t); };
    Json changes = Json::array(), findings = Json::array();
    for (const ReloadChange& c : outcome.changes)
        changes.push_back({{"at", text(c.at)},
                           {"what", c.what},
                           {"before", text(c.before)},
                           {"after", text(c.after)},
                           {"refused", text(c.refused)},
                           {"note", text(c.note)}});
    for (const ReloadFinding& f : outcome.findings)
        findings.push_back({{"at", text(f.at)}, {"severity", word(f.severity)}, {"text", f.text}});
    return Json{{"ok", outcome.ok},   {"dry_run", dry_run},   {"text", outcome.text},
                {"changes", changes}, {"findings", findings}, {"more", outcome.more}}
        .dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace hb::hactl
