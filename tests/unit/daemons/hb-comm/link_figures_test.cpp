#include "daemons/hb-comm/link_figures.hpp"

#include <gtest/gtest.h>

namespace hb::comm {
namespace {

constexpr NodeId kB = node_id(1);
constexpr Duration kDeadtime = 1s;
constexpr LinkId kEth0 = link_id(0), kEth1 = link_id(1);

class Figures : public testing::Test {
  protected:
    // Frames from..to, one each 100 ms, that come on these links; on eth1 2 ms later.
    void frames(std::uint64_t from, std::uint64_t to, bool eth0, bool eth1) {
        for (std::uint64_t s = from; s <= to; ++s) {
            if (eth0) figures_.arrived(kB, kEth0, s, now_);
            if (eth1) figures_.arrived(kB, kEth1, s, now_ + 2ms);
            now_ += 100ms;
        }
    }
    // When every copy had its time.
    LinkLoss loss(LinkId link) { return figures_.loss(kB, link, now_ + kDeadtime); }

    MonoTime now_{100s};
    LinkFigures figures_{{kB}, 2, kDeadtime};
};

TEST_F(Figures, NothingIsKnownBeforeTheFirstFrame) {
    EXPECT_EQ(loss(kEth0), LinkLoss{});
    EXPECT_TRUE(figures_.heard(kB, now_).empty());
    EXPECT_EQ(figures_.round_trip(kB, kEth0, 1ms), std::nullopt);
}

TEST_F(Figures, WhatOneLinkBringsAndAnotherDoesNotIsLostThere) {
    frames(500, 509, true, true);
    frames(510, 519, true, false);
    EXPECT_EQ(loss(kEth0), (LinkLoss{20, 0}));
    EXPECT_EQ(loss(kEth1), (LinkLoss{20, 10}));
    const auto heard = figures_.heard(kB, now_ + kDeadtime);
    ASSERT_EQ(heard.size(), 2U);
    EXPECT_EQ(heard[1].lost_percent, 50U);
}

TEST_F(Figures, WhatNoLinkBroughtIsLostOnAll) {
    frames(1, 10, true, true);
    frames(21, 30, true, true);
    EXPECT_EQ(loss(kEth0), (LinkLoss{30, 10}));
    EXPECT_EQ(loss(kEth1), (LinkLoss{30, 10}));
}

TEST_F(Figures, OnlyTheNewestHundredCount) {
    frames(1, 300, true, false);
    frames(301, 380, true, true);
    EXPECT_EQ(loss(kEth1), (LinkLoss{100, 20}));
    frames(381, 400, true, true);
    EXPECT_EQ(loss(kEth1), (LinkLoss{100, 0}));
    frames(100000, 100000, true, true);
    EXPECT_EQ(loss(kEth0), (LinkLoss{100, 99}));
}

// The frames of the cut are no loss, whether the other link brought them or none did.
TEST_F(Figures, ALinkIsJudgedAnewFromTheFrameThatItIsHeardWithAgain) {
    frames(1, 100, true, true);
    frames(101, 150, true, false);
    EXPECT_EQ(loss(kEth1), (LinkLoss{100, 50}));
    frames(190, 190, true, true);
    figures_.begins(kB, kEth1);
    EXPECT_EQ(loss(kEth1), LinkLoss{});
    EXPECT_EQ(figures_.heard(kB, now_)[1].lost_percent, std::nullopt);
    EXPECT_EQ(loss(kEth0), (LinkLoss{100, 39}));
    frames(191, 200, true, true);
    frames(201, 202, true, false);
    EXPECT_EQ(loss(kEth1), (LinkLoss{12, 2}));
    figures_.new_life(kB);
    frames(1, 5, true, true);
    EXPECT_EQ(loss(kEth1), (LinkLoss{5, 0}));
}

TEST_F(Figures, ACopyMayStillComeAndIsLostWhenItIsTooLate) {
    frames(1, 10, true, true);
    now_ += kDeadtime;
    const MonoTime came = now_;
    figures_.arrived(kB, kEth0, 11, came);
    now_ += kDeadtime / 4;
    for (const LinkId link : {kEth0, kEth1})
        EXPECT_EQ(figures_.loss(kB, link, now_), (LinkLoss{10, 0})) << "neither more nor less";
    now_ += 1ms;
    EXPECT_EQ(figures_.loss(kB, kEth0, now_), (LinkLoss{11, 0}));
    EXPECT_EQ(figures_.loss(kB, kEth1, now_), (LinkLoss{11, 1}));
    figures_.arrived(kB, kEth1, 11, now_);
    EXPECT_EQ(figures_.loss(kB, kEth1, now_), (LinkLoss{11, 1}));
}

TEST_F(Figures, ALinkThatIsSlowerLosesNothing) {
    LinkFigures figures({kB}, 2, 10s);
    for (std::uint64_t s = 1; s <= 300; ++s) {
        figures.arrived(kB, kEth0, s, now_);
        if (s > 20) figures.arrived(kB, kEth1, s - 20, now_ + 1ms);
        now_ += 100ms;
    }
    EXPECT_EQ(figures.loss(kB, kEth1, now_), (LinkLoss{100, 0}));
    EXPECT_EQ(figures.heard(kB, now_)[1].lag, 2001ms);
}

// So many in a quarter of deadtime that none would ever be old enough.
TEST_F(Figures, OfManyFramesTheLostAreCountedAllTheSame) {
    LinkFigures figures({kB}, 2, 1h);
    for (std::uint64_t s = 1; s <= 1000; ++s) {
        figures.arrived(kB, kEth0, s, now_);
        if (s % 2 == 0) figures.arrived(kB, kEth1, s, now_);
        now_ += 1ms;
    }
    EXPECT_EQ(figures.loss(kB, kEth1, now_), (LinkLoss{100, 50}));
    for (std::uint64_t s = 1001; s <= 1300; ++s)
        figures.arrived(kB, kEth0, s, now_);
    EXPECT_EQ(figures.loss(kB, kEth1, now_), (LinkLoss{100, 100}));
}

TEST_F(Figures, TheRoundTripIsThatOfTheFastestWithTheLagsOfBothWays) {
    frames(1, 20, true, true);
    EXPECT_EQ(figures_.round_trip(kB, kEth1, 10ms), std::nullopt)
        << "the peer did not say its part";
    figures_.told(kB, {{0U, 0us}, {3U, 500us}});
    EXPECT_EQ(figures_.round_trip(kB, kEth0, 10ms), 10ms);
    EXPECT_EQ(figures_.round_trip(kB, kEth1, 10ms), 12500us);
    EXPECT_EQ(figures_.lost_there(kB, kEth1), 3U);
    frames(21, 200, true, false);
    EXPECT_EQ(figures_.round_trip(kB, kEth1, 10ms), std::nullopt) << "nothing came lately";
}

TEST_F(Figures, ANewLifeBeginsAnew) {
    frames(1, 20, true, false);
    figures_.new_life(kB);
    EXPECT_EQ(loss(kEth1), LinkLoss{});
    frames(1, 3, true, true);
    EXPECT_EQ(loss(kEth1), (LinkLoss{3, 0}));
}

TEST_F(Figures, OfAnEarlierLifeOrBeforeTheFirstNothingCounts) {
    frames(50, 60, true, true);
    figures_.arrived(kB, kEth1, 49, now_);
    figures_.arrived(kB, link_id(7), 61, now_);
    EXPECT_EQ(loss(kEth0), (LinkLoss{11, 0}));
}

// A serial line carries what it has time for: what it leaves out is not lost, what it brings is
// late, and that is its round trip.
TEST_F(Figures, APacedLinkIsSlowAndLosesNothing) {
    LinkFigures figures{{kB}, 2, kDeadtime, {false, true}};
    for (std::uint64_t s = 1; s <= 40; ++s) {
        figures.arrived(kB, kEth0, s, now_);
        if (s % 4 == 0) figures.arrived(kB, kEth1, s, now_ + 400ms);
        now_ += 100ms;
    }
    EXPECT_EQ(figures.loss(kB, kEth1, now_ + kDeadtime), LinkLoss{});
    EXPECT_EQ(figures.loss(kB, kEth0, now_ + kDeadtime), (LinkLoss{40, 0}));
    const auto heard = figures.heard(kB, now_ + kDeadtime);
    ASSERT_EQ(heard.size(), 2U);
    EXPECT_EQ(heard[1].lost_percent, 0U);
    EXPECT_EQ(heard[1].lag, 400ms);
    EXPECT_EQ(figures.round_trip(kB, kEth1, 1ms), std::nullopt);
    figures.told(kB, heard);
    EXPECT_EQ(figures.round_trip(kB, kEth1, 1ms), 801ms);
    // One that brings nothing any more has none.
    for (std::uint64_t s = 41; s <= 200; ++s)
        figures.arrived(kB, kEth0, s, now_);
    EXPECT_EQ(figures.heard(kB, now_)[1].lost_percent, std::nullopt);
}

}  // namespace
}  // namespace hb::comm
