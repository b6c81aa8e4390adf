// Scenes of what lies between the nodes: splits, links that flap, the service network.
#include <gtest/gtest.h>

#include "tests/sim/scene.hpp"

namespace hb::sim {
namespace {

TEST_F(Scene, SplitWithTheServiceNetWholeIsRefusedAndHealsWithoutAMove) {
    settled(2);
    split();
    run_for(5s);
    EXPECT_EQ(owner(), "a");
    EXPECT_NE(gate_reason('b').find("held by 52:54:00:00:00:01"), std::string::npos);
    cluster_->network().heal_all();
    run_for(1s);
    EXPECT_EQ(owner(), "a");
    EXPECT_EQ(members('b'), 2U);
    EXPECT_TRUE(diary_->released.empty());
    EXPECT_TRUE(diary_->started.empty());
}

TEST_F(Scene, SplitWithPingNodesMovesFromTheIsolated) {
    settled(2, [](ClusterConfig& c) {
        c.ping_nodes = true;
        c.keepalive = 200ms;
    });
    const WorldTime out = world_.now();
    cluster_->set_all_cables(id('a'), false);
    run_for(4s);
    EXPECT_EQ(owner(), "b");
    EXPECT_LE(diary_->released.at(id('a')) - out, 1s);
    EXPECT_GE(diary_->started.at(id('b')), diary_->released.at(id('a')));
}

// One link of two, in both directions or in one: the membership does not notice.
TEST_F(Scene, AFlappingLinkOfTwoMakesNoView) {
    settled(2);
    flap(link_id(1), true);
    EXPECT_EQ(views_->views_accepted(), 0U);
    nothing_moved();
}

TEST_F(Scene, AFlappingDirectionOfOneLinkOfTwoMakesNoView) {
    settled(2);
    flap(link_id(1), false);
    EXPECT_EQ(views_->views_accepted(), 0U);
    nothing_moved();
}

// A third of what one node sends is lost on one link of two.
TEST_F(Scene, AnAsymmetricLinkOfTwoMakesNoView) {
    settled(2);
    count_views();
    for (int i = 0; i < 2000; i++) {
        cluster_->network().set_cut(id('a'), id('b'), link_id(1), i % 3 == 0);
        run_for(30ms);
    }
    EXPECT_EQ(views_->views_accepted(), 0U);
    nothing_moved();
}

// The only link: each loss that is longer than deadtime is, for each of the two, a view without the
// other and one with it, no more, and moves nothing (decision 18).
TEST_F(Scene, AFlappingOnlyLinkMakesTwoViewsEachTimeAndMovesNothing) {
    settled(2, [](ClusterConfig& c) {
        c.links = 1;
        c.auto_failback = true;
    });
    flap(link_id(0), true);
    EXPECT_EQ(views_->views_accepted(), kFlaps * 4);
    nothing_moved();
}

// b hears nothing of a for a while: it makes views of its own, and a takes it back.
TEST_F(Scene, AFlappingDirectionOfTheOnlyLinkMovesNothing) {
    settled(2, [](ClusterConfig& c) {
        c.links = 1;
        c.auto_failback = true;
    });
    flap(link_id(0), false);
    EXPECT_LE(views_->views_accepted(), kFlaps * 4);
    nothing_moved();
}

// T4: not later than the carrier and the word of it need, and the moment for the others' word.
TEST_F(Scene, LossOfCarrierMovesAtOnce) {
    settled(2, [](ClusterConfig& c) {
        c.ping_nodes = true;
        c.keepalive = 200ms;
    });
    const WorldTime out = world_.now();
    cluster_->set_service_cable(id('a'), false, false, true);
    run_for(500ms);
    EXPECT_EQ(owner(), "b");
    EXPECT_LE(diary_->released.at(id('a')) - out, 10ms + 2 * kStep);
    EXPECT_LE(gap('a', 'b'), kHop + kStep);
}

// ... or deadping, from the last request that was answered on.
TEST_F(Scene, FewerPingNodesMoveAfterDeadping) {
    settled(2, [](ClusterConfig& c) {
        c.ping_nodes = true;
        c.keepalive = 200ms;
    });
    const WorldTime out = world_.now();
    cluster_->set_service_cable(id('a'), false, false);
    run_for(2s);
    EXPECT_EQ(owner(), "b");
    EXPECT_LE(diary_->released.at(id('a')) - out, 1s + 2 * kStep);
    EXPECT_LE(gap('a', 'b'), kHop + kStep);
}

TEST_F(Scene, BothBlindMovesNothing) {
    settled(2, [](ClusterConfig& c) {
        c.ping_nodes = true;
        c.keepalive = 200ms;
        c.auto_failback = true;
    });
    for (const bool carrier_follows : {false, true}) {
        for (const char name : {'a', 'b'}) {
            cluster_->set_service_cable(id(name), false, false, carrier_follows);
            run_for(2ms);
        }
        run_for(3s);
        for (const char name : {'a', 'b'}) {
            cluster_->set_service_cable(id(name), true, true, true);
            run_for(300ms);
        }
        run_for(3s);
        EXPECT_TRUE(diary_->released.empty());
        EXPECT_TRUE(diary_->started.empty());
    }
}

// What hb-ipfail published last is its memory, and stands while it is dead.
TEST_F(Scene, TheDeathOfHbIpfailMovesNothing) {
    settled(2, [](ClusterConfig& c) {
        c.ping_nodes = true;
        c.keepalive = 200ms;
        c.auto_failback = true;
    });
    const auto kill = [&](char name) {
        Node& n = node(name);
        n.post(Kind::kMembership, n.life(Kind::kMembership), 0ms, [](Daemon& d, MonoTime now) {
            static_cast<MembershipDaemon&>(d).kill_ipfail(100ms, now);
        });
        run_for(50ms);
    };
    const auto said = [&](char name) { return node(name).membership()->ping(); };
    for (const char name : {'a', 'b'}) {
        kill(name);
        EXPECT_FALSE(said(name).reachable.empty()) << "what it said stands";
        run_for(3s);
    }
    nothing_moved();
    // What was back for a moment only is so still after a respawn, and moves nothing.
    cluster_->set_service_cable(id('a'), false, false);
    run_for(3s);
    ASSERT_EQ(owner(), "b");
    cluster_->set_service_cable(id('a'), true, true);
    while (said('a').reachable.empty())
        run_for(10ms);
    EXPECT_EQ(said('a').unsure, said('a').reachable);
    kill('a');
    run_for(500ms);
    EXPECT_EQ(said('a').unsure, said('a').reachable) << "unsure for deadping anew";
    EXPECT_EQ(owner(), "b");
    run_for(3s);
    EXPECT_TRUE(said('a').unsure.empty());
    EXPECT_EQ(owner(), "a") << "failback, in the end";
}

TEST_F(Scene, ThreeNodesAndOneCutOff) {
    settled(3, [](ClusterConfig& c) {
        c.quorum = true;
        c.keepalive = 200ms;
    });
    ASSERT_EQ(owner(), "a");
    const WorldTime out = world_.now();
    cluster_->set_all_cables(id('a'), false);
    run_for(4s);
    EXPECT_EQ(owner(), "b");
    EXPECT_LE(diary_->released.at(id('a')) - out, 800ms);
}

TEST_F(Scene, ADeafStandbyStartsNothingUntilTheOwnerIsReallyGone) {
    settled(2);
    cluster_->network().cut(id('a'), id('b'));
    run_for(5s);
    EXPECT_EQ(owner(), "a");
    node('a').power_off();
    run_for(3s);
    EXPECT_EQ(owner(), "b");
}

TEST_F(Scene, HearingThatIsNotTransitive) {
    settled(3);
    cluster_->network().cut_both(id('a'), id('c'));
    run_for(5s);
    EXPECT_EQ(owner(), "a");
    EXPECT_EQ(members('a'), 2U);
    EXPECT_EQ(members('b'), 2U);
    EXPECT_EQ(members('c'), 1U);
    EXPECT_FALSE(gate_reason('c').empty());
}

}  // namespace
}  // namespace hb::sim
