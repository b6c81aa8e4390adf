// ReadBudget: how much of what somebody else writes is read in a while. Pure: time is given.
//
// Daemons run at real-time priority. Without a bound, a script that prints as fast as it can would
// keep one busy reading, and the processor with it; so a writer beyond the bound waits, as it would
// for a slow terminal.
#pragma once

#include <cstddef>

#include "common/base/time.hpp"

namespace hb::runtime {

class ReadBudget {
  public:
    static constexpr std::size_t kBytes = std::size_t{4} * 1024 * 1024;
    static constexpr Duration kWindow = 100ms;

    // False: enough for now, go on at resume_at().
    [[nodiscard]] bool spend(std::size_t bytes, MonoTime now) {
        if (now - begun_ >= kWindow) {
            begun_ = now;
            spent_ = 0;
        }
        spent_ += bytes;
        return spent_ < kBytes;
    }
    [[nodiscard]] MonoTime resume_at() const { return begun_ + kWindow; }

  private:
    MonoTime begun_{};
    std::size_t spent_ = 0;
};

}  // namespace hb::runtime
