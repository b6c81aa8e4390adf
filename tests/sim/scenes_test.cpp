// The worked examples of docs/protocol.md section 10 and the figures of section 13, as scenes:
// starts, handovers and deaths.
#include <gtest/gtest.h>

#include "tests/sim/scene.hpp"

namespace hb::sim {
namespace {

TEST_F(Scene, BothColdNeedNoGateAndAFewHops) {
    build(2);
    cluster_->boot_all();
    run_for(300ms);
    EXPECT_EQ(owner(), "a");
    EXPECT_EQ(members('a'), 2U);
    EXPECT_EQ(members('b'), 2U);
}

TEST_F(Scene, OneAloneWaitsForInitdead) {
    build(2);
    node('a').boot();
    run_for(1900ms);
    EXPECT_EQ(owner(), "");
    run_for(600ms);
    EXPECT_EQ(owner(), "a");
}

TEST_F(Scene, OrderlyStopOfTheOwnerIsOneHop) {
    settled(2);
    node('a').stop_suite();
    run_for(500ms);
    EXPECT_EQ(owner(), "b");
    EXPECT_LE(gap('a', 'b'), kHop + kStep);
}

TEST_F(Scene, OrderlyStopOfAnOwnerThatDoesNotCoordinateIsOneHop) {
    settled(2, [](ClusterConfig& c) { c.groups[0].preferred = node_id(1); });
    ASSERT_EQ(owner(), "b");
    node('b').stop_suite();
    run_for(500ms);
    EXPECT_EQ(owner(), "a");
    EXPECT_LE(gap('b', 'a'), kHop + kStep);
}

TEST_F(Scene, StandbyIsOneHop) {
    settled(2);
    standby('a');
    run_for(500ms);
    EXPECT_EQ(owner(), "b");
    EXPECT_LE(gap('a', 'b'), kHop + kStep);
    EXPECT_EQ(not_at_rest(*cluster_), std::nullopt);
}

TEST_F(Scene, StandbyToAThirdNodesRowIsOneHopToo) {
    settled(3, [](ClusterConfig& c) { c.groups[0].preferred = node_id(2); });
    standby('c');
    run_for(500ms);
    EXPECT_NE(owner(), "c");
    EXPECT_LE(gap('c', owner()[0]), kHop + kStep);
}

TEST_F(Scene, FailbackIsTwoHopsAndOneOfGap) {
    settled(2, [](ClusterConfig& c) { c.auto_failback = true; });
    node('a').power_off();
    run_for(2s);
    ASSERT_EQ(owner(), "b");
    node('a').boot();
    run_for(5s);
    EXPECT_EQ(owner(), "a");
    EXPECT_LE(gap('b', 'a'), kHop + kStep);
}

TEST_F(Scene, PowerOffBeginsTheTakeoverAtDeadtime) {
    settled(2);
    const WorldTime off = world_.now();
    node('a').power_off();
    run_for(3s);
    EXPECT_EQ(owner(), "b");
    const Duration took = diary_->started.at(id('b')) - off;
    EXPECT_GE(took, 750ms - kHop);  // the last frame may be a keepalive old
    EXPECT_LE(took, 1s + kHop + 20ms);
}

TEST_F(Scene, PowerOffOfOneOfThree) {
    settled(3, [](ClusterConfig& c) { c.quorum = true; });
    const WorldTime off = world_.now();
    node('a').power_off();
    run_for(3s);
    ASSERT_EQ(owner().size(), 1U);
    EXPECT_LE(diary_->started.at(id(owner()[0])) - off, 1s + 5 * kHop + 20ms);
}

TEST_F(Scene, KillOfEverythingOnTheOwner) {
    settled(2);
    node('a').kill_all(3s);
    run_for(2900ms);
    EXPECT_EQ(owner(), "a");  // its kernel
    EXPECT_NE(gate_reason('b').find("held by"), std::string::npos);
    run_for(4s);
    EXPECT_EQ(owner().size(), 1U);
    EXPECT_EQ(not_at_rest(*cluster_), std::nullopt);
}

TEST_F(Scene, DeathOfAnyProcessMovesNothing) {
    settled(2);
    for (Kind k : kKinds)
        for (char n : {'a', 'b'}) {
            node(n).kill(k);
            run_for(3s);
            EXPECT_EQ(owner(), "a") << to_string(k) << " of " << n;
            EXPECT_TRUE(diary_->released.empty()) << to_string(k) << " of " << n;
        }
    EXPECT_EQ(not_at_rest(*cluster_), std::nullopt);
}

TEST_F(Scene, HbResourceDiesWhileItStarts) {
    build(2, [](ClusterConfig& c) { c.agents.start = {50ms, 60ms, 0ns, 0}; });
    cluster_->boot_all();
    while (!node('a').kernel().start_under_way(0))
        run_for(1ms);
    node('a').kill(Kind::kResource);
    run_for(1s);
    EXPECT_EQ(owner(), "a");
    EXPECT_EQ(not_at_rest(*cluster_), std::nullopt);
}

TEST_F(Scene, APausedMachineLetsGoWhenItComesBack) {
    settled(2);
    node('a').freeze(Freeze::kMachine);
    run_for(3s);
    EXPECT_EQ(owner(), "ab");  // a's kernel stands still with it
    split();
    node('a').thaw();
    run_for(100ms);
    EXPECT_EQ(owner(), "b");
}

TEST_F(Scene, TheMastersDeathIsAHandOver) {
    settled(2);
    node('a').kill_master(5s);
    run_for(1s);
    EXPECT_EQ(owner(), "b");
    EXPECT_LE(gap('a', 'b'), kHop + kStep);
}

}  // namespace
}  // namespace hb::sim
