// The deadtimes that this node announced, since when each: what a peer that has a frame of ours may
// judge us by (L8). Each frame announces the one of its time.
#pragma once

#include <algorithm>
#include <vector>

#include "common/base/time.hpp"

namespace hb::comm {

class AnnouncedDeadtimes {
  public:
    AnnouncedDeadtimes(Duration first, MonoTime now) : times_{{now, first}} {}

    // Frames announce this one from now on.
    void announce(Duration deadtime, MonoTime now) {
        if (times_.back().deadtime == deadtime) return;
        times_.push_back({now, deadtime});
        // By a frame older than the longest of them nobody judges us any more.
        const Duration longest =
            std::ranges::max_element(times_, {}, &Announced::deadtime)->deadtime;
        while (times_.size() > 1 && now - times_[1].since > longest)
            times_.erase(times_.begin());
    }

    // The shortest in the frame that was sent then, or in a later one: who has that frame waits at
    // least so long. (A frame that left at the instant of a change may have either.)
    [[nodiscard]] Duration shortest_since(MonoTime sent) const {
        Duration shortest = times_.back().deadtime;
        for (std::size_t i = 0; i + 1 < times_.size(); ++i)
            if (times_[i + 1].since >= sent) shortest = std::min(shortest, times_[i].deadtime);
        return shortest;
    }

  private:
    struct Announced {
        MonoTime since{};
        Duration deadtime{};
    };
    std::vector<Announced> times_;  // never empty; in order
};

}  // namespace hb::comm
