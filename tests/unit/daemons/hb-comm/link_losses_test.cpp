#include "daemons/hb-comm/link_losses.hpp"

#include <gtest/gtest.h>

namespace hb::comm {
namespace {

constexpr NodeId kB = node_id(1);
constexpr LinkId kEth1 = link_id(1);

class Losses : public testing::Test {
  protected:
    std::string see(std::uint32_t here, std::uint32_t there, Duration later = 2min) {
        now_ += later;
        const auto event = losses_.see(kB, kEth1, "node2", "eth1", LossSeen{here, there}, now_);
        return event ? event->id : std::string();
    }
    MonoTime now_{100s};
    LinkLosses losses_;
};

TEST_F(Losses, AFifthIsNamedATwentiethIsGood) {
    EXPECT_EQ(see(19, 19), "");
    EXPECT_EQ(losses_.detail(kB, kEth1), "");
    EXPECT_EQ(see(20, 6), "link-loses");
    EXPECT_EQ(see(100, 6), "") << "once";
    EXPECT_EQ(losses_.detail(kB, kEth1),
              "100 % of what node2 sends on eth1 is lost, and 6 % of what we send: a bad cable, or "
              "a network that is full?");
    EXPECT_EQ(see(6, 0), "");
    EXPECT_EQ(see(5, 5), "link-good");
    EXPECT_EQ(losses_.detail(kB, kEth1), "");
}

TEST_F(Losses, OneDirectionIsSaid) {
    EXPECT_EQ(see(0, 35), "link-asymmetric");
    EXPECT_EQ(losses_.detail(kB, kEth1),
              "0 % of what node2 sends on eth1 is lost, and 35 % of what we send: one direction is "
              "bad (a cable, a port, a duplex setting?)");
}

TEST_F(Losses, AtMostOnceAMinute) {
    EXPECT_EQ(see(50, 50), "link-loses");
    EXPECT_EQ(see(0, 0, 1s), "link-good");
    EXPECT_EQ(see(50, 50, 1s), "");
    EXPECT_NE(losses_.detail(kB, kEth1), "");
    EXPECT_EQ(see(0, 0, 1s), "");
    EXPECT_EQ(see(50, 50, 1min), "link-loses");
}

TEST_F(Losses, OfALinkThatDoesNotWorkNothingIsSaid) {
    EXPECT_EQ(see(50, 50), "link-loses");
    EXPECT_FALSE(losses_.see(kB, kEth1, "node2", "eth1", std::nullopt, now_));
    EXPECT_EQ(losses_.detail(kB, kEth1), "");
}

}  // namespace
}  // namespace hb::comm
