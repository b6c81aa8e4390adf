#include "daemons/hb-comm/transmit_timer.hpp"

namespace hb::comm {

// SplitMix64: the same everywhere, so a simulation repeats itself.
Duration TransmitTimer::jitter() {
    random_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = random_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    z ^= z >> 31;
    const auto most = static_cast<std::uint64_t>((keepalive_ / 8).count());
    return Duration(static_cast<Duration::rep>(most == 0 ? 0 : z % (most + 1)));
}

void TransmitTimer::set_lacking(bool lacking, Duration round_trip) {
    lacking_ = lacking;
    round_trip_ = round_trip;
    if (!lacking) repeats_ = 0;
}

Duration TransmitTimer::repeat_interval() const {
    const Duration first = std::max(kLeastRepeat, 2 * round_trip_);
    const auto factor = std::int64_t{1} << (repeats_ == 0 ? 0 : std::min(repeats_ - 1, 30U));
    return first > shortest_keepalive() / factor ? shortest_keepalive() : first * factor;
}

MonoTime TransmitTimer::repeat_due() const {
    if (!lacking_ || topics_sent_ == kNever || repeat_interval() >= shortest_keepalive())
        return kForever;
    return topics_sent_ + repeat_interval();
}

TransmitTimer::Due TransmitTimer::due(MonoTime now) const {
    if (now < held_until_) return Due::kNothing;
    if (now >= keepalive_due_) return Due::kKeepalive;
    if (now >= at_once_due_) return Due::kAtOnce;
    if (now >= repeat_due()) return Due::kRepeat;
    return Due::kNothing;
}

void TransmitTimer::sent(MonoTime now, bool with_topics) {
    keepalive_due_ = now + keepalive_ - jitter();
    at_once_due_ = kForever;
    held_until_ = kNever;
    if (with_topics) {
        topics_sent_ = now;
        ++repeats_;
    }
}

MonoTime TransmitTimer::next_deadline() const {
    return std::max(std::min({keepalive_due_, at_once_due_, repeat_due()}), held_until_);
}

}  // namespace hb::comm
