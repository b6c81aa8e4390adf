// A node's CLOCK_BOOTTIME: an offset, a rate within 1 % of the world's, and pauses during which it
// stood still (a virtual machine whose clock stops with it).
#pragma once

#include "common/base/time.hpp"
#include "tests/sim/world.hpp"

namespace hb::sim {

class NodeClock {
  public:
    NodeClock() = default;
    NodeClock(Duration offset, std::int64_t rate_ppm) : offset_(offset), rate_ppm_(rate_ppm) {}

    [[nodiscard]] MonoTime local(WorldTime world) const {
        const std::int64_t ran = (world - paused_).count();
        return MonoTime(offset_ + Duration(ran + ran * rate_ppm_ / 1000000));
    }
    // The first instant of the world at which this clock shows `local` or later.
    [[nodiscard]] WorldTime world(MonoTime when) const {
        if (when == kForever) return WorldTime::max();
        // Newton: each round leaves at most 1 % of the error; then up to the first that is enough.
        Duration guess = paused_ + (when.time_since_epoch() - offset_);
        for (int round = 0; round < 4; round++)
            guess += when - local(guess);
        while (local(guess) < when)
            guess += 1us;
        return guess;
    }
    // The clock stood still for this long.
    void pause(Duration length) { paused_ += length; }
    [[nodiscard]] std::int64_t rate_ppm() const { return rate_ppm_; }

  private:
    Duration offset_{};
    Duration paused_{};
    std::int64_t rate_ppm_ = 0;
};

}  // namespace hb::sim
