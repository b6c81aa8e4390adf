// L5: has this process, or the clock of its machine, stood still?
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "common/base/time.hpp"
#include "daemons/hb-comm/send_times.hpp"

namespace hb::comm {

class ClockGap {
  public:
    explicit ClockGap(Duration deadtime) : deadtime_(deadtime) {}

    void set_deadtime(Duration deadtime) { deadtime_ = deadtime; }

    // The loop sleeps from `now` on; what was due already is no sleep.
    void sleeps(MonoTime now, MonoTime deadline) { deadline_ = std::max(now, deadline); }

    // Woken at `now`: how long past the deadline, if longer than a lease lasts (3/4 d).
    [[nodiscard]] std::optional<Duration> woken(MonoTime now) const {
        if (deadline_ == kForever || now <= deadline_) return std::nullopt;
        return longer_than_lease(now - deadline_);
    }

    // A peer says that our frame `sequence` reached it `age` ago. The frame cannot have been under
    // way before it was sent: if by our own clock less time than `age` has passed since, that clock
    // stood still (a paused virtual machine). Delays only make the difference smaller. Two clocks'
    // rates may differ by 1 % each. Each pause is told once.
    [[nodiscard]] std::optional<Duration> acknowledged(std::uint64_t sequence, Duration age,
                                                       const SendTimes& times, MonoTime now) {
        const auto sent = times.find(sequence);
        if (sequence <= told_up_to_ || !sent) return std::nullopt;
        const auto missing = longer_than_lease(age - age / 50 - (now - *sent));
        if (missing) told_up_to_ = times.newest();
        return missing;
    }

  private:
    [[nodiscard]] std::optional<Duration> longer_than_lease(Duration gap) const {
        if (gap <= deadtime_ * 3 / 4) return std::nullopt;
        return gap;
    }

    Duration deadtime_;
    MonoTime deadline_ = kForever;
    std::uint64_t told_up_to_ = 0;
};

}  // namespace hb::comm
