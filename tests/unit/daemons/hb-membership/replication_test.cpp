// Topics, leases and X1: what is published for whom, what is passed on, and in which order.
#include <gmock/gmock.h>

#include "tests/unit/daemons/hb-membership/bench.hpp"

namespace hb::membership::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Replication : testing::Test {
    Replication() {
        t.hello_comm();
        t.hello_resource();
        t.frame(b);
        accept(t, b);
        t.clear();
    }
    Bench t;
    FakePeer b = follower(kB);
};

TEST_F(Replication, EveryPublicationHasAHigherVersion) {
    const Report r = report({}, GroupState::kRunning);
    t.handle(ipc::Publish{r, {}});
    t.handle(ipc::Publish{r, {}});
    EXPECT_EQ(t.all<PublishValues>().size(), 1u) << "the same again is no news";
    t.handle(ipc::Publish{report({}, GroupState::kStopping), {}});
    t.handle(IpfailSays{{{"10.0.0.1"}}});
    TopicVersion before{};
    for (const PublishValues& p : t.all<PublishValues>()) {
        EXPECT_EQ(p.incarnation, (Incarnation{50, 1}));
        for (const auto& [version, value] : p.topics) {
            EXPECT_EQ(version.incarnation, (Incarnation{50, 1}));
            EXPECT_GT(version, before);
            before = version;
        }
    }
    EXPECT_THAT(t.published<PingReport>()->reachable, ElementsAre("10.0.0.1"));
}

// L5: hb-comm lets frames go again by it.
TEST_F(Replication, WhichGapTheReportAnswersIsPassedOn) {
    t.handle(ipc::Publish{report({}, GroupState::kRunning), {}});
    t.handle(ipc::Publish{report({}, GroupState::kStopping), {}, MonoTime{7s}});
    t.handle(ipc::Publish{{}, Table{t.accepted()->id, {}}});
    const auto all = t.all<PublishValues>();
    ASSERT_EQ(all.size(), 3u);
    EXPECT_EQ(all[0].answers_gap, std::nullopt);
    EXPECT_EQ(all[1].answers_gap, MonoTime{7s});
    EXPECT_EQ(all[2].answers_gap, MonoTime{7s});
}

TEST_F(Replication, ReportAndTableOfOnePublishTravelTogether) {
    t.handle(ipc::Publish{report({}, GroupState::kRunning), Table{t.accepted()->id, {}}});
    ASSERT_EQ(t.all<PublishValues>().size(), 1u);
    EXPECT_EQ(t.all<PublishValues>()[0].topics.size(), 2u);
}

TEST_F(Replication, ANewHbCommGetsEverything) {
    t.handle(ipc::Publish{report({}, GroupState::kRunning), Table{t.accepted()->id, {}}});
    t.handle(CommGone{});
    t.clear();
    t.handle(ipc::Publish{report({}, GroupState::kStopping), {}});
    EXPECT_THAT(t.all<PublishValues>(), IsEmpty());
    t.hello_comm();
    ASSERT_EQ(t.all<PublishValues>().size(), 1u);
    EXPECT_EQ(t.all<PublishValues>()[0].topics.size(), 3u);
    EXPECT_EQ(t.published<Report>()->groups["g"].state, GroupState::kStopping);
}

TEST_F(Replication, TheDeadHbResourceIsUnknownButItsPromisesStay) {
    Report r = report(t.accepted()->id, GroupState::kRunning, 3);
    r.standby = true;
    r.groups["g"].move_away = true;
    t.handle(ipc::Publish{r, Table{t.accepted()->id, {}}});
    t.clear();
    t.handle(ResourceGone{});
    const Report published = *t.published<Report>();
    EXPECT_EQ(published.groups.at("g").state, GroupState::kUnknown);
    EXPECT_EQ(published.groups.at("g").bar, 3u);
    EXPECT_TRUE(published.groups.at("g").move_away);
    EXPECT_TRUE(published.standby);
    EXPECT_EQ(published.view, r.view);
    EXPECT_EQ(published.incarnation, r.incarnation);
    EXPECT_FALSE(t.published<Table>()) << "the table stands";
    t.frame(b);
    EXPECT_THAT(t.all<ipc::PeerStatus>(), IsEmpty()) << "nobody is there to be told";
}

TEST_F(Replication, TheNewcomerIsToldEverythingInOrder) {
    const Report r = report(t.accepted()->id, GroupState::kRunning, 3);
    const Table table{t.accepted()->id, {}};
    t.handle(ipc::Publish{r, table});
    b.publish(Topic::kReport, report(t.accepted()->id, GroupState::kStopped));
    b.publish(Topic::kTable, table);
    b.publish(Topic::kIpfail, PingReport{{"x"}});
    t.frame(b);
    t.handle(ResourceGone{});
    t.clear();
    t.hello_resource();
    ASSERT_GE(t.out.size(), 7u);
    const auto* ready = std::get_if<ipc::MembershipReady>(&t.out[0]);
    ASSERT_TRUE(ready);
    EXPECT_EQ(ready->own_report, r);
    EXPECT_EQ(ready->own_table, table);
    EXPECT_EQ(ready->incarnation, (Incarnation{50, 1}));
    EXPECT_TRUE(std::holds_alternative<ipc::ViewChanged>(t.out[1]));
    EXPECT_TRUE(std::get<ipc::ViewChanged>(t.out[2]).installed);
    EXPECT_TRUE(std::holds_alternative<ipc::PeerStatus>(t.out[3]));
    EXPECT_TRUE(std::holds_alternative<ipc::PeerPing>(t.out[4]));
    EXPECT_TRUE(std::holds_alternative<ipc::PeerReport>(t.out[5]));
    EXPECT_TRUE(std::holds_alternative<ipc::PeerTable>(t.out[6]));
    EXPECT_FALSE(t.published<Report>()) << "unknown, until the newcomer itself says more";
}

TEST(ReplicationAnew, ARespawnedMembershipLearnsFromItsHbResource) {
    Bench t;
    t.hello_comm();
    const Report r = report({}, GroupState::kRunning, 4);
    const Table table{{1, kA, {50, 0}}, {}};
    t.handle(ipc::ResourceHello{{50, 1}, r, table});
    EXPECT_EQ(t.published<Report>(), r);
    EXPECT_EQ(t.published<Table>(), table);
    EXPECT_LT(*t.position<PublishValues>(), *t.position<ipc::MembershipReady>());
    EXPECT_EQ(t.last<ipc::MembershipReady>()->own_report, r);
    EXPECT_FALSE(t.last<ipc::ViewChanged>());
}

TEST_F(Replication, OlderTopicsAreDropped) {
    b.publish(Topic::kReport, report({}, GroupState::kRunning));
    const PeerFrame old = b.frame(t.now);
    b.publish(Topic::kReport, report({}, GroupState::kStopping));
    t.frame(b);
    t.clear();
    t.handle(old);
    EXPECT_THAT(t.all<ipc::PeerReport>(), IsEmpty());
    EXPECT_EQ(t.core.status().nodes[1].report->groups["g"].state, GroupState::kStopping);
}

// hb-comm of a node whose hb-membership is new repeats what the old one published until it is told
// otherwise: we, if we are new, learn it so.
TEST_F(Replication, TopicsOfAnEarlierMembershipOfTheSameLifeCount) {
    FakePeer c = b;
    c.incarnation = {100, 3};
    c.publish(Topic::kReport, report({}, GroupState::kRunning));
    c.incarnation = {100, 4};
    c.publish_view(kA);
    t.acknowledged(c, t.now);
    EXPECT_TRUE(t.last<ipc::PeerReport>());
    EXPECT_TRUE(t.last<ipc::Lease>());
    EXPECT_EQ(t.status_of(kB)->incarnation, (Incarnation{100, 4}));
    c.incarnation = {100, 5};
    c.publish(Topic::kReport, report({}, GroupState::kStopped));
    c.incarnation = {100, 4};
    t.clear();
    t.acknowledged(c, t.now);
    EXPECT_FALSE(t.last<ipc::PeerReport>()) << "of a life that its head does not know";
    EXPECT_FALSE(t.last<ipc::Lease>());
}

TEST(ReplicationAnew, DroppedV1TakesOldFramesToo) {
    MembershipSettings s = Bench::settings(2, kA);
    s.dropped.v1_newer = true;
    Bench t(s);
    t.hello_comm();
    FakePeer b = follower(kB);
    b.publish(Topic::kReport, report({}, GroupState::kRunning));
    const PeerFrame old = b.frame(t.now);
    b.respawn_membership();
    b.publish_view(kA);
    b.publish(Topic::kReport, report({}, GroupState::kStopped));
    t.frame(b);
    t.handle(old);
    EXPECT_EQ(t.core.status().nodes[1].report->groups["g"].state, GroupState::kRunning);
    EXPECT_EQ(t.core.status().nodes[1].incarnation, old.seen.head.incarnation);
}

TEST_F(Replication, AnotherIncarnationVoidsTheViewOnly) {
    b.publish(Topic::kReport, report(t.accepted()->id, GroupState::kRunning));
    t.frame(b);
    t.clear();
    b.respawn_membership();
    t.frame(b);
    EXPECT_FALSE(t.status_of(kB)->accepted);
    EXPECT_EQ(t.status_of(kB)->incarnation, b.incarnation);
    EXPECT_TRUE(t.core.status().nodes[1].report);
    b.publish(Topic::kReport, report({}, GroupState::kStopped));
    t.frame(b);
    EXPECT_EQ(t.last<ipc::PeerReport>()->report.groups["g"].state, GroupState::kStopped)
        << "its counter begins anew, its incarnation is higher";
}

// ---- X1

TEST(X1, HbCommHasEveryViewFirst) {
    for (const bool dropped : {false, true}) {
        MembershipSettings s = Bench::settings(2, kA);
        s.dropped.x1_comm_first = dropped;
        Bench t(s);
        t.hello_comm();
        t.hello_resource();
        t.clear();
        FakePeer b = follower(kB);
        t.frame(b);
        ASSERT_TRUE(t.position<PublishValues>() && t.position<ipc::ViewChanged>());
        EXPECT_EQ(*t.position<PublishValues>() < *t.position<ipc::ViewChanged>(), !dropped);
    }
}

// ---- leases (T9.3)

struct Leases : Replication {
    void expect_none(PeerFrame f, const char* why) {
        f.seen.acknowledged_sent = t.now;
        t.clear();
        t.handle(f);
        EXPECT_THAT(t.all<ipc::Lease>(), IsEmpty()) << why;
    }
};

TEST_F(Leases, BehindAllThatTheFrameBrought) {
    b.publish(Topic::kReport, report(t.accepted()->id, GroupState::kStopped));
    t.acknowledged(b, t.now - 5ms);
    ASSERT_FALSE(t.out.empty());
    const auto* lease = std::get_if<ipc::Lease>(&t.out.back());
    ASSERT_TRUE(lease);
    EXPECT_EQ(*lease, (ipc::Lease{kB, t.now - 5ms}));
    EXPECT_TRUE(t.position<ipc::PeerReport>());
}

TEST_F(Leases, AlsoWhenNothingIsNew) {
    t.acknowledged(b, t.now);
    EXPECT_EQ(t.out.size(), 1u);
    EXPECT_TRUE(t.last<ipc::Lease>());
}

TEST_F(Leases, NotWhileATopicThatTheHeadNamesIsMissing) {
    b.publish(Topic::kReport, report({}, GroupState::kRunning));
    PeerFrame f = b.frame(t.now);
    f.topics.clear();
    expect_none(f, "the report is still on its way, or did not decode");
    t.acknowledged(b, t.now);
    EXPECT_TRUE(t.last<ipc::Lease>());
}

TEST_F(Leases, NotFromRecordingsOtherLivesOrAnAbsentMembership) {
    PeerFrame recording = b.frame(t.now, false);
    expect_none(recording, "not fresh");
    PeerFrame old = b.frame(t.now);
    old.seen.head.incarnation = {99, 1};
    expect_none(old, "an older incarnation");
    PeerFrame absent = b.frame(t.now);
    absent.seen.head.incarnation = {};
    absent.seen.head.own.clear();
    absent.topics.clear();
    expect_none(absent, "hb-comm is there, its hb-membership is not yet");
    EXPECT_THAT(t.members(), ElementsAre(kA, kB)) << "... which alone ends no view";
}

TEST(LeasesDropped, DroppedRuleOvertakes) {
    MembershipSettings s = Bench::settings(2, kA);
    s.dropped.t93_behind = true;
    Bench t(s);
    t.hello_comm();
    t.hello_resource();
    FakePeer b = follower(kB);
    t.clear();
    t.acknowledged(b, t.now);
    EXPECT_EQ(t.position<ipc::Lease>(), 0u);
}

// Files that differ between nodes of a running cluster.
struct Config : testing::Test {
    Config() {
        t.hello_comm();
        t.hello_resource();
    }
    [[nodiscard]] std::vector<std::string> said() {
        std::vector<std::string> lines;
        for (const Event& e : t.all<Event>())
            if (e.id.starts_with("config-"))
                lines.push_back(e.id +
                                (e.id == "config-differs" ? " " + e.fields.at(1).second : ""));
        t.clear();
        return lines;
    }
    void publishes(ConfigDigests config) {
        b.config = config;
        b.publish_view(kA);
        t.frame(b);
    }
    static MembershipSettings with_files() {
        MembershipSettings s = Bench::settings(2, kA);
        s.config = {7, 8};
        return s;
    }
    Bench t{with_files()};
    FakePeer b = follower(kB);
};

TEST_F(Config, IsSaidWhenADifferenceBeginsAndEnds) {
    publishes({7, 8});
    EXPECT_THAT(said(), IsEmpty());
    publishes({9, 8});
    EXPECT_THAT(said(), ElementsAre("config-differs ha.cf"));
    EXPECT_EQ(t.core.status().nodes[1].config, (ConfigDigests{9, 8}));
    publishes({9, 8});
    EXPECT_THAT(said(), IsEmpty());
    publishes({9, 9});
    EXPECT_THAT(said(), ElementsAre("config-differs ha.cf and haresources"));
    publishes({7, 8});
    EXPECT_THAT(said(), ElementsAre("config-agrees"));
}

TEST_F(Config, IsComparedAgainWhenOursWasReadAgain) {
    publishes({9, 8});
    EXPECT_THAT(said(), ElementsAre("config-differs ha.cf"));
    t.handle(NewConfig{{9, 8}});
    ASSERT_TRUE(t.published<ViewTopic>());
    EXPECT_EQ(t.published<ViewTopic>()->config, (ConfigDigests{9, 8}));
    EXPECT_THAT(said(), ElementsAre("config-agrees"));
}

TEST_F(Config, WhoSaysNothingIsNotDifferent) {
    publishes({});
    EXPECT_THAT(said(), IsEmpty());
    publishes({7, 9});
    EXPECT_THAT(said(), ElementsAre("config-differs haresources"));
    publishes({});
    EXPECT_THAT(said(), IsEmpty());
}

}  // namespace
}  // namespace hb::membership::test
