#include "daemons/hb-notify/rc_hooks.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace hb::notify {

namespace {

constexpr std::string_view kStatus = "status";
constexpr std::string_view kLink = "ifstat";
constexpr std::string_view kTake = "ip-request-resp";

std::string field(const Event& event, std::string_view key) {
    for (const auto& [name, value] : event.fields)
        if (name == key) return value;
    return {};
}

// A value of the environment ends at a NUL, and scripts read lines.
std::string one_line(std::string value) {
    std::ranges::replace_if(
        value, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
    return value;
}

HookCall call(std::string_view type,
              const std::vector<std::pair<const char*, std::string>>& values) {
    HookCall made{std::string(type), {"HA_t=" + std::string(type)}};
    for (const auto& [name, value] : values)
        made.environment.push_back("HA_" + std::string(name) + "=" + one_line(value));
    return made;
}

}  // namespace

std::optional<HookCall> RcHooks::status_call(const std::string& node, const std::string& status) {
    const std::string before = std::exchange(status_[node], status);
    if (before == status) return std::nullopt;
    return call(kStatus, {{"src", node}, {"st", status}, {"OSTATUS", before}});
}

std::vector<HookCall> RcHooks::catch_up(const ClusterStatus& status) {
    std::vector<HookCall> calls;
    for (const NodeSummary& node : status.nodes) {
        if (node.name == self_) continue;
        if (status_.emplace(node.name, to_string(node.status)).second) continue;
        if (auto made = status_call(node.name, to_string(node.status)))
            calls.push_back(std::move(*made));
    }
    return calls;
}

std::optional<HookCall> RcHooks::call_for(const Event& event) {
    const std::string node = field(event, "HB_NODE");
    if (event.id == "node-status") return status_call(node, field(event, "HB_STATUS"));
    if (event.id == "node-dead") return status_call(node, "dead");
    if (event.id == "link-up" || event.id == "link-dead")
        return call(kLink, {{"src", self_},
                            {"node", node},
                            {"ifname", field(event, "HB_LINK")},
                            {"st", event.id == "link-up" ? "up" : "dead"}});
    if (event.id == "group-state" && node == self_ && field(event, "HB_STATE") == "starting")
        return call(
            kTake,
            {{"src", self_}, {"dest", self_}, {"ipaddr", field(event, "HB_GROUP")}, {"ok", "OK"}});
    return std::nullopt;
}

}  // namespace hb::notify
