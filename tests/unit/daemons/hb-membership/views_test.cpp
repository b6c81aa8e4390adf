// V2 to V5: whom we follow, what we propose, accept and install.
#include <gmock/gmock.h>

#include "tests/unit/daemons/hb-membership/bench.hpp"

namespace hb::membership::test {
namespace {

using testing::ElementsAre;

// ---- V2

struct FollowCase {
    const char* what;
    bool hears_us;
    NodeId its_choice;
    bool leaving;
    NodeId expected;
};

TEST(Follow, LowestRankThatIsConnectedAndFollowsItself) {
    const FollowCase cases[] = {
        {"connected, follows itself", true, kA, false, kA},
        {"does not hear us", false, kA, false, kB},
        {"follows another", true, kC, false, kB},
        {"leaving", true, kA, true, kB},
    };
    for (const FollowCase& c : cases) {
        Bench t(3, kB);
        t.hello_comm();
        FakePeer a = leader(kA);
        a.hears[kB] = c.hears_us;
        a.publish_view(c.its_choice);
        Report r = report({}, GroupState::kStopped);
        r.leaving = c.leaving;
        a.publish(Topic::kReport, r);
        t.frame(a);
        EXPECT_EQ(t.core.status().follows, c.expected) << c.what;
        EXPECT_EQ(t.published<ViewTopic>()->follows, c.expected) << c.what;
    }
}

TEST(Follow, NeverAHigherRank) {
    Bench t;
    t.hello_comm();
    FakePeer b = leader(kB, kA);
    t.frame(b);
    EXPECT_EQ(t.core.status().follows, kA);
}

// ---- V3

TEST(Propose, EverybodyThatIsConnectedAndFollowsUs) {
    Bench t(3);
    t.hello_comm();
    FakePeer b = follower(kB);
    FakePeer c = follower(kC);
    t.frame(b);
    EXPECT_FALSE(t.accepted()) << "C is not judged yet";
    t.frame(c);
    const View view = *t.accepted();
    EXPECT_EQ(view.id, (ViewId{1, kA, {50, 1}}));
    EXPECT_THAT(view.members, ElementsAre(Member{kA, {50, 1}}, Member{kB, b.incarnation},
                                          Member{kC, c.incarnation}));
    EXPECT_EQ(t.published<ViewTopic>()->accepted, view);
    EXPECT_FALSE(t.published<ViewTopic>()->installed);
}

TEST(Propose, NotWhoFollowsAnotherOrDoesNotHearUs) {
    Bench t(3);
    t.hello_comm();
    FakePeer b = follower(kB);
    b.hears[kA] = false;
    FakePeer c = follower(kC);
    c.publish_view(kB);
    t.frame(b);
    t.frame(c);
    EXPECT_THAT(t.members(), ElementsAre(kA));
}

TEST(Propose, TheFirstViewWaitsForWhoWasJustHeard) {
    Bench t;
    t.hello_comm();
    FakePeer b = leader(kB, kA);
    t.handle(b.frame(t.now, false));
    EXPECT_FALSE(t.accepted());
    t.frame(b);
    EXPECT_FALSE(t.accepted()) << "it hears us, so it will follow us";
    b.publish_view(kA);
    t.frame(b);
    EXPECT_THAT(t.members(), ElementsAre(kA, kB));
    EXPECT_EQ(t.accepted()->id.number, 1u);
}

TEST(Propose, ButAtMostItsDeadtime) {
    Bench t;
    t.hello_comm();
    FakePeer b = leader(kB, kA);
    t.handle(b.frame(t.now, false));
    t.pass(kDeadtime - 1ms, [&] { t.handle(b.frame(t.now, false)); });
    EXPECT_FALSE(t.accepted());
    t.pass(1ms, [&] { t.handle(b.frame(t.now, false)); });
    EXPECT_THAT(t.members(), ElementsAre(kA));
}

TEST(Propose, WhenAMemberFallsSilent) {
    Bench t(3);
    t.hello_comm();
    FakePeer b = follower(kB), c = follower(kC);
    t.frame(b);
    t.frame(c);
    accept(t, b);
    accept(t, c);
    ASSERT_TRUE(t.core.status().installed);
    t.pass_hearing(kDeadtime, {&b});
    EXPECT_THAT(t.members(), ElementsAre(kA, kB));
    EXPECT_EQ(t.accepted()->id.number, 2u);
}

TEST(Propose, WhenAMemberHasANewIncarnation) {
    Bench t;
    t.hello_comm();
    FakePeer b = follower(kB);
    t.frame(b);
    accept(t, b);
    b.respawn_membership();
    b.publish_view(kA);
    t.frame(b);
    EXPECT_EQ(t.accepted()->id.number, 2u);
    EXPECT_EQ(t.accepted()->find(kB)->incarnation, b.incarnation);
}

TEST(Propose, NumbersAboveAllThatWereSeen) {
    Bench t;
    t.hello_comm();
    FakePeer b = follower(kB);
    b.publish_view(kA, view_of(7, kB, b.incarnation, {{kB, b.incarnation}}));
    t.frame(b);
    EXPECT_EQ(t.accepted()->id.number, 8u);
    // A wanted member accepted a higher view than ours (it was alone for a while).
    b.publish_view(kA, view_of(11, kB, b.incarnation, {{kB, b.incarnation}}));
    t.frame(b);
    EXPECT_EQ(t.accepted()->id.number, 12u);
    EXPECT_THAT(t.members(), ElementsAre(kA, kB));
}

TEST(Propose, WhenOurViewIsAnothers) {
    Bench t(2, kB);
    t.hello_comm();
    FakePeer a = leader(kA);
    t.frame(a);
    a.publish_view(kA, view_of(3, kA, a.incarnation, {{kA, a.incarnation}, {kB, {50, 1}}}));
    t.frame(a);
    ASSERT_EQ(t.accepted()->id.number, 3u);
    t.pass(kDeadtime);
    EXPECT_EQ(t.accepted()->id, (ViewId{4, kB, {50, 1}}));
    EXPECT_THAT(t.members(), ElementsAre(kB));
    EXPECT_TRUE(t.core.status().installed);
}

TEST(Propose, NotWhenWeLeave) {
    Bench t;
    t.hello_comm();
    t.hello_resource();
    FakePeer b = follower(kB);
    t.frame(b);
    accept(t, b);
    Report r = report(t.accepted()->id, GroupState::kStopped);
    r.leaving = true;
    t.handle(ipc::Publish{r, {}});
    t.pass(2 * kDeadtime);
    EXPECT_EQ(t.accepted()->id.number, 1u);
}

TEST(Propose, ANodeThatNeverAcceptsIsLeftOutForLongerEachTime) {
    Bench t;
    t.hello_comm();
    FakePeer b = follower(kB);
    t.frame(b);
    ASSERT_THAT(t.members(), ElementsAre(kA, kB));
    t.pass_hearing(kDeadtime, {&b});
    EXPECT_THAT(t.members(), ElementsAre(kA));
    EXPECT_TRUE(t.core.status().installed);
    EXPECT_TRUE(t.event("node-left-out"));
    Duration hold = kDeadtime;
    for (int i = 0; i < 8; ++i) {
        t.pass_hearing(hold - 1ms, {&b});
        EXPECT_THAT(t.members(), ElementsAre(kA)) << to_string(hold);
        t.pass_hearing(1ms, {&b});
        EXPECT_THAT(t.members(), ElementsAre(kA, kB)) << to_string(hold);
        t.pass_hearing(kDeadtime, {&b});
        EXPECT_THAT(t.members(), ElementsAre(kA)) << to_string(hold);
        hold = std::min<Duration>(hold * 2, 60s);
    }
    EXPECT_EQ(hold, 60s) << "the longest";
}

TEST(Propose, LeftOutMeansConnectedAllTheTime) {
    Bench t;
    t.hello_comm();
    FakePeer b = follower(kB);
    t.frame(b);
    t.pass_hearing(kDeadtime, {&b});
    ASSERT_THAT(t.members(), ElementsAre(kA));
    t.pass_hearing(600ms, {&b});
    b.hears[kA] = false;
    t.frame(b);
    b.hears[kA] = true;
    t.frame(b);
    t.pass_hearing(kDeadtime - 1ms, {&b});
    EXPECT_THAT(t.members(), ElementsAre(kA));
    t.pass_hearing(1ms, {&b});
    EXPECT_THAT(t.members(), ElementsAre(kA, kB));
    accept(t, b);
    EXPECT_TRUE(t.core.status().installed);
    // Once it accepted, a blip costs it no more than anybody.
    b.hears[kA] = false;
    t.frame(b);
    b.hears[kA] = true;
    t.frame(b);
    EXPECT_THAT(t.members(), ElementsAre(kA, kB));
}

TEST(Propose, LeftOutAndAwayForAsLongIsWantedAtOnce) {
    Bench t;
    t.hello_comm();
    FakePeer b = follower(kB);
    t.frame(b);
    t.pass_hearing(kDeadtime, {&b});
    ASSERT_THAT(t.members(), ElementsAre(kA));
    b.hears[kA] = false;
    t.pass_hearing(kDeadtime - kKeepalive, {&b});
    b.hears[kA] = true;
    t.pass_hearing(kKeepalive, {&b});
    EXPECT_THAT(t.members(), ElementsAre(kA));
    b.hears[kA] = false;
    t.pass_hearing(kDeadtime + kKeepalive, {&b});
    b.hears[kA] = true;
    t.frame(b);
    EXPECT_THAT(t.members(), ElementsAre(kA, kB));
}

TEST(Propose, ARestartedNodeIsWelcomeAtOnce) {
    Bench t;
    t.hello_comm();
    FakePeer b = follower(kB);
    t.frame(b);
    t.pass_hearing(kDeadtime, {&b});
    ASSERT_THAT(t.members(), ElementsAre(kA));
    b.reboot();
    b.publish_view(kA);
    t.frame(b);
    EXPECT_THAT(t.members(), ElementsAre(kA, kB));
}

TEST(Propose, WaitsForAnAnswerAnewWhenHbCommIsBack) {
    Bench t;
    t.hello_comm();
    FakePeer b = follower(kB);
    t.frame(b);
    t.handle(CommGone{});
    t.pass(5s);
    t.hello_comm();
    t.pass_hearing(kDeadtime - 1ms, {&b});
    EXPECT_FALSE(t.event("node-left-out"));
}

// ---- V4

struct AcceptCase {
    const char* what;
    MembershipSettings settings = Bench::settings(3, kB);
    bool follows_itself = true;
    Incarnation mine{50, 1};
    std::uint64_t number = 4;
    NodeId coordinator = kA;
    bool contains_us = true;
    bool accepted = true;
};

TEST(Accept, OnlyFromWhomWeFollowWithOurIncarnationAndHigher) {
    auto with = [](auto drop) {
        MembershipSettings s = Bench::settings(3, kB);
        drop(s.dropped);
        return s;
    };
    const AcceptCase cases[] = {
        {.what = "as it should be"},
        {.what = "we do not follow it", .follows_itself = false, .accepted = false},
        {.what = "... rule dropped",
         .settings = with([](TestOnlyRulesDropped& d) { d.v4_follow = true; }),
         .follows_itself = false},
        {.what = "an earlier life of ours", .mine = {50, 0}, .accepted = false},
        {.what = "... rule dropped",
         .settings = with([](TestOnlyRulesDropped& d) { d.v4_incarnation = true; }),
         .mine = {50, 0}},
        {.what = "lower", .number = 2, .accepted = false},
        {.what = "... rule dropped",
         .settings = with([](TestOnlyRulesDropped& d) { d.v4_higher = true; }),
         .number = 2},
        {.what = "of another coordinator", .coordinator = kC, .accepted = false},
        {.what = "without us", .contains_us = false, .accepted = false},
    };
    for (const AcceptCase& c : cases) {
        Bench t(c.settings);
        t.hello_comm();
        FakePeer a = leader(kA);
        t.frame(a);
        const Member us{kB, {50, 1}};
        a.publish_view(kA, view_of(3, kA, a.incarnation, {{kA, a.incarnation}, us}));
        t.frame(a);
        ASSERT_EQ(t.accepted()->id.number, 3u) << c.what;
        t.pass(1ms);
        std::vector<Member> members{{kA, a.incarnation}};
        if (c.contains_us) members.push_back({kB, c.mine});
        if (c.coordinator == kC) members.push_back({kC, {1, 1}});
        const View next = view_of(c.number, c.coordinator, a.incarnation, members);
        a.publish_view(c.follows_itself ? kA : kC, next);
        t.frame(a);
        EXPECT_EQ(t.accepted() == next, c.accepted) << c.what;
    }
}

TEST(Accept, NotWhenWeLeave) {
    Bench t(2, kB);
    t.hello_comm();
    t.hello_resource();
    Report r = report({}, GroupState::kStopped);
    r.leaving = true;
    t.handle(ipc::Publish{r, {}});
    FakePeer a = leader(kA);
    a.publish_view(kA, view_of(3, kA, a.incarnation, {{kA, a.incarnation}, {kB, {50, 1}}}));
    t.frame(a);
    EXPECT_FALSE(t.accepted());
}

TEST(Accept, AnOldFrameOfAnEarlierLifeOfTheCoordinatorIsNothing) {
    Bench t(2, kB);
    t.hello_comm();
    FakePeer a = leader(kA);
    a.publish_view(kA, view_of(3, kA, a.incarnation, {{kA, a.incarnation}, {kB, {50, 1}}}));
    PeerFrame old = a.frame(t.now);
    a.respawn_membership();
    a.publish_view(kA);
    t.frame(a);
    t.handle(old);
    EXPECT_FALSE(t.accepted());
}

// ---- V5

TEST(Install, WhenEveryMemberAccepted) {
    Bench t(3);
    t.hello_comm();
    t.hello_resource();
    FakePeer b = follower(kB), c = follower(kC);
    t.frame(b);
    t.frame(c);
    t.clear();
    accept(t, b);
    EXPECT_FALSE(t.core.status().installed);
    EXPECT_FALSE(t.last<ipc::ViewChanged>());
    // C accepted another view with that number.
    View other = *t.accepted();
    other.members.pop_back();
    c.publish_view(kA, other);
    t.frame(c);
    EXPECT_FALSE(t.core.status().installed);
    accept(t, c);
    EXPECT_TRUE(t.core.status().installed);
    EXPECT_EQ(*t.last<ipc::ViewChanged>(), (ipc::ViewChanged{*t.accepted(), true}));
    EXPECT_TRUE(t.published<ViewTopic>()->installed);
}

TEST(Install, AMemberKnowsByTheCoordinatorsWord) {
    Bench t(2, kB);
    t.hello_comm();
    t.hello_resource();
    FakePeer a = leader(kA);
    const View view = view_of(3, kA, a.incarnation, {{kA, a.incarnation}, {kB, {50, 1}}});
    a.publish_view(kA, view);
    t.frame(a);
    EXPECT_FALSE(t.core.status().installed);
    a.publish_view(kA, view, true);
    t.frame(a);
    EXPECT_TRUE(t.core.status().installed);
    EXPECT_EQ(t.all<ipc::ViewChanged>().size(), 1u) << "installed is for the coordinator only";
}

// ---- what a broken peer may not do

TEST(Nonsense, IsSaidOnceAndIgnored) {
    const std::uint64_t huge = ~std::uint64_t{0};
    struct Case {
        const char* what;
        ViewTopic topic;
    };
    const Incarnation i{100, 1};
    const Case cases[] = {
        {"number", {i, kB, view_of(huge, kB, i, {{kB, i}}), false, 1s, NodeStatus::kActive}},
        {"stranger",
         {i, kB, view_of(1, kB, i, {{kB, i}, {node_id(9), i}}), false, 1s, NodeStatus::kActive}},
        {"no coordinator", {i, kB, view_of(1, kC, i, {{kB, i}}), false, 1s, NodeStatus::kActive}},
        {"incarnation", {{100, 2}, kB, std::nullopt, false, 1s, NodeStatus::kActive}},
    };
    for (const Case& c : cases) {
        Bench t;
        t.hello_comm();
        t.hello_resource();
        FakePeer b = follower(kB);
        b.publish(Topic::kView, c.topic);
        PeerFrame f = b.frame(t.now);
        f.seen.acknowledged_sent = t.now;
        t.handle(f);
        t.handle(f);
        EXPECT_EQ(t.count("peer-nonsense"), 1u) << c.what;
        EXPECT_FALSE(t.status_of(kB)->accepted) << c.what;
        EXPECT_FALSE(t.last<ipc::Lease>()) << c.what;
    }
}

}  // namespace
}  // namespace hb::membership::test
