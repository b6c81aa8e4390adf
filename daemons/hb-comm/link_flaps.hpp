// LinkFlaps: when one link to one peer died lately. A link that died several times in ten minutes
// flaps: that is said once, and its further ups and downs are not, until it has been steady for
// five. Its state stays what it is; this is about words, and about naming it. Deaths of the peer
// are not the link's: whoever owns this tells only of the latter, or takes them back.
#pragma once

#include <cstdint>
#include <deque>

#include "common/base/ipc/comm_membership.hpp"
#include "common/base/time.hpp"

namespace hb::comm {

class LinkFlaps {
  public:
    static constexpr Duration kWindow = 10min;
    static constexpr Duration kSteady = 5min;

    // True: from now on it flaps. While it does, none of its deaths is forgotten.
    bool died(MonoTime now) {
        const bool flapped = flaps();
        while (!flapped && !deaths_.empty() && now - deaths_.front() >= kWindow)
            deaths_.pop_front();
        deaths_.push_back(now);
        if (deaths_.size() > kKept) deaths_.pop_front();
        return !flapped && flaps();
    }
    // What died since then died of something else. What flaps already goes on to.
    void take_back(MonoTime since) {
        while (!flaps() && !deaths_.empty() && deaths_.back() >= since)
            deaths_.pop_back();
    }
    // Of a link that flaps: forgets that when the newest death is long enough ago, and says so.
    bool settle(MonoTime now) {
        if (now < steady_at()) return false;
        deaths_.clear();
        return true;
    }
    // Within ten minutes, when it died last; if it flaps, since that began.
    [[nodiscard]] std::uint32_t count() const { return static_cast<std::uint32_t>(deaths_.size()); }
    [[nodiscard]] bool flaps() const { return count() >= ipc::kLinkFlaps; }
    [[nodiscard]] MonoTime steady_at() const {
        return flaps() ? deaths_.back() + kSteady : kForever;
    }

  private:
    static constexpr std::size_t kKept = 100;
    std::deque<MonoTime> deaths_;
};

}  // namespace hb::comm
