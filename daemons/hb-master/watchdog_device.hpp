// WatchdogDevice: the kernel's watchdog of this host (Linux, Documentation/watchdog/watchdog-api).
//
// Opening arms it: from then on the host is reset unless feed() is called within the timeout. It is
// disarmed by disarm() only (the "magic close"); a process that dies, however, leaves it armed.
// The device is never opened twice, and never passed on to a child.
#pragma once

#include <optional>
#include <string>

#include "common/base/result.hpp"
#include "common/base/time.hpp"
#include "common/runtime/unique_fd.hpp"

namespace hb::master {

class WatchdogDevice {
  public:
    // Whole seconds. The error says what is wrong with the device, for people.
    [[nodiscard]] static Result<WatchdogDevice> open(const std::string& path, Duration timeout);
    WatchdogDevice(WatchdogDevice&&) = default;
    WatchdogDevice& operator=(WatchdogDevice&&) = default;

    // What the device says it will wait; none: it does not say.
    [[nodiscard]] std::optional<Duration> timeout() const { return timeout_; }
    [[nodiscard]] const std::string& identity() const { return identity_; }  // may be empty
    // What could not be done as asked, for a warning; empty: nothing.
    [[nodiscard]] const std::string& note() const { return note_; }

    [[nodiscard]] bool feed();
    // False: the device took no magic close (nowayout) and stays armed.
    [[nodiscard]] bool disarm();

  private:
    WatchdogDevice(runtime::UniqueFd fd, Duration timeout);

    runtime::UniqueFd fd_;
    std::optional<Duration> timeout_;
    std::string identity_;
    std::string note_;
    bool can_disarm_ = true;
};

}  // namespace hb::master
