#include "daemons/hb-comm/announced_deadtimes.hpp"

#include <gtest/gtest.h>

namespace hb::comm {
namespace {

constexpr MonoTime kStart{std::chrono::seconds(1000)};

TEST(AnnouncedDeadtimes, AFrameOfBeforeIsGoodForTheShorterOfBoth) {
    AnnouncedDeadtimes shorter(30s, kStart);
    shorter.announce(10s, kStart + 5s);
    EXPECT_EQ(shorter.shortest_since(kStart + 4s), 10s);  // it may have a later one, too
    EXPECT_EQ(shorter.shortest_since(kStart + 6s), 10s);

    AnnouncedDeadtimes longer(10s, kStart);
    longer.announce(30s, kStart + 5s);
    EXPECT_EQ(longer.shortest_since(kStart + 4s), 10s);
    EXPECT_EQ(longer.shortest_since(kStart + 5s), 10s);  // at the instant: either
    EXPECT_EQ(longer.shortest_since(kStart + 6s), 30s);
}

TEST(AnnouncedDeadtimes, ThereAndBack) {
    AnnouncedDeadtimes times(30s, kStart);
    times.announce(10s, kStart + 1s);
    times.announce(30s, kStart + 2s);
    EXPECT_EQ(times.shortest_since(kStart), 10s);
    EXPECT_EQ(times.shortest_since(kStart + 1s), 10s);
    EXPECT_EQ(times.shortest_since(kStart + 3s), 30s);
}

TEST(AnnouncedDeadtimes, WhatNobodyGoesByAnyMoreIsForgotten) {
    AnnouncedDeadtimes times(1s, kStart);
    for (int i = 1; i < 1000; ++i)
        times.announce(i % 2 == 0 ? 1s : 2s, kStart + std::chrono::seconds(10 * i));
    EXPECT_EQ(times.shortest_since(kStart + 9985s), 1s);
    EXPECT_EQ(times.shortest_since(kStart + 9991s), 2s);
}

}  // namespace
}  // namespace hb::comm
