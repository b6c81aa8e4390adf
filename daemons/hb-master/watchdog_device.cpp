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
        default:
            return {};
    }
}

}  // namespace

Result<WatchdogDevice> WatchdogDevice::open(const std::string& path, Duration timeout) {
    // Without O_NONBLOCK a path that is no device could keep us for ever.
    runtime::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
    if (!fd && errno == ELOOP)  // /dev/watchdog may be a link of udev's
        fd = runtime::UniqueFd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd)
        return failure(fmt::format("Cannot open watchdog device: {}: {}{}", path,
                                   ::strerror(errno), advice(errno)));
    return WatchdogDevice(std::move(fd), timeout);
}

WatchdogDevice::WatchdogDevice(runtime::UniqueFd fd, Duration timeout) : fd_(std::move(fd)) {
    watchdog_info info{};
    if (::ioctl(fd_.get(), WDIOC_GETSUPPORT, &info) == 0) {
        const char* const name = reinterpret_cast<const char*>(info.identity);
        identity_ = std::string(name, ::strnlen(name, sizeof info.identity));
        can_disarm_ = (info.options & WDIOF_MAGICCLOSE) != 0;
    }
    int seconds = static_cast<int>(std::chrono::ceil<std::chrono::seconds>(timeout).count());
    if (::ioctl(fd_.get(), WDIOC_SETTIMEOUT, &seconds) != 0)
        note_ = fmt::format("its timeout cannot be set to {} s: {}", seconds, ::strerror(errno));
    int granted = 0;
    if (::ioctl(fd_.get(), WDIOC_GETTIMEOUT, &granted) == 0 && granted > 0)
        timeout_ = std::chrono::seconds(granted);
}

bool WatchdogDevice::feed() {
    return ::write(fd_.get(), "\0", 1) == 1;
}

bool WatchdogDevice::disarm() {
    const bool told = ::write(fd_.get(), "V", 1) == 1;
    fd_.reset();
    return told && can_disarm_;
}

}  // namespace hb::master
