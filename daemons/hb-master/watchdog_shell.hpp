// Watchdog: the device, fed as WatchdogCore allows it, from the master's loop: a master that hangs
// feeds nothing.
//
// A file in the run directory, the mark, is there as long as the device is armed: who finds it at a
// start comes after a suite that died. What that suite armed is never disarmed by a start that
// fails.
#pragma once

#include <optional>
#include <string>

#include "common/config/settings.hpp"
#include "common/log/logger.hpp"
#include "common/runtime/event_loop.hpp"
#include "common/runtime/events.hpp"
#include "daemons/hb-master/supervisor_core.hpp"
#include "daemons/hb-master/watchdog_core.hpp"
#include "daemons/hb-master/watchdog_device.hpp"

namespace hb::master {

struct ArmedWatchdog {
    WatchdogDevice device;
    std::string mark;
    bool after_a_death = false;  // of the suite before
};

// Opens and arms the device; none: it was said why, and nothing is armed that was not before.
[[nodiscard]] std::optional<ArmedWatchdog> arm_watchdog(const config::Settings& settings,
                                                        const std::string& run_dir,
                                                        log::Logger& log);

class Watchdog {
  public:
    // Feeding begins now.
    Watchdog(runtime::EventLoop& loop, log::Logger& log, ArmedWatchdog armed, Duration deadtime);
    // Still armed: this host is reset when the device has run off, unless somebody feeds it.
    ~Watchdog();
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

    void report(Program program, bool well);
    // Disarms it if nothing is left.
    void resources_ended(ResourcesEnded::Rest rest);

  private:
    void turn() noexcept;

    log::Logger& log_;
    ArmedWatchdog armed_;
    bool is_over_ = false;  // nothing is left: fed no more, said how it ended
    Duration every_;
    WatchdogCore core_;
    bool has_said_refused_ = false;
    runtime::Timer timer_;
};

}  // namespace hb::master
