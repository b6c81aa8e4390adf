// Scenes of fencing: a call takes up to 400 ms.
#include <gtest/gtest.h>

#include "tests/sim/scene.hpp"

namespace hb::sim {
namespace {

void with_fencing(ClusterConfig& c) {
    c.fencing = true;
    c.fence = {100ms, 400ms, 0ns, 0};
}

TEST_F(Scene, ATakeoverWaitsForTheConfirmation) {
    settled(2, with_fencing);
    split();
    while (node('a').powered())
        run_for(1ms);
    EXPECT_EQ(owner(), "") << "b waits for what the device says";
    run_for(3s);
    EXPECT_EQ(owner(), "b");
    EXPECT_TRUE(node('b').powered());
}

TEST_F(Scene, ARaceOfTwoHasOneSurvivor) {
    settled(2, [](ClusterConfig& c) {
        with_fencing(c);
        c.groups.push_back(
            {.name = "h", .preferred = node_id(1), .address = IpAddress::v4(0x0a000065)});
    });
    ASSERT_EQ(cluster_->holders(1), "b");
    split();
    run_for(20s);
    EXPECT_TRUE(node('a').powered()) << "the later one waited";
    EXPECT_FALSE(node('b').powered());
    EXPECT_EQ(cluster_->holders(0) + cluster_->holders(1), "aa");
}

TEST_F(Scene, ANodeWhoseStopFailsIsSwitchedOff) {
    settled(2, with_fencing);
    node('a').kernel().faults(0).stop_fails = true;
    standby('a');
    run_for(20s);
    EXPECT_FALSE(node('a').powered());
    EXPECT_EQ(owner(), "b");
}

TEST_F(Scene, DevicesThatDoNotAnswerBlockTheTakeoverUntilAHumanConfirms) {
    settled(2, with_fencing);
    cluster_->fence().set_dead(true);
    node('a').power_off();
    run_for(30s);
    EXPECT_EQ(owner(), "");
    EXPECT_NE(gate_reason('b').find("fencing a (try "), std::string::npos) << gate_reason('b');
    cluster_->wish(id('b'), ipc::RequestKind::kFenceConfirm, ipc::Scope::kAll, {}, false, id('a'));
    run_for(2s);
    EXPECT_EQ(owner(), "b");
}

TEST_F(Scene, DevicesThatDoNotAnswerGiveWayToANodeThatReturns) {
    settled(2, with_fencing);
    cluster_->fence().set_dead(true);
    split();
    run_for(10s);
    EXPECT_EQ(owner(), "a");
    cluster_->network().heal_all();
    cluster_->fence().set_dead(false);
    run_for(20s);
    EXPECT_EQ(owner(), "a");
    EXPECT_TRUE(node('a').powered() && node('b').powered());
}

TEST_F(Scene, ADeadHbFenceIsAskedAgain) {
    settled(2, with_fencing);
    split();
    run_for(1100ms);
    cluster_->fence_of(id('b')).kill();
    run_for(5s);
    EXPECT_FALSE(node('a').powered());
    EXPECT_EQ(owner(), "b");
}

TEST_F(Scene, TheMinorityOfThreeShootsNobody) {
    settled(3, [](ClusterConfig& c) {
        with_fencing(c);
        c.quorum = true;
        c.keepalive = 150ms;
    });
    for (const char other : {'b', 'c'})
        cluster_->network().cut_both(id('a'), id(other));
    run_for(10s);
    EXPECT_FALSE(node('a').powered());
    EXPECT_TRUE(node('b').powered() && node('c').powered());
    EXPECT_EQ(owner(), "b");
}

}  // namespace
}  // namespace hb::sim
