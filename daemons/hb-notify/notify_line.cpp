#include "daemons/hb-notify/notify_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

namespace hb::notify {

namespace {

using Json = nlohmann::ordered_json;

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

struct Kind {
    const char* event;             // as programs know it
    const char* status = nullptr;  // if the event's own name says it
};
// Log names may change; these words do not.
const Kind* kind_of(std::string_view id) {
    static const std::map<std::string_view, Kind> kKinds = {
        {"local-status", {"node"}},           {"node-status", {"node"}},
        {"node-dead", {"node", "dead"}},      {"late-heartbeat", {"node-late"}},
        {"node-restart", {"node-restart"}},   {"after-partition", {"partition-healed"}},
        {"node-left-out", {"node-left-out"}}, {"link-up", {"link", "up"}},
        {"link-dead", {"link", "dead"}},      {"link-one-way", {"link", "one-way"}},
        {"group-state", {"group"}},           {"group-failed", {"group"}},
        {"group-reason", {"group-reason"}},
    };
    const auto found = kKinds.find(id);
    return found == kKinds.end() ? nullptr : &found->second;
}

std::string time_text(std::int64_t ms) {
    const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                       utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, ms % 1000);
}

Json head(const char* event, const Stamp& stamp) {
    return {{"version", 1},
            {"number", stamp.number},
            {"time", time_text(stamp.time_ms)},
            {"host", stamp.host},
            {"event", event}};
}

// What scripts printed may be anything: a line is always valid JSON.
std::string text_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// HB_INTERVAL_MS becomes "interval_ms", a number where it is one by nature.
void put_field(Json& json, std::string_view key, const std::string& value) {
    if (!key.starts_with("HB_")) return;
    std::string name(key.substr(3));
    std::ranges::transform(name, name.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    std::int64_t number = 0;
    const auto read = std::from_chars(value.data(), value.data() + value.size(), number);
    const bool is_number = (name == "interval_ms" || name == "generation") &&
                           read.ec == std::errc{} && read.ptr == value.data() + value.size();
    if (is_number)
        json[name] = number;
    else
        json[name] = value;
}

const std::string& name_of(const ClusterStatus& status, NodeId node) {
    return status.nodes.at(rank(node)).name;
}

Json view_json(const ClusterStatus& status) {
    if (!status.view) return nullptr;
    Json members = Json::array();
    for (const NodeSummary& node : status.nodes)
        if (node.in_view) members.push_back(node.name);
    return {{"number", status.view->number},
            {"coordinator", name_of(status, status.view->coordinator)},
            {"members", members}};
}

}  // namespace

std::optional<std::string> event_line(const Event& event, const Stamp& stamp) {
    const Kind* kind = kind_of(event.id);
    // What has no word of its own is told when it matters.
    if (kind == nullptr && event.level < Level::kWarn) return std::nullopt;
    Json json = head(kind != nullptr ? kind->event : "message", stamp);
    if (kind == nullptr) json["name"] = event.id;
    if (event.id == "local-status") json["node"] = stamp.host;
    for (const auto& [key, value] : event.fields)
        put_field(json, key, value);
    if (kind != nullptr && kind->status != nullptr) json["status"] = kind->status;
    json["level"] = word(event.level);
    json["text"] = event.text;
    return text_of(json);
}

std::string snapshot_line(const ClusterStatus& status, const Stamp& stamp) {
    Json json = head("snapshot", stamp);
    json["view"] = view_json(status);
    Json nodes = Json::array();
    for (const NodeSummary& node : status.nodes)
        nodes.push_back({{"name", node.name},
                         {"status", to_string(node.status)},
                         {"in_view", node.in_view},
                         {"standby", node.standby}});
    json["nodes"] = std::move(nodes);
    Json groups = Json::array();
    for (const GroupSummary& group : status.groups)
        groups.push_back({{"name", group.name},
                          {"owner", group.owner ? Json(name_of(status, *group.owner)) : nullptr},
                          {"state", to_string(group.state)},
                          {"reason", group.reason}});
    json["groups"] = std::move(groups);
    return text_of(json);
}

std::string view_line(const ClusterStatus& status, const Stamp& stamp) {
    Json json = head("view", stamp);
    json["view"] = view_json(status);
    return text_of(json);
}

std::string lost_line(std::uint64_t lost, const Stamp& stamp) {
    Json json = head("lost", stamp);
    json["count"] = lost;
    return text_of(json);
}

StatusNews news_of(const ClusterStatus& before, const ClusterStatus& after) {
    StatusNews news;
    news.view = before.view != after.view;
    for (const GroupSummary& group : after.groups) {
        const auto old = std::ranges::find(before.groups, group.name, &GroupSummary::name);
        if (group.reason.empty() || (old != before.groups.end() && old->reason == group.reason))
            continue;
        const bool runs =
            group.state == GroupState::kRunning || group.state == GroupState::kStarting;
        Event event{
            "group-reason",
            runs ? Level::kInfo : Level::kWarn,
            fmt::format("group {}: {}: {}", group.name, to_string(group.state), group.reason),
            {{"HB_GROUP", group.name}, {"HB_STATE", to_string(group.state)}}};
        if (group.owner) event.fields.emplace_back("HB_NODE", name_of(after, *group.owner));
        if (group.transition)
            event.fields.emplace_back("HB_TRANSITION", to_string(group.transition));
        event.fields.emplace_back("HB_REASON", group.reason);
        news.events.push_back(std::move(event));
    }
    return news;
}

}  // namespace hb::notify
