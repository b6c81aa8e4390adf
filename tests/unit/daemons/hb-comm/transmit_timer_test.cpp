#include "daemons/hb-comm/transmit_timer.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "daemons/hb-comm/clock_gap.hpp"
#include "daemons/hb-comm/send_times.hpp"

namespace hb::comm {
namespace {

using Due = TransmitTimer::Due;
const MonoTime t0{100s};

// Sends at every deadline for a while; the times between sends.
std::vector<Duration> run(TransmitTimer& timer, MonoTime from, Duration how_long) {
    std::vector<Duration> between;
    MonoTime last = from;
    for (MonoTime t = timer.next_deadline(); t <= from + how_long; t = timer.next_deadline()) {
        EXPECT_NE(timer.due(t), Due::kNothing);
        timer.sent(t, true);
        between.push_back(t - last);
        last = t;
    }
    return between;
}

TEST(TransmitTimer, FirstFrameAtOnceThenEveryKeepaliveOrALittleLess) {
    for (const Duration keepalive : {10ms, 250ms, 1000ms}) {
        TransmitTimer timer(keepalive, 1, t0);
        EXPECT_EQ(timer.due(t0), Due::kKeepalive);
        timer.sent(t0, false);
        std::set<Duration> seen;
        for (const Duration d : run(timer, t0, 100 * keepalive)) {
            EXPECT_LE(d, keepalive);
            EXPECT_GE(d, keepalive - keepalive / 8);
            seen.insert(d);
        }
        EXPECT_GT(seen.size(), 50U);  // jitter
    }
}

TEST(TransmitTimer, SameSeedSameTimes) {
    TransmitTimer a(1s, 7, t0), b(1s, 7, t0), c(1s, 8, t0);
    const auto times = run(a, t0, 20s);
    EXPECT_EQ(times, run(b, t0, 20s));
    EXPECT_NE(times, run(c, t0, 20s));
}

TEST(TransmitTimer, AtOnceWhenSomethingChanged) {
    TransmitTimer timer(1s, 1, t0);
    timer.sent(t0, false);
    timer.at_once(t0 + 10ms);
    EXPECT_EQ(timer.due(t0 + 10ms), Due::kAtOnce);
    timer.sent(t0 + 10ms, true);
    EXPECT_EQ(timer.due(t0 + 10ms), Due::kNothing);
}

TEST(TransmitTimer, AnAnswerWaitsForOthersToRideAlong) {
    TransmitTimer timer(1s, 1, t0);
    timer.sent(t0, false);
    timer.answer(t0 + 10ms);
    timer.answer(t0 + 10ms + 300us);  // does not push it back
    EXPECT_EQ(timer.due(t0 + 10ms + 499us), Due::kNothing);
    EXPECT_EQ(timer.next_deadline(), t0 + 10ms + TransmitTimer::kAnswerWithin);
    EXPECT_LT(TransmitTimer::kAnswerWithin, TransmitTimer::kLeastRepeat);
}

TEST(TransmitTimer, RepeatsFastAndBacksOffToTheKeepalive) {
    struct Case {
        Duration round_trip;
        std::vector<Duration> repeats;
    };
    for (const Case& c :
         {Case{0us, {2ms, 4ms, 8ms, 16ms, 32ms, 64ms}},
          Case{900us, {2ms, 4ms, 8ms, 16ms, 32ms, 64ms}}, Case{10ms, {20ms, 40ms, 80ms}}}) {
        TransmitTimer timer(100ms, 1, t0);
        timer.set_lacking(true, c.round_trip);
        timer.at_once(t0);
        timer.sent(t0, true);
        const auto between = run(timer, t0, 2s);
        ASSERT_GT(between.size(), c.repeats.size());
        for (std::size_t i = 0; i < between.size(); ++i) {
            if (i < c.repeats.size()) {
                EXPECT_EQ(between[i], c.repeats[i]);
            } else {
                EXPECT_GE(between[i], 87ms);  // keepalives carry it
            }
        }
    }
}

TEST(TransmitTimer, NoRepeatOnceAcknowledged) {
    TransmitTimer timer(1s, 1, t0);
    timer.set_lacking(true, 0us);
    timer.sent(t0, true);
    EXPECT_EQ(timer.next_deadline(), t0 + 2ms);
    timer.set_lacking(false, 0us);
    EXPECT_GE(timer.next_deadline(), t0 + 875ms);
    timer.set_lacking(true, 0us);
    timer.at_once(t0 + 100ms);
    timer.sent(t0 + 100ms, true);
    EXPECT_EQ(timer.next_deadline(), t0 + 102ms);  // fast again
}

TEST(TransmitTimer, AnswersDoNotPutRepeatsOff) {
    TransmitTimer timer(1s, 1, t0);
    timer.set_lacking(true, 0us);
    timer.sent(t0, true);
    timer.sent(t0 + 1ms, false);
    EXPECT_EQ(timer.next_deadline(), t0 + 2ms);
    EXPECT_EQ(timer.due(t0 + 2ms), Due::kRepeat);
}

TEST(TransmitTimer, HeldBackAfterAGap) {
    TransmitTimer timer(100ms, 1, t0);
    timer.sent(t0, false);
    timer.hold_until(t0 + 10s + 50ms);
    timer.at_once(t0 + 10s);
    EXPECT_EQ(timer.due(t0 + 10s), Due::kNothing);
    EXPECT_EQ(timer.next_deadline(), t0 + 10s + 50ms);
    EXPECT_NE(timer.due(t0 + 10s + 50ms), Due::kNothing);
    timer.release();
    EXPECT_NE(timer.due(t0 + 10s), Due::kNothing);
}

TEST(SendTimes, NewestOnly) {
    SendTimes times;
    EXPECT_EQ(times.find(1), std::nullopt);
    for (std::uint64_t s = 1; s <= SendTimes::kKept + 5; ++s)
        times.sent(s, t0 + s * 1ms);
    EXPECT_EQ(times.find(0), std::nullopt);
    EXPECT_EQ(times.find(5), std::nullopt);
    EXPECT_EQ(times.find(6), t0 + 6ms);
    EXPECT_EQ(times.find(SendTimes::kKept + 5), t0 + (SendTimes::kKept + 5) * 1ms);
    EXPECT_EQ(times.find(SendTimes::kKept + 6), std::nullopt);
}

TEST(ClockGap, WokenLaterThanALeaseLasts) {
    ClockGap gap(1s);
    EXPECT_EQ(gap.woken(t0 + 100s), std::nullopt);  // slept for nothing
    gap.sleeps(t0 - 10s, t0);
    EXPECT_EQ(gap.woken(t0 - 5s), std::nullopt);
    EXPECT_EQ(gap.woken(t0 + 750ms), std::nullopt);
    EXPECT_EQ(gap.woken(t0 + 751ms), 751ms);
    gap.sleeps(t0 + 9s, t0);  // overdue: told once
    EXPECT_EQ(gap.woken(t0 + 9s), std::nullopt);
}

TEST(ClockGap, APeerKnowsThatOurClockStoodStill) {
    ClockGap gap(1s);
    SendTimes times;
    times.sent(1, t0);
    times.sent(2, t0 + 100ms);
    // On time, late, a peer that has not heard us for an hour by both clocks: nothing.
    EXPECT_EQ(gap.acknowledged(2, 10ms, times, t0 + 200ms), std::nullopt);
    EXPECT_EQ(gap.acknowledged(2, 1h, times, t0 + 1h), std::nullopt);
    EXPECT_EQ(gap.acknowledged(2, 1h + 36s, times, t0 + 1h), std::nullopt);  // 1 % of rate
    EXPECT_EQ(gap.acknowledged(3, 5s, times, t0 + 200ms), std::nullopt);     // never sent
    // It had our frame 5 s ago, but by our clock it left 100 ms ago.
    EXPECT_EQ(gap.acknowledged(2, 5s, times, t0 + 200ms), 4800ms);
    EXPECT_EQ(gap.acknowledged(2, 5s, times, t0 + 201ms), std::nullopt);  // told once
    times.sent(3, t0 + 300ms);
    EXPECT_EQ(gap.acknowledged(3, 2s, times, t0 + 400ms), 1860ms);  // another pause
}

}  // namespace
}  // namespace hb::comm
