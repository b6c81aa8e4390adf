// SdService: what the service manager is told. Without NOTIFY_SOCKET every call does nothing.
#pragma once

#include <memory>
#include <string>

#include "common/runtime/event_loop.hpp"
#include "common/runtime/events.hpp"

namespace hb::runtime {

class SdService {
  public:
    // With WatchdogSec= in the unit: WATCHDOG=1 at half that time, from this loop.
    explicit SdService(EventLoop& loop);
    void ready(const std::string& status);
    void status(const std::string& text);
    void reloading();
    void stopping(const std::string& status);

  private:
    void pet() noexcept;
    Duration pet_every_{};
    std::unique_ptr<Timer> watchdog_;
};

}  // namespace hb::runtime
