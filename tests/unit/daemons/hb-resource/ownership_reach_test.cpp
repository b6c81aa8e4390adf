// T4 for hb-ipfail's sake: what the coordinator makes of what every member reaches.
#include <gtest/gtest.h>

#include "tests/unit/daemons/hb-resource/ownership_scene.hpp"

namespace hb::resource {
namespace {

using namespace test;

NodeId owner(Scene& a) {
    return a.core().table()->rows.at("g").owner;
}

void says(Scene& a, NodeId who, PingReport ping) {
    a.tell(ipc::PeerPing{.peer = who, .ping = std::move(ping)});
}

const PingReport kBoth{{"router", "dns"}, {}}, kOne{{"dns"}, {}}, kNone{},
    kOneUnsure{{"router", "dns"}, {"router"}};

// a coordinates and runs g; both reach everything.
Scene running(bool failback = true) {
    OwnershipSettings s = settings(kA);
    s.auto_failback = failback;
    s.ping_nodes = s.ipfail = true;
    s.deadping = 2s;
    Scene a(kA, s);
    a.tell(PingPlaces{});
    a.both_up();
    a.peer_reports(GroupState::kStopped, 1);
    a.acknowledged();
    a.kernel_says(GroupAnswer::kRunning, true);
    says(a, kA, kBoth);
    says(a, kB, kBoth);
    EXPECT_EQ(owner(a), kA);
    return a;
}

// Time in which the peer goes on as it is.
void pass(Scene& a, Duration how_long, GroupState peer = GroupState::kStopped) {
    for (Duration t{}; t < how_long; t += 250ms) {
        a.run(250ms);
        a.peer_reports(peer, 100);
        a.acknowledged();
    }
}

TEST(OwnershipReach, WhoReachesMoreGetsItAtOnce) {
    Scene a = running();
    says(a, kA, kOne);
    EXPECT_EQ(owner(a), kB);
    EXPECT_EQ(a.core().table()->rows.at("g").reason, "it reaches more ping nodes");
    EXPECT_TRUE(a.did<StopGroup>());
}

TEST(OwnershipReach, BalancedNothingMoves) {
    Scene a = running();
    says(a, kB, kOne);
    says(a, kA, kOne);
    EXPECT_EQ(owner(a), kA);
    says(a, kB, kNone);
    says(a, kA, kNone);
    EXPECT_EQ(owner(a), kA);
}

TEST(OwnershipReach, WhoMayBeGoingBlindIsNoBetterOff) {
    Scene a = running();
    says(a, kB, kOneUnsure);
    says(a, kA, kOne);
    EXPECT_EQ(owner(a), kA);
    says(a, kB, kOne);
    EXPECT_EQ(owner(a), kA);
    says(a, kB, kOneUnsure);  // it comes back there first
    EXPECT_EQ(owner(a), kA);
    says(a, kB, kBoth);
    EXPECT_EQ(owner(a), kB);
}

TEST(OwnershipReach, WithoutAnOpinionNothingMoves) {
    Scene a(kA);
    a.both_up();
    a.peer_reports(GroupState::kStopped, 1);
    a.acknowledged();
    a.kernel_says(GroupAnswer::kRunning, true);
    says(a, kA, kNone);
    EXPECT_EQ(owner(a), kA);
    a.tell(NoCarrier{{"eth0"}});
    a.run(1s);
    EXPECT_EQ(owner(a), kA);
}

TEST(OwnershipReach, LossOfCarrierMovesWhatLivesThereAfterAMoment) {
    Scene a = running();
    a.tell(NoCarrier{{"eth1"}});
    a.run(100ms);
    EXPECT_EQ(owner(a), kA) << "another interface";
    EXPECT_FALSE(a.mine().no_carrier);
    a.tell(NoCarrier{{"eth0"}});
    EXPECT_TRUE(a.mine().no_carrier);
    a.run(9ms);
    EXPECT_EQ(owner(a), kA);
    a.run(1ms);
    EXPECT_EQ(owner(a), kB);
    EXPECT_EQ(a.core().table()->rows.at("g").reason, "a has no carrier for it");
}

// A link that is set down takes its routes along, and so the places.
TEST(OwnershipReach, AGroupWithoutAPlaceHasNoCarrierWhereItLivedLast) {
    Scene a = running();
    a.tell(GroupPlaces{.group = "g", .places = {}, .problem = "eth0 is down"});
    a.tell(NoCarrier{{"eth0"}});
    EXPECT_TRUE(a.mine().no_carrier);
    a.tell(GroupPlaces{.group = "g", .places = {{kVip.address, "eth1"}}, .problem = {}});
    EXPECT_FALSE(a.mine().no_carrier);
}

TEST(OwnershipReach, WithoutCarrierOnBothNothingMoves) {
    Scene a = running();
    a.tell(NoCarrier{{"eth0"}});
    a.run(5ms);
    a.peer_reports(GroupState::kStopped, 100, [](Report& r) { r.groups["g"].no_carrier = true; });
    a.run(200ms);
    EXPECT_EQ(owner(a), kA);
}

TEST(OwnershipReach, CarrierCountsMoreThanPingNodes) {
    Scene a = running();
    says(a, kB, kOneUnsure);
    says(a, kB, kOne);
    a.tell(NoCarrier{{"eth0"}});
    a.run(10ms);
    EXPECT_EQ(owner(a), kB);
}

TEST(OwnershipReach, ButNothingIsGainedByMovingToOneThatIsBlindToo) {
    Scene a = running();
    says(a, kB, kNone);
    a.tell(NoCarrier{{"eth0"}});
    a.run(200ms);
    EXPECT_EQ(owner(a), kA);
    says(a, kB, kOneUnsure);  // it has found one again
    EXPECT_EQ(owner(a), kB);
}

TEST(OwnershipReach, FailbackWaitsUntilThePreferredNodeIsNoWorseForTheHold) {
    Scene a = running();
    says(a, kA, kOne);
    ASSERT_EQ(owner(a), kB);
    a.kernel_says(GroupAnswer::kStopped);
    pass(a, 10s, GroupState::kRunning);
    EXPECT_EQ(owner(a), kB) << "it is still worse off";
    says(a, kA, kOneUnsure);
    pass(a, 10s, GroupState::kRunning);
    EXPECT_EQ(owner(a), kB) << "and not surely better";
    says(a, kA, kBoth);
    pass(a, 1500ms, GroupState::kRunning);
    EXPECT_EQ(owner(a), kB);
    pass(a, 1s, GroupState::kRunning);
    EXPECT_EQ(owner(a), kA);
}

TEST(OwnershipReach, ASecondMoveWaitsAndAThirdForLonger) {
    Scene a = running(/*failback=*/false);
    says(a, kA, kOne);
    ASSERT_EQ(owner(a), kB);
    a.kernel_says(GroupAnswer::kStopped);
    pass(a, 500ms, GroupState::kRunning);
    says(a, kA, kBoth);
    says(a, kB, kOne);
    pass(a, 1s, GroupState::kRunning);
    EXPECT_EQ(owner(a), kB) << "2 d have not passed";
    pass(a, 1s, GroupState::kRunning);
    EXPECT_EQ(owner(a), kA);
    a.kernel_says(GroupAnswer::kRunning, true);
    says(a, kA, kOne);
    says(a, kB, kBoth);
    pass(a, 3250ms);  // the move was half a second ago
    EXPECT_EQ(owner(a), kA) << "4 d have not passed";
    pass(a, 500ms);
    EXPECT_EQ(owner(a), kB);
}

TEST(OwnershipReach, ThatAMoveWaitsIsSaidOnlyOfANodeThatMayHaveTheGroup) {
    Scene a = running(/*failback=*/false);
    says(a, kA, kOne);
    ASSERT_EQ(owner(a), kB);
    a.kernel_says(GroupAnswer::kStopped);
    const auto said = [&] {
        return std::ranges::any_of(a.took<Event>(),
                                   [](const Event& e) { return e.id == "reach-held"; });
    };
    a.tell(ipc::Request{.id = 1,
                        .kind = ipc::RequestKind::kStandby,
                        .scope = ipc::Scope::kAll,
                        .group = {},
                        .stay = true,
                        .who = "root"});
    says(a, kA, kBoth);
    says(a, kB, kOne);
    EXPECT_FALSE(said());
    a.tell(ipc::Request{.id = 2, .kind = ipc::RequestKind::kActive, .group = {}, .who = "root"});
    EXPECT_TRUE(said());
}

TEST(OwnershipReach, WhereItWasWantedItStaysUntilThatNodeIsWorseOff) {
    Scene a = running();
    says(a, kB, kOne);
    a.tell(ipc::Request{.id = 1,
                        .kind = ipc::RequestKind::kMove,
                        .scope = ipc::Scope::kGroup,
                        .group = "g",
                        .target = kB,
                        .who = "root"});
    ASSERT_EQ(owner(a), kB) << "by request, although it reaches less there";
    a.kernel_says(GroupAnswer::kStopped);
    pass(a, 10s, GroupState::kRunning);
    EXPECT_EQ(owner(a), kB);
    says(a, kB, {{"dns"}, {"dns"}});
    says(a, kB, kOne);
    EXPECT_EQ(owner(a), kB);
    says(a, kB, kNone);
    EXPECT_EQ(owner(a), kA);
}

// g is at b, by request, where it reaches less; a coordinates.
Scene wanted_at_b() {
    Scene a = running();
    says(a, kB, kOne);
    a.tell(ipc::Request{.id = 1,
                        .kind = ipc::RequestKind::kMove,
                        .scope = ipc::Scope::kGroup,
                        .group = "g",
                        .target = kB,
                        .who = "root"});
    EXPECT_EQ(owner(a), kB);
    a.kernel_says(GroupAnswer::kStopped);
    pass(a, 1s, GroupState::kRunning);
    return a;
}

TEST(OwnershipReach, WhereItWasWantedItStaysAlsoWhenTheOthersWereNoBetterForAWhile) {
    Scene a = wanted_at_b();
    says(a, kA, kOne);
    pass(a, 1s, GroupState::kRunning);
    says(a, kA, kBoth);
    pass(a, 10s, GroupState::kRunning);
    EXPECT_EQ(owner(a), kB);
    says(a, kB, kNone);
    EXPECT_EQ(owner(a), kA);
}

TEST(OwnershipReach, WithoutAnOpinionForAWhileItStaysWhereItWasWanted) {
    Scene a = wanted_at_b();
    ipc::PeerStatus newer;
    newer.peer = kB;
    newer.hearing = ipc::Hearing::kHeard;
    newer.judged = newer.connected = newer.hears_us = true;
    newer.generation = 8;
    a.tell(newer);  // what it said is forgotten
    says(a, kB, kOne);
    EXPECT_EQ(owner(a), kB);
}

// The row that follows is pinned too, and is no new wish.
TEST(OwnershipReach, WhoLetsGoOfAWantedGroupWithoutCarrierLosesIt) {
    Scene a = wanted_at_b();
    const std::uint64_t version = a.core().table()->rows.at("g").version;
    a.tell(ipc::PeerReport{.peer = kB, .report = [&] {
                               Report r;
                               r.incarnation = {7, 1};
                               r.view = a.view().id;
                               r.groups["g"].state = GroupState::kStopped;
                               r.groups["g"].bar = version;
                               r.groups["g"].no_carrier = true;
                               return r;
                           }()});
    EXPECT_EQ(owner(a), kB) << "a moment for the others";
    a.run(10ms);
    EXPECT_EQ(owner(a), kA);
}

// a's hb-resource dies, and its next life is told what hb-membership and the kernel know.
struct Newborn {
    explicit Newborn(Scene& before, PingReport a_has, PingReport b_has, GroupState b_state) {
        a.run(before.now() + 10ms - a.now());
        a.ready(before.core().report(), before.core().table());
        a.peer_is(ipc::Hearing::kHeard, true);
        a.enter(before.view());
        says(a, kA, std::move(a_has));
        says(a, kB, std::move(b_has));
        a.peer_reports(b_state, 100);
        a.acknowledged();
        a.tell(GroupPlaces{.group = "g", .places = {kVip}, .problem = {}});
        a.kernel_says(b_state == GroupState::kRunning ? GroupAnswer::kStopped
                                                      : GroupAnswer::kRunning);
    }
    Scene a{kA, [] {
                OwnershipSettings s = settings(kA);
                s.incarnation = {7, 2};
                s.ping_nodes = s.ipfail = true;
                s.deadping = 2s;
                return s;
            }()};
};

TEST(OwnershipReach, ANewbornWaitsUntilItKnowsWhichPingNodesConcernAGroup) {
    Scene before = running();
    before.tell(PingPlaces{{{"router", {"eth1"}}, {"dns", {"eth0"}}}});
    says(before, kA, kOne);
    ASSERT_EQ(owner(before), kA);
    Newborn n(before, kOne, kBoth, GroupState::kStopped);
    pass(n.a, 1s);
    EXPECT_EQ(owner(n.a), kA);
    n.a.tell(PingPlaces{{{"router", {"eth1"}}, {"dns", {"eth0"}}}});
    pass(n.a, 10s);
    EXPECT_EQ(owner(n.a), kA);
}

TEST(OwnershipReach, ANewbornLeavesAGroupWhereItWasWanted) {
    Scene before = wanted_at_b();
    Newborn n(before, kBoth, kOne, GroupState::kRunning);
    n.a.tell(PingPlaces{});
    pass(n.a, 10s, GroupState::kRunning);
    EXPECT_EQ(owner(n.a), kB);
    says(n.a, kB, kNone);
    EXPECT_EQ(owner(n.a), kA);
}

TEST(OwnershipReach, ANewbornCountsTheMovesOfItsPredecessor) {
    Scene before = running(/*failback=*/false);
    says(before, kA, kOne);
    ASSERT_EQ(owner(before), kB);
    before.kernel_says(GroupAnswer::kStopped);
    pass(before, 500ms, GroupState::kRunning);
    Newborn n(before, kBoth, kOne, GroupState::kRunning);
    n.a.tell(PingPlaces{});
    pass(n.a, 1s, GroupState::kRunning);
    EXPECT_EQ(owner(n.a), kB) << "2 d have not passed";
    pass(n.a, 1s, GroupState::kRunning);
    EXPECT_EQ(owner(n.a), kA);
    EXPECT_EQ(n.a.core().table()->rows.at("g").reach_moves, 2U);
}

TEST(OwnershipReach, ANewbornFailsBackOnlyToWhomItFoundNoWorseForTheHold) {
    Scene before = running();
    says(before, kA, kNone);
    ASSERT_EQ(owner(before), kB);
    before.kernel_says(GroupAnswer::kStopped);
    pass(before, 10s, GroupState::kRunning);
    Newborn n(before, kNone, kBoth, GroupState::kRunning);
    pass(n.a, 1s, GroupState::kRunning);
    EXPECT_EQ(owner(n.a), kB);
    n.a.tell(PingPlaces{});
    says(n.a, kA, kBoth);
    pass(n.a, 750ms, GroupState::kRunning);
    EXPECT_EQ(owner(n.a), kB);
    pass(n.a, 10s, GroupState::kRunning);
    EXPECT_EQ(owner(n.a), kA);
}

// b led while a was away, and moved g for hb-ipfail's sake three times.
TEST(OwnershipReach, AnotherCoordinatorReadsItInTheRows) {
    Scene a = running(/*failback=*/false);
    const View later = a.view_of(5, kA, {kA, kB});
    a.tell(ipc::PeerTable{
        .peer = kB,
        .table = {.view = {.number = 4, .coordinator = kB, .coordinator_incarnation = {7, 1}},
                  .rows = {{"g", Row{.version = 4,
                                     .owner = kA,
                                     .pred = 3,
                                     .reach_moves = 3,
                                     .reach_moved = MonoTime{} + 1s}}}}});
    a.enter(later);
    a.peer_reports(GroupState::kStopped, 1);
    a.acknowledged();
    ASSERT_EQ(owner(a), kA);
    EXPECT_EQ(a.core().table()->rows.at("g").reach_moves, 3U);
    says(a, kA, kOne);
    pass(a, 7750ms);
    EXPECT_EQ(owner(a), kA) << "8 d have not passed";
    pass(a, 500ms);
    EXPECT_EQ(owner(a), kB);
}

TEST(OwnershipReach, WhoHasNoOpinionYetIsWaitedForAndNotForEver) {
    OwnershipSettings s = settings(kB);
    s.ping_nodes = s.ipfail = true;
    s.deadping = 2s;
    Scene b(kB, s);
    b.tell(PingPlaces{});
    b.kernel_says(GroupAnswer::kRunning);
    b.ready();
    b.peer_is(ipc::Hearing::kHeard, true);
    says(b, kB, kBoth);
    b.enter(b.view_of(1, kB, {kA, kB}));
    b.peer_reports(GroupState::kStopped, 1);
    b.acknowledged();
    ASSERT_EQ(owner(b), kB) << "it runs there";
    pass(b, 2750ms);
    EXPECT_EQ(owner(b), kB) << "its hb-ipfail may still be judging";
    pass(b, 500ms);
    EXPECT_EQ(owner(b), kA) << "none runs there";
}

TEST(OwnershipReach, AnotherLifeOfThePeerSaysItAgain) {
    Scene a = running();
    says(a, kA, kNone);
    ASSERT_EQ(owner(a), kB);
    Scene c = running();
    ipc::PeerStatus newer;
    newer.peer = kB;
    newer.hearing = ipc::Hearing::kHeard;
    newer.judged = newer.connected = newer.hears_us = true;
    newer.generation = 8;
    c.tell(newer);
    says(c, kA, kOne);
    EXPECT_EQ(owner(c), kA) << "what it said in an earlier life";
}

TEST(OwnershipReach, OnlyPingNodesBehindItsInterfaceConcernAGroup) {
    Scene a = running();
    a.tell(PingPlaces{{{"router", {"eth1"}}, {"dns", {"eth0"}}}});
    says(a, kA, kOne);
    EXPECT_EQ(owner(a), kA) << "the router is behind eth1";
    a.tell(PingPlaces{{{"router", {"eth1"}}, {"dns", {}}}});
    says(a, kA, kNone);
    EXPECT_EQ(owner(a), kB) << "what is not known concerns it";
}

TEST(OwnershipReach, WhereNoPingNodeIsOnlyCarrierCounts) {
    Scene a = running();
    a.tell(PingPlaces{{{"router", {"eth1"}}, {"dns", {"eth1"}}}});
    says(a, kB, kNone);
    says(a, kA, kNone);
    says(a, kB, kBoth);
    EXPECT_EQ(owner(a), kA);
    says(a, kB, kNone);
    a.tell(NoCarrier{{"eth0"}});
    a.run(10ms);
    EXPECT_EQ(owner(a), kB) << "it is not blind there";
}

}  // namespace
}  // namespace hb::resource
