#include "daemons/hb-master/watchdog_shell.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "common/base/watchdog_times.hpp"
#include "common/runtime/system_clock.hpp"

namespace hb::master {

// A start without the watchdog that was asked for would be a promise broken in silence.
std::optional<WatchdogDevice> arm_watchdog(const config::Settings& settings, log::Logger& log) {
    const Duration wanted = watchdog_timeout(settings.deadtime);
    Result<WatchdogDevice> device = WatchdogDevice::open(settings.watchdog, wanted);
    if (!device) {
        log.log(Level::kError, "watchdog-not-opened", device.error().text);
        return std::nullopt;
    }
    const std::optional<Duration> granted = device->timeout();
    const bool is_right = granted && *granted <= wanted;
    log.log(Level::kNotice, "watchdog-armed",
            fmt::format("Using watchdog device: {}{}, timeout {}", settings.watchdog,
                        device->identity().empty() ? "" : " (" + device->identity() + ")",
                        granted ? to_string(*granted) : "unknown"));
    if (is_right) return std::move(*device);
    const std::string problem =
        fmt::format("the watchdog's timeout should be {}: {}", to_string(wanted),
                    !device->note().empty() ? device->note()
                    : granted ? fmt::format("the device made {} of it", to_string(*granted))
                              : "the device does not say what it is");
    // Others would count on a reset that comes later than they think.
    if (settings.watchdog_evidence) {
        log.log(Level::kError, "watchdog-timeout",
                problem + ", and 'watchdog_evidence on' counts on it");
        (void)device->disarm();
        return std::nullopt;
    }
    log.log(Level::kWarn, "watchdog-timeout", problem);
    return std::move(*device);
}

Watchdog::Watchdog(runtime::EventLoop& loop, log::Logger& log, WatchdogDevice device,
                   const config::Settings& settings, const std::string& run_dir)
    : log_(log),
      mark_(run_dir + "/watchdog-armed"),
      device_(std::move(device)),
      every_(watchdog_report_interval(settings.deadtime)),
      core_(watchdog_report_limit(settings.deadtime),
            ::access(mark_.c_str(), F_OK) == 0 ? watchdog_restart_limit(settings.deadtime)
                                               : watchdog_start_limit(settings.deadtime),
            runtime::now()),
      timer_(loop, [this]() noexcept { turn(); }) {
    const runtime::UniqueFd mark(::open(mark_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    if (!mark)
        log_.log(Level::kWarn, "watchdog-mark",
                 fmt::format("cannot create {}: {}", mark_, ::strerror(errno)));
    turn();
}

void Watchdog::report(Program program, bool well) {
    core_.report(program, well, runtime::now());
}

void Watchdog::turn() noexcept {
    timer_.arm(runtime::now() + every_);
    std::vector<Event> events;
    const bool may = core_.may_feed(runtime::now(), events);
    // What is said first may be the last that is heard of this host.
    for (const Event& event : events)
        log_.log(event);
    if (!may || device_.feed() || has_said_refused_) return;
    has_said_refused_ = true;
    log_.log(Level::kError, "watchdog-refused",
             "the watchdog device refuses to be fed: this host may be reset");
}

void Watchdog::disarm() {
    timer_.disarm();
    ::unlink(mark_.c_str());
    if (device_.disarm())
        log_.log(Level::kInfo, "watchdog-disarmed", "the watchdog is disarmed");
    else
        log_.log(Level::kCrit, "watchdog-armed",
                 "the watchdog device cannot be disarmed (its driver has nowayout set): this host "
                 "will be reset unless the suite is started again in time");
}

void Watchdog::leave_armed() {
    timer_.disarm();
    log_.log(Level::kCrit, "watchdog-armed",
             "not everything could be stopped: the watchdog is left armed, this host will be reset "
             "so that others can take over");
}

}  // namespace hb::master
