// V1, node states, links, late heartbeats: what is said of peers, and when.
#include <gmock/gmock.h>

#include "tests/unit/daemons/hb-membership/bench.hpp"

namespace hb::membership::test {
namespace {

using ipc::Hearing;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

TEST(Judging, LocalStatusGoesUpWithTheMediaAndActiveWhenEveryPeerIsHeard) {
    Bench t;
    EXPECT_EQ(t.core.status().nodes[0].status, NodeStatus::kInit);
    EXPECT_FALSE(t.published<ViewTopic>());
    t.hello_comm();
    EXPECT_THAT(t.lines(), ElementsAre("Local status now set to: 'up'"));
    EXPECT_EQ(t.published<ViewTopic>()->status, NodeStatus::kUp);
    t.clear();
    FakePeer b = follower(kB);
    t.frame(b);
    EXPECT_THAT(t.lines(), Contains("Comm_now_up(): updating status to active"));
    EXPECT_THAT(t.lines(), Contains("Local status now set to: 'active'"));
    EXPECT_THAT(t.lines(), Contains("Status update for node node2: status active"));
    EXPECT_EQ(t.published<ViewTopic>()->status, NodeStatus::kActive);
}

TEST(Judging, APeerNeverHeardIsJudgedAfterInitdeadInTheFirstLife) {
    Bench t;
    t.hello_comm();
    t.hello_resource();
    t.pass(kInitdead - 1ms);
    EXPECT_EQ(t.status_of(kB)->hearing, Hearing::kNever);
    EXPECT_FALSE(t.status_of(kB)->judged);
    EXPECT_FALSE(t.accepted()) << "V3: propose only when every peer was judged";
    t.pass(1ms);
    EXPECT_EQ(t.status_of(kB)->hearing, Hearing::kSilent);
    EXPECT_TRUE(t.status_of(kB)->judged);
    EXPECT_EQ(t.event("node-dead")->text, "node node2: is dead");
    EXPECT_EQ(t.event("node-dead")->level, Level::kWarn);
    EXPECT_EQ(t.core.status().nodes[0].status, NodeStatus::kActive);
    EXPECT_THAT(t.members(), ElementsAre(kA));
}

TEST(Judging, ARespawnedLifeWaitsADeadtimeOnly) {
    MembershipSettings s = Bench::settings(2, kA);
    s.respawned = true;
    Bench t(s);
    t.hello_comm();
    t.pass(kDeadtime - 1ms);
    EXPECT_FALSE(t.event("node-dead"));
    t.pass(1ms);
    EXPECT_TRUE(t.event("node-dead"));
}

TEST(Judging, TheWaitBeginsWhenWeBeginToListen) {
    Bench t;
    t.pass(kInitdead * 2);
    EXPECT_EQ(t.core.next_deadline(), kForever);
    t.hello_comm();
    t.pass(kInitdead - 1ms);
    EXPECT_FALSE(t.event("node-dead"));
}

TEST(Judging, DroppedV1JudgesAtOnce) {
    MembershipSettings s = Bench::settings(2, kA);
    s.dropped.v1_wait = true;
    Bench t(s);
    t.hello_resource();
    t.hello_comm();
    EXPECT_TRUE(t.status_of(kB)->judged);
    EXPECT_THAT(t.members(), ElementsAre(kA));
}

TEST(Judging, SilentAfterTheDeadtimeThatThePeerAnnounced) {
    struct Case {
        Duration announced;
    };
    for (const Case c : {Case{300ms}, Case{1s}, Case{4s}}) {
        Bench t;
        t.hello_comm();
        FakePeer b = follower(kB);
        b.deadtime = c.announced;
        t.frame(b);
        t.pass(c.announced - 1ms);
        EXPECT_FALSE(t.event("node-dead")) << to_string(c.announced);
        t.pass(1ms);
        EXPECT_TRUE(t.event("node-dead")) << to_string(c.announced);
        EXPECT_EQ(t.core.status().nodes[1].status, NodeStatus::kDead);
    }
}

TEST(Judging, HearsayOfARecordingIsHeardAndNothingElse) {
    Bench t;
    t.hello_comm();
    t.hello_resource();
    FakePeer b = follower(kB);
    t.handle(b.frame(t.now, false));
    const auto s = *t.status_of(kB);
    EXPECT_EQ(s.hearing, Hearing::kHeard);
    EXPECT_TRUE(s.judged);
    EXPECT_FALSE(s.connected);
    EXPECT_FALSE(s.accepted);
    EXPECT_EQ(s.generation, b.generation);
    EXPECT_EQ(s.incarnation, Incarnation{});
}

// Section 8: heard for one deadtime, whenever its last frame came.
TEST(Judging, ARecordingIsHeardForOneDeadtime) {
    Bench t;
    t.hello_comm();
    t.hello_resource();
    FakePeer b = follower(kB);
    const MonoTime begin = t.now;
    t.handle(b.frame(t.now, false));
    t.pass(kDeadtime - kKeepalive, [&] { t.handle(b.frame(t.now, false)); });
    EXPECT_EQ(t.status_of(kB)->hearing, Hearing::kHeard);
    t.pass(begin + kDeadtime - t.now);
    EXPECT_EQ(t.status_of(kB)->hearing, Hearing::kSilent);
}

// What answers us late is no recording: from then on every frame counts.
TEST(Judging, AnAnswerEndsTheDoubt) {
    Bench t;
    t.hello_comm();
    t.hello_resource();
    FakePeer b = follower(kB);
    t.pass(kDeadtime - 2 * kKeepalive, [&] { t.handle(b.frame(t.now, false)); });
    t.frame(b);
    t.pass(kDeadtime - kKeepalive);
    EXPECT_EQ(t.status_of(kB)->hearing, Hearing::kHeard);
}

TEST(Judging, LateHeartbeats) {
    struct Case {
        Duration interval;
        std::optional<Level> level;
        const char* text;
    };
    const Case cases[] = {
        {400ms, std::nullopt, ""},
        {600ms, Level::kWarn, "Late heartbeat: Node node2: interval 600 ms"},
        {1500ms, Level::kCrit, "Late heartbeat: Node node2: interval 1500 ms (> deadtime)"},
    };
    for (const Case& c : cases) {
        Bench t;
        t.hello_comm();
        FakePeer b = follower(kB);
        t.frame(b);
        t.pass(c.interval);
        t.frame(b);
        const auto late = t.event("late-heartbeat");
        EXPECT_EQ(late.has_value(), c.level.has_value()) << to_string(c.interval);
        if (!late || !c.level) continue;
        EXPECT_EQ(late->level, *c.level);
        EXPECT_EQ(late->text, c.text);
    }
}

TEST(Judging, HbResourceIsToldOnceWhenAPeerIsLate) {
    Bench t;
    t.hello_comm();
    t.hello_resource();
    FakePeer b = follower(kB);
    t.frame(b);
    const MonoTime heard = t.now;
    t.clear();
    t.pass(kWarntime - 1ms);
    EXPECT_THAT(t.all<ipc::PeerStatus>(), IsEmpty());
    t.pass(1ms);
    ASSERT_EQ(t.all<ipc::PeerStatus>().size(), 1u);
    EXPECT_TRUE(t.status_of(kB)->late);
    EXPECT_EQ(t.status_of(kB)->last_heard, heard);
    t.frame(b);
    EXPECT_FALSE(t.status_of(kB)->late);
}

TEST(Judging, FramesThatChangeNothingSayNothing) {
    Bench t;
    t.hello_comm();
    t.hello_resource();
    FakePeer b = follower(kB);
    t.frame(b);
    accept(t, b);
    t.clear();
    t.pass_hearing(3s, {&b});
    EXPECT_THAT(t.out, IsEmpty());
}

TEST(Judging, ReturningAfterPartitionOnlyWhenTrue) {
    Bench t;
    t.hello_comm();
    FakePeer b = follower(kB);
    t.frame(b);
    t.pass(2s);
    ASSERT_TRUE(t.event("node-dead"));
    t.clear();
    t.frame(b);
    EXPECT_EQ(t.event("after-partition")->text, "Cluster node node2 returning after partition.");
    EXPECT_EQ(t.event("after-partition")->level, Level::kCrit);
    EXPECT_THAT(t.lines(), Contains("Status update for node node2: status active"));

    t.pass(2s);
    t.clear();
    b.reboot();
    b.publish_view(kA);
    t.frame(b);
    EXPECT_FALSE(t.event("after-partition"));
    EXPECT_EQ(t.event("node-restart")->text, "Heartbeat restart on node node2");
}

TEST(Judging, NoPartitionWhenItWasOurOwnHbCommThatStoodStill) {
    Bench t;
    t.hello_comm();
    FakePeer b = follower(kB);
    t.frame(b);
    t.pass(1500ms);
    ASSERT_TRUE(t.event("node-dead"));
    t.clear();
    t.handle(ipc::CommGap{1500ms});
    t.frame(b);
    EXPECT_FALSE(t.event("after-partition"));
    EXPECT_FALSE(t.event("late-heartbeat"));
    EXPECT_THAT(t.lines(), Contains("Status update for node node2: status active"));
}

TEST(Judging, ALeavingNodeDiesWithoutAWarning) {
    Bench t;
    t.hello_comm();
    FakePeer b = follower(kB);
    Report r = report({}, GroupState::kStopped);
    r.leaving = true;
    b.publish(Topic::kReport, r);
    t.frame(b);
    EXPECT_TRUE(t.core.status().nodes[1].leaving);
    t.pass(1s);
    EXPECT_EQ(t.event("node-dead")->level, Level::kInfo);
}

TEST(Judging, ARestartWithoutSilenceIsNoticedToo) {
    Bench t;
    t.hello_comm();
    t.hello_resource();
    FakePeer b = follower(kB);
    b.publish(Topic::kReport, report({}, GroupState::kRunning));
    t.frame(b);
    accept(t, b);
    ASSERT_THAT(t.members(), ElementsAre(kA, kB));
    t.clear();
    b.reboot();
    t.handle(b.frame(t.now, false));
    EXPECT_TRUE(t.event("node-restart"));
    const auto s = *t.status_of(kB);
    EXPECT_EQ(s.generation, b.generation);
    EXPECT_EQ(s.incarnation, Incarnation{});
    EXPECT_FALSE(s.connected);
    EXPECT_FALSE(s.accepted);
    EXPECT_FALSE(t.core.status().nodes[1].report) << "what an earlier life said is void";
    t.pass(kDeadtime - 1ms, [&] { t.handle(b.frame(t.now, false)); });
    EXPECT_THAT(t.members(), ElementsAre(kA, kB)) << "it gets its time to hear us and follow";
    t.pass(1ms);
    EXPECT_THAT(t.members(), ElementsAre(kA));
}

// G3: whom its earlier session acknowledged relies on that for up to a deadtime.
TEST(Judging, WhatANewSessionHasNotHeardYetItsEarlierOneHeard) {
    Bench t(3);
    t.hello_comm();
    t.hello_resource();
    FakePeer b = follower(kB);
    b.hears[kC] = true;
    t.frame(b);
    ASSERT_TRUE(t.status_of(kB)->hears.contains(kC));
    for (const bool whole_node : {false, true}) {
        t.clear();
        if (whole_node)
            b.reboot();
        else
            b.session.nonce++;
        b.hears[kC] = false;
        t.frame(b);
        t.pass(kDeadtime - 1ms, [&] { t.frame(b); });
        if (const auto s = t.status_of(kB)) {
            EXPECT_TRUE(s->hears.contains(kC));
        }
        t.pass(1ms);
        EXPECT_FALSE(t.status_of(kB)->hears.contains(kC));
        b.hears[kC] = true;
        t.frame(b);
    }
}

TEST(Judging, LinksInHeartbeatsWords) {
    Bench t;
    t.hello_comm();
    t.clear();
    t.handle(ipc::LinkChanged{kB, link_id(0), true, ipc::LinkFault::kNone, ""});
    t.handle(ipc::LinkChanged{kB, link_id(0), true, ipc::LinkFault::kNone, ""});
    t.handle(ipc::LinkChanged{kB, link_id(0), true, ipc::LinkFault::kOneWayOut,
                              "node2 does not hear us on eth0"});
    const MonoTime heard = t.now - 3s;  // of copies that came first on the other link
    t.handle(ipc::LinkChanged{kB, link_id(0), false, ipc::LinkFault::kSilent, "", heard});
    EXPECT_THAT(t.lines(), ElementsAre("Link node2:eth0 up.", "node2 does not hear us on eth0",
                                       "Link node2:eth0 dead."));
    const auto links = t.core.status().nodes[1].links;
    ASSERT_EQ(links.size(), 2u);
    EXPECT_EQ(links[0].name, "eth0");
    EXPECT_FALSE(links[0].up);
    EXPECT_EQ(links[0].fault, ipc::LinkFault::kSilent);
    EXPECT_EQ(links[0].last_heard, heard);
}

TEST(Judging, ARespawnOfHbCommIsNoNewsUnlessALinkIsGone) {
    Bench t;
    t.hello_comm();
    FakePeer b = follower(kB);
    t.frame(b);
    accept(t, b);
    t.handle(ipc::LinkChanged{kB, link_id(0), true, ipc::LinkFault::kNone, ""});
    t.handle(ipc::LinkChanged{kB, link_id(1), true, ipc::LinkFault::kNone, ""});
    t.clear();
    t.handle(CommGone{});
    t.hello_comm();
    t.handle(ipc::LinkChanged{kB, link_id(0), true, ipc::LinkFault::kNone, ""});
    t.pass_hearing(3s, {&b});
    EXPECT_THAT(t.lines(), ElementsAre("Link node2:eth1 dead."));
}

TEST(Judging, NobodyIsJudgedWhileHbCommIsGone) {
    Bench t;
    t.hello_comm();
    FakePeer b = follower(kB);
    t.frame(b);
    t.handle(CommGone{});
    t.pass(10s);
    EXPECT_FALSE(t.event("node-dead"));
    EXPECT_EQ(t.core.next_deadline(), kForever);
    t.hello_comm();
    t.pass(kDeadtime - 1ms);
    EXPECT_FALSE(t.event("node-dead")) << "the new hb-comm listens for a whole deadtime first";
    t.pass(1ms);
    EXPECT_TRUE(t.event("node-dead"));
}

TEST(Judging, NobodyIsJudgedWhileHbCommStandsStill) {
    Bench t;
    t.hello_comm();
    FakePeer b = follower(kB);
    t.frame(b);
    t.comm_listens = false;
    t.pass(kDeadtime * 10);
    EXPECT_FALSE(t.event("node-dead"));
    t.comm_listens = true;
    t.pass(1ms);
    EXPECT_TRUE(t.event("node-dead")) << "it listens, and b has not spoken for long";
}

// A standstill that is short by our deadtime is long by that of a peer: a rolling change makes
// both.
TEST(Judging, AStandstillIsLongByThePeersDeadtimeToo) {
    Bench t;
    t.hello_comm();
    FakePeer b = follower(kB);
    b.deadtime = kDeadtime / 10;
    t.frame(b);
    t.comm_listens = false;
    t.pass(kDeadtime / 9);
    EXPECT_FALSE(t.event("node-dead")) << "hb-comm has not said that it listened";
    t.comm_listens = true;
    t.pass(1ms);
    EXPECT_TRUE(t.event("node-dead"));
}

TEST(Judging, WhoStoodStillWaitsAnewAndReadsFirst) {
    Bench t;
    t.hello_comm();
    FakePeer b = follower(kB);
    t.frame(b);
    const PeerFrame queued = b.frame(t.now + 900ms);
    t.now += 3s;  // no deadline was met meanwhile
    t.on_deadline();
    EXPECT_FALSE(t.event("node-dead"));
    EXPECT_TRUE(t.event("stood-still"));
    t.handle(queued);
    t.on_deadline();
    EXPECT_FALSE(t.event("node-dead"));
    EXPECT_FALSE(t.event("late-heartbeat"));
    t.pass(kDeadtime - 1ms);
    EXPECT_FALSE(t.event("node-dead"));
    t.pass(1ms);
    EXPECT_TRUE(t.event("node-dead"));
    EXPECT_EQ(t.count("stood-still"), 1u);
}

TEST(Judging, ALateCallOfLessThanThatJudgesOnTime) {
    Bench t;
    t.hello_comm();
    FakePeer b = follower(kB);
    t.frame(b);
    t.pass(900ms);
    t.now += 300ms;
    t.on_deadline();
    EXPECT_TRUE(t.event("node-dead"));
}

TEST(Judging, APeerThatNeverEchoesOurNewSessionNoLongerHearsUs) {
    Bench t;
    t.hello_comm();
    t.hello_resource();
    FakePeer b = follower(kB);
    t.frame(b);
    accept(t, b);
    t.handle(CommGone{});
    t.hello_comm();
    t.pass(kDeadtime - kKeepalive, [&] { t.handle(b.frame(t.now, false)); });
    EXPECT_TRUE(t.status_of(kB)->connected) << "a respawn alone ends no view";
    EXPECT_THAT(t.members(), ElementsAre(kA, kB));
    t.pass(2 * kKeepalive, [&] { t.handle(b.frame(t.now, false)); });
    EXPECT_FALSE(t.status_of(kB)->connected);
    EXPECT_THAT(t.members(), ElementsAre(kA));
}

}  // namespace
}  // namespace hb::membership::test
