// When a frame leaves.
//
// Every keepalive (a little less, so that nodes do not beat in step); at once when a topic of ours
// changed or a peer must be answered; again after max(2 ms, 2 x round trip), twice as long each
// time, while a peer that we hear lacks something, until the keepalives carry it. After a gap of
// this process (L5) nothing leaves before hb-resource has spoken of it, or d/8 is over.
#pragma once

#include <algorithm>
#include <cstdint>

#include "common/base/time.hpp"

namespace hb::comm {

class TransmitTimer {
  public:
    static constexpr Duration kLeastRepeat = 2ms;
    // An answer waits this long, so that one frame answers several peers and carries the reply of
    // hb-membership too; well below kLeastRepeat, or the asker would repeat in vain.
    static constexpr Duration kAnswerWithin = 500us;

    enum class Due : std::uint8_t { kNothing, kKeepalive, kAtOnce, kRepeat };

    TransmitTimer(Duration keepalive, std::uint64_t random_seed, MonoTime now)
        : keepalive_(keepalive), random_(random_seed), keepalive_due_(now) {}

    // The next heartbeat leaves when the shorter of both says.
    void set_keepalive(Duration keepalive, MonoTime now) {
        keepalive_ = keepalive;
        keepalive_due_ = std::min(keepalive_due_, now + shortest_keepalive());
    }

    // A topic changed, or a peer appeared: send now, and repeat fast again.
    void at_once(MonoTime now) {
        at_once_due_ = std::min(at_once_due_, now);
        repeats_ = 0;
    }
    void answer(MonoTime now) { at_once_due_ = std::min(at_once_due_, now + kAnswerWithin); }

    // `lacking`: a peer that we hear lacks a topic of ours.
    void set_lacking(bool lacking, Duration round_trip);

    void hold_until(MonoTime t) { held_until_ = t; }
    void release() { held_until_ = kNever; }

    [[nodiscard]] Due due(MonoTime now) const;
    void sent(MonoTime now, bool with_topics);
    [[nodiscard]] MonoTime next_deadline() const;

    // How long a topic that just left need not leave again.
    [[nodiscard]] Duration repeat_interval() const;

  private:
    Duration jitter();
    [[nodiscard]] Duration shortest_keepalive() const { return keepalive_ - keepalive_ / 8; }
    [[nodiscard]] MonoTime repeat_due() const;

    Duration keepalive_;
    std::uint64_t random_;
    MonoTime topics_sent_ = kNever;
    MonoTime keepalive_due_;
    MonoTime at_once_due_ = kForever;
    MonoTime held_until_ = kNever;
    bool lacking_ = false;
    Duration round_trip_{};
    unsigned repeats_ = 0;
};

}  // namespace hb::comm
