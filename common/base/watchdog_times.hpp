// The arithmetic of watchdogs (docs/watchdog.md): how often daemons report that they are well, how
// long hb-master believes it, what the device is set to, and when a host that had to let go has
// surely been reset.
//
// All of it follows from deadtime, so that a node knows it of every other.
#pragma once

#include <algorithm>

#include "common/base/time.hpp"

namespace hb {

// Between two reports of a daemon.
[[nodiscard]] constexpr Duration watchdog_report_interval(Duration deadtime) {
    return std::clamp<Duration>(deadtime / 8, 5ms, 1s);
}

// A daemon that reported nothing for so long is not well: the device is fed no more. A respawn
// takes much less.
[[nodiscard]] constexpr Duration watchdog_report_limit(Duration deadtime) {
    return deadtime;
}

// The first reports may take longer. After a suite that died while the device was armed, something
// of it may still be here, and others count on a reset.
[[nodiscard]] constexpr Duration watchdog_restart_limit(Duration deadtime) {
    return std::max<Duration>(5s, watchdog_report_limit(deadtime));
}

// After a boot, or an orderly end, there is nothing that could have to be let go of before
// hb-resource reports for the first time: a host that boots is busy, and is not reset for that.
[[nodiscard]] constexpr Duration watchdog_start_limit(Duration deadtime) {
    return std::max<Duration>(60s, watchdog_restart_limit(deadtime));
}

// What the device is set to: Heartbeat's figure, deadtime in whole seconds and never less than
// it. Devices count seconds.
[[nodiscard]] constexpr Duration watchdog_timeout(Duration deadtime) {
    return std::chrono::ceil<std::chrono::seconds>(deadtime + 10ms);
}

// From the instant when a host's hb-resource had to say that it is not well (d + T after the loss
// of its majority, G5) until the device has surely reset it: what it said before is believed for
// the limit, also by an hb-master that was just started anew; then the device runs off; one second
// for a device that counts in seconds.
[[nodiscard]] constexpr Duration watchdog_surely_fired(Duration deadtime) {
    return watchdog_restart_limit(deadtime) + watchdog_timeout(deadtime) + 1s;
}

}  // namespace hb
