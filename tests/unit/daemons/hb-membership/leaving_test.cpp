// V6: the next view waits until the goodbye is answered, for 3/4 deadtime at most.
#include <gmock/gmock.h>

#include "tests/unit/daemons/hb-membership/bench.hpp"

namespace hb::membership::test {
namespace {

using testing::ElementsAre;

Table table_of(const ViewId& view, NodeId owner, std::uint64_t version) {
    Table t{view, {}};
    t.rows["g"].version = version;
    t.rows["g"].owner = owner;
    t.rows["g"].pred = version - 1;
    return t;
}

Report leaving_report(const ViewId& view, std::uint64_t bar) {
    Report r = report(view, GroupState::kStopped, bar);
    r.leaving = true;
    return r;
}

// A, B and C in view 1 of A; B or C leaves; A is asked.
struct StayScene {
    explicit StayScene(const MembershipSettings& s = Bench::settings(3, kA)) : t(s) {
        t.hello_comm();
        t.hello_resource();
        t.frame(b);
        t.frame(c);
        accept(t, b);
        accept(t, c);
        view = t.accepted()->id;
        own(report(view, GroupState::kStopped));
        peer(b, report(view, GroupState::kStopped));
        peer(c, report(view, GroupState::kStopped));
    }
    void own(const Report& r) { t.handle(ipc::Publish{r, {}}); }
    void own(const Table& table) { t.handle(ipc::Publish{{}, table}); }
    void peer(FakePeer& p, const Report& r) {
        p.publish(Topic::kReport, r);
        t.frame(p);
    }
    bool moved_on() { return t.accepted()->id != view; }

    Bench t;
    FakePeer b = follower(kB), c = follower(kC);
    ViewId view;
};
struct CoordinatorStays : testing::Test, StayScene {};

TEST_F(CoordinatorStays, WaitsForNothingThatIsInMaintenance) {
    const Maintenance on{.counter = 1, .by = kA, .on = true};
    own(table_of(view, kB, 1));
    Report ours = report(view, GroupState::kStopped, 1);
    ours.groups["g"].maintenance = on;
    own(ours);
    Report left = leaving_report(view, 0);
    left.groups["g"].state = GroupState::kRunning;
    left.groups["g"].maintenance = on;
    peer(b, left);
    EXPECT_TRUE(moved_on());
}

TEST_F(CoordinatorStays, WaitsForItsOwnTableThenForItsOwnReport) {
    own(table_of(view, kB, 1));
    own(report(view, GroupState::kStopped, 1));
    peer(b, leaving_report(view, 1));
    EXPECT_FALSE(moved_on()) << "our own hb-resource has not answered";
    EXPECT_FALSE(t.core.status().nodes[1].report->standby);
    own(table_of(view, kA, 2));
    EXPECT_FALSE(moved_on()) << "... nor acted on its own row";
    own(report(view, GroupState::kStarting, 1));
    EXPECT_TRUE(moved_on());
    EXPECT_THAT(t.members(), ElementsAre(kA, kC));
}

TEST_F(CoordinatorStays, WaitsForANewOwnerWhileThatIsConnected) {
    own(table_of(view, kB, 1));
    own(report(view, GroupState::kStopped, 1));
    peer(b, leaving_report(view, 1));
    own(table_of(view, kC, 2));
    own(report(view, GroupState::kStopped, 2));
    EXPECT_FALSE(moved_on());
    c.hears[kA] = false;
    t.frame(c);
    EXPECT_TRUE(moved_on()) << "only owners still connected are waited for";
}

TEST(NewOwner, TheNewOwnersReportEndsTheWait) {
    for (const GroupState state :
         {GroupState::kStarting, GroupState::kRunning, GroupState::kFailed}) {
        StayScene s;
        s.own(table_of(s.view, kC, 2));
        s.own(report(s.view, GroupState::kStopped, 2));
        s.peer(s.b, leaving_report(s.view, 1));
        EXPECT_FALSE(s.moved_on());
        s.peer(s.c, report(s.view, GroupState::kStopped, 1));
        EXPECT_FALSE(s.moved_on());
        s.peer(s.c, report(s.view, state, 1));
        EXPECT_TRUE(s.moved_on()) << to_string(state);
    }
}

TEST_F(CoordinatorStays, NobodyElseIsEligible) {
    own(table_of(view, kB, 1));
    Report standby = report(view, GroupState::kStopped, 1);
    standby.standby = true;
    own(standby);
    Report failed = report(view, GroupState::kStopped, 1);
    failed.groups["g"].start_failed = true;
    peer(c, failed);
    peer(b, leaving_report(view, 1));
    EXPECT_TRUE(moved_on());
}

TEST_F(CoordinatorStays, ThreeQuartersOfADeadtimeAtMost) {
    own(table_of(view, kB, 1));
    own(report(view, GroupState::kStopped, 1));
    peer(b, leaving_report(view, 1));
    t.pass_hearing(750ms - 1ms, {&b, &c});
    EXPECT_FALSE(moved_on());
    t.pass_hearing(1ms, {&b, &c});
    EXPECT_TRUE(moved_on());
    EXPECT_TRUE(t.event("goodbye-unanswered"));
}

TEST_F(CoordinatorStays, NoTableNoWait) {
    peer(b, leaving_report(view, 0));
    EXPECT_TRUE(moved_on());
}

TEST_F(CoordinatorStays, EveryGroupCounts) {
    Table two = table_of(view, kA, 2);
    two.rows["h"] = two.rows["g"];
    two.rows["h"].owner = kB;
    own(two);
    Report r = report(view, GroupState::kRunning, 1);
    r.groups["h"].state = GroupState::kStopped;
    r.groups["h"].bar = 2;
    own(r);
    peer(b, leaving_report(view, 1));
    EXPECT_FALSE(moved_on());
    two.rows["h"].owner = kA;
    two.rows["h"].version = 3;
    own(two);
    EXPECT_FALSE(moved_on());
    r.groups["h"].state = GroupState::kStarting;
    own(r);
    EXPECT_TRUE(moved_on());
}

TEST(LeavingDropped, TableFirstGoesOnAtOnce) {
    MembershipSettings settings = Bench::settings(3, kA);
    settings.dropped.v6_table_first = true;
    StayScene s(settings);
    s.own(table_of(s.view, kB, 1));
    s.own(report(s.view, GroupState::kStopped, 1));
    s.peer(s.b, leaving_report(s.view, 1));
    EXPECT_TRUE(s.moved_on());
}

TEST(LeavingDropped, ConnectedOnlyWaitsForOwnersThatAreGone) {
    MembershipSettings settings = Bench::settings(3, kA);
    settings.dropped.v6_connected_only = true;
    StayScene s(settings);
    s.own(table_of(s.view, kC, 2));
    s.own(report(s.view, GroupState::kStopped, 2));
    s.peer(s.b, leaving_report(s.view, 1));
    s.c.hears[kA] = false;
    s.t.frame(s.c);
    EXPECT_FALSE(s.moved_on());
}

// B is asked; A, the coordinator, leaves with its last table.
struct CoordinatorLeaves : testing::Test {
    CoordinatorLeaves() : t(2, kB) {
        t.hello_comm();
        t.hello_resource();
        t.frame(a);
        const View v = view_of(1, kA, a.incarnation, {{kA, a.incarnation}, {kB, {50, 1}}});
        view = v.id;
        a.publish_view(kA, v, true);
        t.frame(a);
        t.handle(ipc::Publish{report(view, GroupState::kStopped, 1), {}});
    }
    void goodbye(NodeId owner, std::uint64_t version) {
        a.publish(Topic::kReport, leaving_report(view, 1));
        a.publish(Topic::kTable, table_of(view, owner, version));
        t.frame(a);
    }
    Bench t;
    FakePeer a = leader(kA);
    ViewId view;
};

TEST_F(CoordinatorLeaves, TheTableIsPassedOnAndAnsweredFirst) {
    t.clear();
    goodbye(kB, 2);
    EXPECT_EQ(t.accepted()->id, view);
    // In this order to hb-resource: the goodbye, then the table that answers it.
    const auto said = t.position<ipc::PeerReport>(), table = t.position<ipc::PeerTable>();
    ASSERT_TRUE(said && table);
    EXPECT_LT(*said, *table);
    EXPECT_FALSE(t.position<ipc::ViewChanged>());
    t.handle(ipc::Publish{report(view, GroupState::kStarting, 1), {}});
    EXPECT_EQ(t.accepted()->id, (ViewId{2, kB, {50, 1}}));
    EXPECT_THAT(t.members(), ElementsAre(kB));
    EXPECT_TRUE(t.last<ipc::ViewChanged>()->installed);
}

TEST_F(CoordinatorLeaves, ABarIsAnAnswerToo) {
    goodbye(kA, 2);  // nobody else was eligible
    EXPECT_EQ(t.accepted()->id, view);
    t.handle(ipc::Publish{report(view, GroupState::kStopped, 2), {}});
    EXPECT_EQ(t.accepted()->id.number, 2u);
}

TEST_F(CoordinatorLeaves, ItsSilenceEndsTheWait) {
    goodbye(kB, 2);
    t.pass(500ms);
    EXPECT_EQ(t.accepted()->id, view);
    t.pass(500ms);
    EXPECT_NE(t.accepted()->id, view);
}

}  // namespace
}  // namespace hb::membership::test
