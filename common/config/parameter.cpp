#include "common/config/parameter.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/version.hpp"

namespace hb::config {

namespace {

// Heartbeat kept times as milliseconds, and said so of those that nobody gave.
std::string milliseconds(Duration d) {
    using namespace std::chrono;
    const auto whole = duration_cast<std::chrono::milliseconds>(d);
    if (whole == d) return fmt::format("{}ms", whole.count());
    return fmt::format("{}us", duration_cast<microseconds>(d).count());
}

std::string failback(AutoFailback value) {
    switch (value) {
        case AutoFailback::kOn:
            return "on";
        case AutoFailback::kOff:
            return "off";
        case AutoFailback::kLegacy:
            return "legacy";
    }
    return {};
}

}  // namespace

std::optional<std::string> parameter(const Settings& settings, std::string_view name) {
    if (const auto it = settings.raw.find(std::string(name)); it != settings.raw.end()) {
        std::string text = it->second;
        std::ranges::replace(text, '\n', ' ');  // given on several lines
        return text;
    }
    if (name == "hbversion") return fmt::format("{} (ha-suite)", kVersion);
    if (name == "keepalive") return milliseconds(settings.keepalive);
    if (name == "deadtime") return milliseconds(settings.deadtime);
    if (name == "warntime") return milliseconds(settings.warntime);
    if (name == "initdead") return milliseconds(settings.initdead);
    if (name == "deadping") return milliseconds(settings.deadping);
    if (name == "udpport") return std::to_string(settings.udpport);
    if (name == "auto_failback") return failback(settings.auto_failback);
    if (name == "debug") return std::to_string(settings.debug);
    if (name == "crm" || name == "pacemaker") return "off";
    return std::nullopt;
}

}  // namespace hb::config
