// The clock: the only caller of clock_gettime in the suite. Cores are given what it says.
#pragma once

#include <cstdint>

#include "common/base/time.hpp"

namespace hb::runtime {

// CLOCK_BOOTTIME: goes on while the machine is suspended, never goes back, means nothing elsewhere.
[[nodiscard]] MonoTime now() noexcept;

// Wall time, for people (log lines) and for the first generation of a node; never for decisions.
struct WallTime {
    std::int64_t seconds = 0;  // since 1970
    std::int32_t nanoseconds = 0;
};
[[nodiscard]] WallTime wall_time() noexcept;

// Of the local day, 0 to 1439. For what people plan by the clock on the wall.
[[nodiscard]] unsigned minute_of_day() noexcept;

}  // namespace hb::runtime
