// Time as the cores see it.
//
// MonoTime is a point on this host's CLOCK_BOOTTIME (it goes on while a machine is suspended). It
// is always an argument: the only caller of the clock is common/runtime/system_clock. Points of two
// hosts are never compared. Wall time exists for people only and has no type here.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace hb {

using Duration = std::chrono::nanoseconds;
using namespace std::chrono_literals;

// A clock type without now(): whoever wants the time has to be given it.
struct BootClock {
    using rep = Duration::rep;
    using period = Duration::period;
    using duration = Duration;
    using time_point = std::chrono::time_point<BootClock>;
    static constexpr bool is_steady = true;
};
using MonoTime = BootClock::time_point;

inline constexpr MonoTime kNever = MonoTime::min();
inline constexpr MonoTime kForever = MonoTime::max();

// Whole milliseconds, rounded to the nearest, as log lines show times.
[[nodiscard]] constexpr std::int64_t to_ms(Duration d) {
    return std::chrono::round<std::chrono::milliseconds>(d).count();
}

// "1500ms", "2s": the shortest exact form that the configuration parser reads back.
[[nodiscard]] std::string to_string(Duration d);

}  // namespace hb
