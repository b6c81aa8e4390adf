#include "daemons/hb-master/watchdog_device.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/watchdog.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace hb::master {

namespace {

std::string advice(int error) {
    switch (error) {
        case ENOENT:
        case ENODEV:
        case ENXIO:
            return ": no driver is loaded for it (softdog is one for hosts without such hardware: "
                   "modprobe softdog)";
        case EBUSY:
            return ": another program holds it (systemd's RuntimeWatchdogSec=, or watchdogd)";
        case ENOTTY:
            return ": it is no watchdog device";
        default:
            return {};
    }
}

std::unexpected<Error> cannot_open(const std::string& path, int error) {
    return failure(fmt::format("Cannot open watchdog device: {}: {}{}", path, ::strerror(error),
                               advice(error)));
}

}  // namespace

Result<WatchdogDevice> WatchdogDevice::open(const std::string& path, Duration timeout) {
    // Without O_NONBLOCK a path that is no device could keep us for ever.
    runtime::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return cannot_open(path, errno);
    watchdog_info info{};
    if (::ioctl(fd.get(), WDIOC_GETSUPPORT, &info) != 0) return cannot_open(path, errno);
    const char* const name = reinterpret_cast<const char*>(info.identity);
    DeviceFacts facts{.identity = std::string(name, ::strnlen(name, sizeof info.identity)),
                      .timeout = {},
                      .stays_armed = (info.options & WDIOF_MAGICCLOSE) != 0,
                      .refusal = {}};
    int seconds = static_cast<int>(std::chrono::ceil<std::chrono::seconds>(timeout).count());
    if (::ioctl(fd.get(), WDIOC_SETTIMEOUT, &seconds) != 0)
        facts.refusal =
            fmt::format("its timeout cannot be set to {} s: {}", seconds, ::strerror(errno));
    int granted = 0;
    if (::ioctl(fd.get(), WDIOC_GETTIMEOUT, &granted) == 0 && granted > 0)
        facts.timeout = std::chrono::seconds(granted);
    return WatchdogDevice(std::move(fd), std::move(facts));
}

WatchdogDevice::WatchdogDevice(runtime::UniqueFd fd, DeviceFacts facts)
    : fd_(std::move(fd)), facts_(std::move(facts)) {}

bool WatchdogDevice::feed() {
    return ::write(fd_.get(), "\0", 1) == 1;
}

bool WatchdogDevice::disarm() {
    // What the driver says to this is the truth; the magic close alone tells nobody how it ended.
    int options = WDIOS_DISABLECARD;
    const bool refused = ::ioctl(fd_.get(), WDIOC_SETOPTIONS, &options) != 0 && errno != ENOTTY &&
                         errno != EOPNOTSUPP;
    const bool told = ::write(fd_.get(), "V", 1) == 1;
    fd_.reset();
    return told && !refused;
}

}  // namespace hb::master
