#include "daemons/hb-master/watchdog_core.hpp"

#include <fmt/format.h>

#include "common/base/watchdog_times.hpp"

namespace hb::master {

namespace {

constexpr Program kWatched[] = {Program::kComm, Program::kMembership, Program::kResource};

}  // namespace

std::vector<std::string> problems_of(const DeviceFacts& device, Duration deadtime) {
    std::vector<std::string> problems;
    if (!device.stays_armed)
        problems.emplace_back(
            "the watchdog's driver disarms it when its holder dies: a crash of hb-master resets "
            "nothing");
    const Duration wanted = watchdog_timeout(deadtime);
    if (!device.timeout)
        problems.push_back(fmt::format(
            "the watchdog's timeout should be {}: {}", to_string(wanted),
            device.refusal.empty() ? "the device does not say what it is" : device.refusal));
    else if (*device.timeout > wanted)
        problems.push_back(fmt::format("the watchdog's timeout should be {}, and is {}{}{}",
                                       to_string(wanted), to_string(*device.timeout),
                                       device.refusal.empty() ? "" : ": ", device.refusal));
    else if (*device.timeout < 2 * watchdog_report_interval(deadtime))
        problems.push_back(
            fmt::format("the watchdog's timeout is {}: too short for a device that is fed every {}",
                        to_string(*device.timeout), to_string(watchdog_report_interval(deadtime))));
    return problems;
}

WatchdogCore::WatchdogCore(Duration limit, Duration start_limit, MonoTime now) : limit_(limit) {
    for (const Program program : kWatched)
        health_[program].until = now + start_limit;
}

void WatchdogCore::report(Program program, bool well, MonoTime now) {
    const auto at = health_.find(program);
    if (at == health_.end()) return;
    at->second.well = well;
    if (well) at->second.until = now + limit_;
}

std::string WatchdogCore::what_is_wrong(MonoTime now) const {
    std::string text;
    for (const auto& [program, health] : health_) {
        if (health.well && now < health.until) continue;
        if (!text.empty()) text += ", ";
        text += health.well
                    ? fmt::format("{} has not reported for {} ms", to_string(program),
                                  to_ms(limit_ + (now - health.until)))
                    : fmt::format("{} could not let go of what it had to", to_string(program));
    }
    return text;
}

bool WatchdogCore::may_feed(MonoTime now, std::vector<Event>& events) {
    const std::string wrong = what_is_wrong(now);
    if (wrong.empty()) {
        if (starved_since_)
            events.push_back({.id = "watchdog-fed-again",
                              .level = Level::kWarn,
                              .text = fmt::format("the watchdog is fed again, after {} ms",
                                                  to_ms(now - *starved_since_)),
                              .fields = {}});
        starved_since_.reset();
        return true;
    }
    if (!starved_since_)
        events.push_back(
            {.id = "watchdog-starved",
             .level = Level::kCrit,
             .text = fmt::format("the watchdog is fed no more: {}; this host will be reset", wrong),
             .fields = {{"HB_REASON", wrong}}});
    if (!starved_since_) starved_since_ = now;
    return false;
}

}  // namespace hb::master
