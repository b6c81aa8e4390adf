// Watchdog: the device, fed as WatchdogCore allows it, from the master's loop: a master that hangs
// feeds nothing.
#pragma once

#include <optional>
#include <string>

#include "common/config/settings.hpp"
#include "common/log/logger.hpp"
#include "common/runtime/event_loop.hpp"
#include "common/runtime/events.hpp"
#include "daemons/hb-master/watchdog_core.hpp"
#include "daemons/hb-master/watchdog_device.hpp"

namespace hb::master {

// Opens and arms the device; none: it was said why, and nothing is armed.
[[nodiscard]] std::optional<WatchdogDevice> arm_watchdog(const config::Settings& settings,
                                                         log::Logger& log);

class Watchdog {
  public:
    // Armed already, by opening the device. Feeding begins now. A file in `run_dir` is there as
    // long as it is armed: who finds it at a start comes after a suite that died.
    Watchdog(runtime::EventLoop& loop, log::Logger& log, WatchdogDevice device,
             const config::Settings& settings, const std::string& run_dir);
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

    void report(Program program, bool well);
    // The suite ended, and nothing of it is left.
    void disarm();
    // The suite ended, and something could not be stopped: this host is reset when the device has
    // run off, unless somebody feeds it.
    void leave_armed();

  private:
    void turn() noexcept;

    log::Logger& log_;
    std::string mark_;
    WatchdogDevice device_;
    Duration every_;
    WatchdogCore core_;
    bool has_said_refused_ = false;
    runtime::Timer timer_;
};

}  // namespace hb::master
