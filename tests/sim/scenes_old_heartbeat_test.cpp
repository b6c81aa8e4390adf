// Scenes of a pair that changes over from Heartbeat, a node after the other: G11.
#include <gtest/gtest.h>

#include "tests/sim/old_heartbeat.hpp"
#include "tests/sim/scene.hpp"

namespace hb::sim {
namespace {

class OldHeartbeatScene : public Scene {
  protected:
    // a runs Heartbeat and everything; b has started ha-suite, and waited for longer than initdead.
    void half_way(bool has_address = false) {
        build(2, [&](ClusterConfig& c) { c.groups[0].has_address = has_address; });
        node('a').boot_without_suite();
        heartbeat_ = std::make_unique<OldHeartbeat>(*cluster_, id('a'));
        heartbeat_->start();
        node('b').boot();
        run_for(6s);
    }
    void TearDown() override {
        Scene::TearDown();
        heartbeat_.reset();
    }
    std::unique_ptr<OldHeartbeat> heartbeat_;
};

TEST_F(OldHeartbeatScene, NothingStartsBesideIt) {
    half_way();
    EXPECT_EQ(owner(), "a");
    EXPECT_TRUE(diary_->started.empty());
    EXPECT_EQ(gate_reason('b'), "a still runs Heartbeat");
}

TEST_F(OldHeartbeatScene, WhoEndsInOrderIsFollowedAtOnce) {
    half_way();
    heartbeat_->stop();
    run_for(100ms);
    EXPECT_EQ(owner(), "b")
        << "a group without an address: its farewell is all there is to wait for";
}

TEST_F(OldHeartbeatScene, TheAddressIsAskedForAllTheSame) {
    half_way(true);
    heartbeat_->stop();
    run_for(700ms);  // the last answer came up to a window before
    EXPECT_EQ(owner(), "");
    EXPECT_NE(gate_reason('b').find("is held by"), std::string::npos) << gate_reason('b');
    run_for(600ms);
    EXPECT_EQ(owner(), "b");
}

TEST_F(OldHeartbeatScene, WhoVanishesIsWaitedForLikeAnybodyElse) {
    half_way();
    node('a').power_off();
    run_for(1200ms);
    EXPECT_EQ(owner(), "");
    run_for(700ms);
    EXPECT_EQ(owner(), "b");
}

TEST_F(OldHeartbeatScene, ANewbornHbResourceIsTold) {
    half_way();
    node('b').kill(Kind::kResource);
    run_for(3s);
    EXPECT_EQ(owner(), "a");
    node('b').kill(Kind::kComm);
    run_for(3s);
    EXPECT_EQ(owner(), "a");
}

// Who does not listen has not heard that it is silent.
TEST_F(OldHeartbeatScene, OurOwnStandstillIsNotItsSilence) {
    half_way();
    node('b').freeze_one(Kind::kComm);
    run_for(3s);
    EXPECT_EQ(owner(), "a");
    node('b').thaw_one(Kind::kComm);
    run_for(3s);
    EXPECT_EQ(owner(), "a");
    node('b').freeze(Freeze::kMachine);
    run_for(3s);
    node('b').thaw();
    run_for(3s);
    EXPECT_EQ(owner(), "a");
    EXPECT_TRUE(diary_->started.empty());
}

// A new hb-comm knows nothing of how slowly it beats: hb-resource does.
TEST_F(OldHeartbeatScene, ANewHbCommListensForAsLongAsItsBeatTakes) {
    half_way();
    heartbeat_->slows_down(4s, 10s);
    run_for(1s);
    node('b').kill(Kind::kComm);
    run_for(9s);
    EXPECT_EQ(owner(), "a");
    EXPECT_TRUE(diary_->started.empty());
}

TEST_F(OldHeartbeatScene, BothNewbornListenFirst) {
    half_way();
    node('b').kill(Kind::kResource);
    node('b').kill(Kind::kComm);
    run_for(3s);
    EXPECT_EQ(owner(), "a");
}

TEST_F(OldHeartbeatScene, ThenTheOtherOneJoins) {
    half_way(true);
    heartbeat_->stop();
    run_for(3s);
    ASSERT_EQ(owner(), "b");
    node('a').start_suite();
    run_for(4s);
    EXPECT_EQ(not_at_rest(*cluster_), std::nullopt);
    EXPECT_EQ(owner(), "b") << "no failback in these scenes";
}

}  // namespace
}  // namespace hb::sim
