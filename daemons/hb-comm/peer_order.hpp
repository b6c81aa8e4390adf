// Which frames of one peer are good (V1): newer than every other seen of it.
//
// A life of a peer is (generation, session). A life newer than every one seen is let in unasked;
// any other only when its frame echoes our present session with a newer sequence than any earlier
// life echoed, which no recording can (section 8: a node that lost its disk). Within a life a
// sliding window tells newest, late, and copies that came over another link, from repetitions.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>

#include "common/base/frame.hpp"
#include "common/base/ids.hpp"
#include "common/base/limits.hpp"
#include "common/wire/replay_window.hpp"

namespace hb::comm {

struct Life {
    std::uint64_t generation = 0;
    Session session;
    auto operator<=>(const Life&) const = default;
};
[[nodiscard]] inline Life life_of(const FrameHeader& h) {
    return {h.generation, h.session};
}

class PeerOrder {
  public:
    enum class Verdict : std::uint8_t {
        kNewest,    // good
        kNewLife,   // good, and the first of a newer life
        kLostDisk,  // good: a life of a generation that is not the highest, proven present
        kCopy,      // seen already, first time on this link
        kLate,      // not seen, but a newer one was
        kReplayed,  // seen already on this link, or too old to tell
        kOldLife,   // of an earlier session of this generation
        kRefused,   // of a generation lower than the highest seen, and not proven present
    };
    struct Judgement {
        Verdict verdict{};
        bool link_works = false;  // this link brought something that it had not brought before
        [[nodiscard]] bool good() const {
            return verdict == Verdict::kNewest || verdict == Verdict::kNewLife ||
                   verdict == Verdict::kLostDisk;
        }
    };

    // The highest generation known from disk; 0: none.
    explicit PeerOrder(std::uint64_t known_generation = 0) : highest_{known_generation, {}} {}

    // `echo`: the newest own sequence that the frame acknowledges to our present session, if it
    // names that session at all (then it is no recording of an earlier one).
    Judgement judge(const FrameHeader& header, LinkId link, std::optional<std::uint64_t> echo);

    // A part of a frame that is not whole: does it show that the link works?
    bool part_shows_link(const FrameHeader& header, LinkId link);

    [[nodiscard]] bool heard() const { return current_.has_value(); }
    [[nodiscard]] Life life() const { return current_.value_or(Life{}); }
    [[nodiscard]] std::uint64_t newest() const { return window_.newest(); }
    [[nodiscard]] std::uint64_t highest_generation() const { return highest_.generation; }

  private:
    Judgement in_current_life(std::uint64_t sequence, LinkId link);
    bool first_on_link(std::uint64_t sequence, LinkId link);

    Life highest_;  // of all lives seen
    std::optional<Life> current_;
    std::uint64_t newest_echo_ = 0;
    wire::ReplayWindow window_;
    std::array<std::uint64_t, limits::kMedia> newest_on_link_{};
};

}  // namespace hb::comm
