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
std::optional<ArmedWatchdog> arm_watchdog(const config::Settings& settings,
                                          const std::string& run_dir, log::Logger& log) {
    const std::string mark = run_dir + "/watchdog-armed";
    const bool after_a_death = ::access(mark.c_str(), F_OK) == 0;
    const auto refuse = [&](const std::string& why) {
        log.log(Level::kError, "watchdog-refused", why);
        if (!after_a_death) ::unlink(mark.c_str());
        return std::nullopt;
    };
    if (!runtime::UniqueFd(::open(mark.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)))
        return refuse(fmt::format("cannot create {}: {}", mark, ::strerror(errno)));
    Result<WatchdogDevice> device =
        WatchdogDevice::open(settings.watchdog, watchdog_timeout(settings.deadtime));
    if (!device) return refuse(device.error().text);
    const DeviceFacts& facts = device->facts();
    log.log(Level::kNotice, "watchdog-armed",
            fmt::format("Using watchdog device: {}{}, timeout {}", settings.watchdog,
                        facts.identity.empty() ? "" : " (" + facts.identity + ")",
                        facts.timeout ? to_string(*facts.timeout) : "unknown"));
    for (const std::string& problem : problems_of(facts, settings.deadtime)) {
        if (!settings.watchdog_evidence) {
            log.log(Level::kWarn, "watchdog-unfit", problem);
            continue;
        }
        // Others would count on a reset that comes later than they think, or not at all.
        if (!after_a_death) (void)device->disarm();
        return refuse(problem + ", and 'watchdog_evidence on' counts on it");
    }
    return ArmedWatchdog{std::move(*device), mark, after_a_death};
}

Watchdog::Watchdog(runtime::EventLoop& loop, log::Logger& log, ArmedWatchdog armed,
                   Duration deadtime)
    : log_(log),
      armed_(std::move(armed)),
      every_(watchdog_report_interval(deadtime)),
      core_(
          watchdog_report_limit(deadtime),
          armed_.after_a_death ? watchdog_restart_limit(deadtime) : watchdog_start_limit(deadtime),
          runtime::now()),
      timer_(loop, [this]() noexcept { turn(); }) {
    turn();
}

Watchdog::~Watchdog() {
    if (is_over_) return;
    log_.log(Level::kCrit, "watchdog-stays-armed",
             "something may still be here that could not be stopped: the watchdog is left armed, "
             "this host will be reset so that others can take over");
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
    if (!may || armed_.device.feed() || has_said_refused_) return;
    has_said_refused_ = true;
    log_.log(Level::kError, "watchdog-not-fed",
             "the watchdog device refuses to be fed: this host may be reset");
}

void Watchdog::resources_ended(ResourcesEnded::Rest rest) {
    const bool nothing_is_left = rest == ResourcesEnded::Rest::kNothing ||
                                 (rest == ResourcesEnded::Rest::kNeverRan && !armed_.after_a_death);
    timer_.disarm();
    if (!nothing_is_left) return;
    is_over_ = true;
    ::unlink(armed_.mark.c_str());
    if (armed_.device.disarm())
        log_.log(Level::kInfo, "watchdog-disarmed", "the watchdog is disarmed");
    else
        log_.log(Level::kCrit, "watchdog-stays-armed",
                 "the watchdog device cannot be disarmed (its driver has nowayout set): this host "
                 "will be reset unless the suite is started again in time");
}

}  // namespace hb::master
