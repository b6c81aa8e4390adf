// When each of our newest frames was sent, to turn an acknowledged sequence into a time.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "common/base/time.hpp"

namespace hb::comm {

class SendTimes {
  public:
    // Enough for deadtimes of repeats at 2 ms; what is older acknowledges nothing that matters.
    static constexpr std::size_t kKept = 4096;

    // Sequences come in order, from 1.
    void sent(std::uint64_t sequence, MonoTime when) {
        (*times_)[sequence % kKept] = when;
        newest_ = sequence;
    }
    [[nodiscard]] std::optional<MonoTime> find(std::uint64_t sequence) const {
        if (sequence == 0 || sequence > newest_ || newest_ - sequence >= kKept) return std::nullopt;
        return (*times_)[sequence % kKept];
    }
    [[nodiscard]] std::uint64_t newest() const { return newest_; }  // 0: none yet

  private:
    std::unique_ptr<std::array<MonoTime, kKept>> times_ =
        std::make_unique<std::array<MonoTime, kKept>>();
    std::uint64_t newest_ = 0;
};

}  // namespace hb::comm
