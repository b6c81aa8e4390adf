#include "common/runtime/sd_service.hpp"

#include <systemd/sd-daemon.h>

#include "common/runtime/system_clock.hpp"

namespace hb::runtime {

SdService::SdService(EventLoop& loop) {
    std::uint64_t microseconds = 0;
    if (::sd_watchdog_enabled(0, &microseconds) <= 0) return;
    pet_every_ = std::chrono::microseconds(microseconds) / 2;
    watchdog_ = std::make_unique<Timer>(loop, [this]() noexcept { pet(); });
    pet();
}

void SdService::pet() noexcept {
    ::sd_notify(0, "WATCHDOG=1");
    watchdog_->arm(now() + pet_every_);
}

void SdService::ready(const std::string& status) {
    ::sd_notify(0, ("READY=1\nSTATUS=" + status).c_str());
}

void SdService::status(const std::string& text) {
    ::sd_notify(0, ("STATUS=" + text).c_str());
}

void SdService::reloading() {
    ::sd_notify(0, "RELOADING=1");
}

void SdService::stopping(const std::string& status) {
    ::sd_notify(0, ("STOPPING=1\nSTATUS=" + status).c_str());
}

}  // namespace hb::runtime
