// WatchdogDevice: the kernel's watchdog of this host (Linux, Documentation/watchdog/watchdog-api).
//
// Opening arms it: from then on the host is reset unless feed() is called within the timeout. A
// driver with the "magic close" stays armed when its holder dies, one without is disarmed by that.
// The device is never opened twice, and never passed on to a child.
#pragma once

#include <string>

#include "common/base/result.hpp"
#include "common/base/time.hpp"
#include "common/runtime/unique_fd.hpp"
#include "daemons/hb-master/watchdog_core.hpp"

namespace hb::master {

class WatchdogDevice {
  public:
    // Whole seconds. The error says what is wrong with the device, for people; a file that is no
    // watchdog is one, and nothing was written into it.
    [[nodiscard]] static Result<WatchdogDevice> open(const std::string& path, Duration timeout);
    WatchdogDevice(WatchdogDevice&&) = default;
    WatchdogDevice& operator=(WatchdogDevice&&) = default;

    [[nodiscard]] const DeviceFacts& facts() const { return facts_; }

    [[nodiscard]] bool feed();
    // And closes it. False: the driver refuses (nowayout), it stays armed.
    [[nodiscard]] bool disarm();

  private:
    WatchdogDevice(runtime::UniqueFd fd, DeviceFacts facts);

    runtime::UniqueFd fd_;
    DeviceFacts facts_;
};

}  // namespace hb::master
