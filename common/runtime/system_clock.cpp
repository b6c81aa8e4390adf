#include "common/runtime/system_clock.hpp"

#include <time.h>

#include "common/base/assert.hpp"

namespace hb::runtime {

MonoTime now() noexcept {
    timespec t{};
    const int rc = ::clock_gettime(CLOCK_BOOTTIME, &t);
    HB_ASSERT(rc == 0);
    return MonoTime(std::chrono::seconds(t.tv_sec) + Duration(t.tv_nsec));
}

WallTime wall_time() noexcept {
    timespec t{};
    const int rc = ::clock_gettime(CLOCK_REALTIME, &t);
    HB_ASSERT(rc == 0);
    return WallTime{.seconds = t.tv_sec, .nanoseconds = static_cast<std::int32_t>(t.tv_nsec)};
}

unsigned minute_of_day() noexcept {
    const ::time_t seconds = wall_time().seconds;
    struct tm local {};
    if (::localtime_r(&seconds, &local) == nullptr) return 0;
    return static_cast<unsigned>(local.tm_hour * 60 + local.tm_min);
}

}  // namespace hb::runtime
