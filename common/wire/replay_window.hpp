// A sliding window over the sequence numbers of one session: which were seen, which are too old.
#pragma once

#include <cstdint>

namespace hb::wire {

class ReplayWindow {
  public:
    static constexpr std::uint64_t kSpan = 64;

    enum class Verdict : std::uint8_t {
        kNewest,  // newer than every other seen
        kLate,    // within the window, seen for the first time
        kSeen,    // within the window, seen before (another link, or a recording)
        kTooOld,  // before the window
    };

    // Says what `sequence` is and remembers it. Sequences count from 1.
    Verdict accept(std::uint64_t sequence) {
        if (sequence > newest_) {
            const std::uint64_t step = sequence - newest_;
            seen_ = step >= kSpan ? 0 : seen_ << step;
            seen_ |= 1;
            newest_ = sequence;
            return Verdict::kNewest;
        }
        const std::uint64_t back = newest_ - sequence;
        if (back >= kSpan || sequence == 0) return Verdict::kTooOld;
        const std::uint64_t bit = std::uint64_t{1} << back;
        if ((seen_ & bit) != 0) return Verdict::kSeen;
        seen_ |= bit;
        return Verdict::kLate;
    }

    [[nodiscard]] std::uint64_t newest() const { return newest_; }  // 0: none yet

  private:
    std::uint64_t newest_ = 0;
    std::uint64_t seen_ = 0;  // bit n: newest_ - n
};

}  // namespace hb::wire
