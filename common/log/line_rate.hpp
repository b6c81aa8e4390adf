// LineRate: what somebody else prints, into our log at a bounded rate. Pure: time is given.
//
// So many lines in each window; what is beyond is counted and said with the next one that is let
// through.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "common/base/time.hpp"

namespace hb::log {

class LineRate {
  public:
    LineRate(std::uint64_t most, Duration window) : most_(most), window_(window) {}

    // Say this one? If so: how many were swallowed since the last one that was said.
    [[nodiscard]] std::optional<std::uint64_t> allow(MonoTime now) {
        if (count_ == 0 || now - begun_ >= window_) {
            begun_ = now;
            count_ = 0;
        }
        if (count_ >= most_) {
            ++swallowed_;
            return std::nullopt;
        }
        ++count_;
        return std::exchange(swallowed_, 0);
    }
    // Of which nobody was told yet.
    [[nodiscard]] std::uint64_t swallowed() const { return swallowed_; }

  private:
    std::uint64_t most_;
    Duration window_;
    MonoTime begun_{};
    std::uint64_t count_ = 0;
    std::uint64_t swallowed_ = 0;
};

}  // namespace hb::log
