// A watchdog device for a node of the lab: a FIFO at /run/watchdog, and behind it a clock that runs
// off as a driver's does. The first byte arms it, every byte feeds it, a 'V' as the last word
// before the close disarms it, and the death of who held it does not.
//
// It does not reset the node by itself: a test waits for expired() and presses the button, in its
// own thread. What ioctls it has is the affair of watchdog_shim.cpp.
#pragma once

#include <atomic>
#include <map>
#include <optional>
#include <string>
#include <thread>

#include "tests/lab/lab.hpp"

namespace hb::lab {

class WatchdogStandIn {
  public:
    static constexpr const char* kPath = "/run/watchdog";

    // Of a node that is on, until it is off.
    WatchdogStandIn(Lab& lab, unsigned node, Duration timeout);
    ~WatchdogStandIn();
    WatchdogStandIn(const WatchdogStandIn&) = delete;
    WatchdogStandIn& operator=(const WatchdogStandIn&) = delete;

    [[nodiscard]] bool armed() const { return armed_; }
    [[nodiscard]] bool expired() const { return expired_; }

    // For the environment of hb-master.
    [[nodiscard]] static std::map<std::string, std::string> environment();

  private:
    void loop();
    void take(const char* bytes, std::size_t count);

    Lab& lab_;
    const unsigned node_;
    const Duration timeout_;
    Fd fifo_;
    Fd stop_;
    bool last_was_v_ = false;
    LabTime fed_{};
    std::atomic<bool> armed_ = false;
    std::atomic<bool> expired_ = false;
    std::thread thread_;
};

}  // namespace hb::lab
