// LinkFlaps: when one link to one peer died lately. A link that died several times in ten minutes
// flaps: that is said once, and its further ups and downs are not, until it has been steady for
// five. Its state stays what it is; this is about words, and about naming it.
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

    void died(MonoTime now) {
        while (!deaths_.empty() && now - deaths_.front() >= kWindow)
            deaths_.pop_front();
        deaths_.push_back(now);
        if (deaths_.size() > kKept) deaths_.pop_front();
    }
    // Of a link that flaps: forgets that when the newest death is long enough ago, and says so.
    bool settle(MonoTime now) {
        if (now < steady_at()) return false;
        deaths_.clear();
        return true;
    }
    // Within ten minutes, when it died last.
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
