// RestartPause: when a program that ended may run again. Pure.
//
// One that did its work (it ended well and had read something) is started again for the next event,
// at once. After a failure 1, 2, 4, ... 60 s pass; a life of a minute is a clean record.
#pragma once

#include <algorithm>

#include "common/base/time.hpp"

namespace hb::notify {

class RestartPause {
  public:
    static constexpr Duration kFirst = 1s;
    static constexpr Duration kLongest = 60s;

    void started(MonoTime now) { started_ = now; }
    void ended(bool well, MonoTime now) {
        if (well || now - started_ >= kLongest) pause_ = Duration::zero();
        if (well) {
            not_before_ = now;
            return;
        }
        pause_ = std::clamp(pause_ * 2, kFirst, kLongest);
        not_before_ = now + pause_;
    }
    [[nodiscard]] MonoTime not_before() const { return not_before_; }
    [[nodiscard]] Duration pause() const { return pause_; }

  private:
    MonoTime started_{};
    MonoTime not_before_{};
    Duration pause_{};
};

}  // namespace hb::notify
