// OwnershipCore by scenes: one core, and everything that its neighbours could tell it, by hand.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/daemons/hb-resource/ownership_scene.hpp"

namespace hb::resource {
namespace {

using namespace test;

TEST(Ownership, AsksWhatIsHereBeforeItSaysAnything) {
    Scene a(kA);
    EXPECT_TRUE(a.did<AskGroup>());
    EXPECT_FALSE(a.did<ipc::Publish>());
    EXPECT_FALSE(a.did<ipc::Watch>());
    EXPECT_TRUE(a.did<ipc::ResourceHello>());
}

TEST(Ownership, ColdStart) {
    Scene a(kA);
    a.both_up();
    EXPECT_FALSE(a.did<StartGroup>());
    a.peer_reports(GroupState::kStopped);
    EXPECT_FALSE(a.did<StartGroup>()) << "no lease yet";
    ASSERT_TRUE(a.core().table());
    EXPECT_EQ(a.core().table()->rows.at("g"),
              (Row{.version = 1,
                   .owner = kA,
                   .pred = 0,
                   .reason = "its preferred node",
                   .transition = transition_id(a.view().id, "g", 1)}));
    a.forget();
    a.acknowledged();
    ASSERT_TRUE(a.did<StartGroup>());
    EXPECT_LT(a.place<ipc::Publish>(), a.place<StartGroup>());
    EXPECT_LT(a.place<ipc::Watch>(), a.place<StartGroup>());
    EXPECT_EQ(a.took<ipc::Watch>().at(0).claims, std::vector{kVip});
    EXPECT_EQ(a.mine().state, GroupState::kStarting);
    a.kernel_says(GroupAnswer::kRunning, true);
    EXPECT_EQ(a.mine().state, GroupState::kRunning);
}

TEST(Ownership, MemberTakesNoRowForAnotherAndBars) {
    Scene b(kB);
    b.both_up();
    b.peer_reports(GroupState::kStopped);
    b.peer_rows({.version = 1, .owner = kA, .pred = 0});
    b.acknowledged();
    EXPECT_FALSE(b.did<StartGroup>());
    EXPECT_EQ(b.mine().bar, 1U);
}

// T9.2: a report of `stopped` is not enough; its bar must cover the row's predecessor.
TEST(Ownership, WaitsForThePromiseThatCoversThePredecessor) {
    Scene b(kB);
    b.both_up();
    b.acknowledged();
    b.peer_rows({.version = 2, .owner = kB, .pred = 1});
    b.peer_reports(GroupState::kStopped, 0);
    EXPECT_FALSE(b.did<StartGroup>());
    EXPECT_EQ(b.mine().gate_reason, "waiting for the promise of a");
    b.peer_reports(GroupState::kStopped, 1);
    EXPECT_TRUE(b.did<StartGroup>());
}

TEST(Ownership, LeavingIsAsGoodAsAnyBar) {
    Scene b(kB);
    b.both_up();
    b.acknowledged();
    b.peer_rows({.version = 2, .owner = kB, .pred = 1});
    b.peer_reports(GroupState::kStopped, 0, [](Report& r) { r.leaving = true; });
    EXPECT_TRUE(b.did<StartGroup>());
}

TEST(Ownership, NoStartOnAnExpiredLease) {
    Scene b(kB);
    b.both_up();
    b.acknowledged();
    b.run(750ms);
    b.forget();
    b.peer_rows({.version = 1, .owner = kB, .pred = 0});
    b.peer_reports(GroupState::kStopped);
    EXPECT_FALSE(b.did<StartGroup>());
    b.acknowledged();
    EXPECT_TRUE(b.did<StartGroup>());
}

TEST(Ownership, FailedElsewhereBlocks) {
    Scene a(kA);
    a.both_up();
    a.acknowledged();
    a.peer_reports(GroupState::kFailed);
    EXPECT_FALSE(a.did<StartGroup>());
    EXPECT_EQ(a.core().table()->rows.at("g").owner, kB);
}

// b was asked to give the group to c, which gave it away itself a moment ago and says so until b
// runs it. To let go for a, which would have it then, was to let go for nobody: a's table keeps b.
TEST(Ownership, AMoveToWhoCannotHaveItYetLetsGoForNobodyElse) {
    OwnershipSettings three = settings(kB);
    three.node_names = {"a", "b", "c"};
    const NodeId c = node_id(2);
    Scene b(kB, three);
    b.kernel_says(GroupAnswer::kStopped);
    b.ready();
    b.peer_is(ipc::Hearing::kHeard, true);
    b.tell(ipc::PeerStatus{.peer = c,
                           .hearing = ipc::Hearing::kHeard,
                           .judged = true,
                           .connected = true,
                           .hears_us = true,
                           .generation = 7});
    b.enter(b.view_of(1, kA, {kA, kB, c}));
    b.peer_reports(GroupState::kStopped);
    const auto c_reports = [&](bool move_away) {
        Report r{.incarnation = {7, 1}, .view = b.view().id};
        r.groups["g"] = {.bar = 1, .state = GroupState::kStopped, .move_away = move_away};
        b.tell(ipc::PeerReport{.peer = c, .report = r});
    };
    c_reports(true);
    b.peer_rows({.version = 1, .owner = kB});
    b.acknowledged();
    b.tell(ipc::Acknowledged{.peer = c, .sent = b.now()});
    b.tell(ipc::Lease{.peer = c, .sent = b.now()});
    ASSERT_EQ(b.mine().state, GroupState::kStarting);
    b.forget();
    b.tell(ipc::Request{
        .id = 1, .kind = ipc::RequestKind::kMove, .scope = ipc::Scope::kAll, .target = c});
    EXPECT_FALSE(b.did<StopGroup>());
    b.kernel_says(GroupAnswer::kRunning, true);
    EXPECT_FALSE(b.did<StopGroup>());
}

// T11 and section 13: the owner that is asked stops first; its report is all the coordinator needs.
TEST(Ownership, StandbyOfTheOwnerWhoIsNotTheCoordinator) {
    Scene b(kB);
    b.kernel_says(GroupAnswer::kRunning);
    b.ready();
    b.peer_is(ipc::Hearing::kHeard, true);
    b.enter(b.view_of(1, kA, {kA, kB}));
    b.peer_rows({.version = 1, .owner = kB, .pred = 0});
    b.peer_reports(GroupState::kStopped, 1);
    b.acknowledged();
    b.forget();
    b.tell(ipc::Request{.id = 9,
                        .kind = ipc::RequestKind::kStandby,
                        .scope = ipc::Scope::kAll,
                        .group = {},
                        .stay = false,
                        .who = "root"});
    ASSERT_TRUE(b.did<ipc::RequestAnswer>());
    EXPECT_TRUE(b.took<ipc::RequestAnswer>()[0].ok);
    EXPECT_TRUE(b.did<StopGroup>());
    EXPECT_TRUE(b.mine().move_away);
    b.kernel_says(GroupAnswer::kStopped);
    EXPECT_EQ(b.mine().state, GroupState::kStopped);
    EXPECT_EQ(b.mine().bar, 1U);
    // The other runs it, but only its row ends the wish.
    b.peer_reports(GroupState::kRunning, 1);
    EXPECT_TRUE(b.mine().move_away);
    b.peer_rows({.version = 2, .owner = kA, .pred = 1});
    EXPECT_FALSE(b.mine().move_away);
}

TEST(Ownership, WhatIsSoAlreadyIsAnsweredInAPlainSentence) {
    const auto answer = [](Scene& node, ipc::RequestKind kind, ipc::Scope scope) {
        node.tell(ipc::Request{.id = 9,
                               .kind = kind,
                               .scope = scope,
                               .group = scope == ipc::Scope::kGroup ? "g" : "",
                               .stay = false,
                               .who = "root"});
        return node.newest<ipc::RequestAnswer>().text;
    };
    using enum ipc::Scope;
    Scene a(kA);
    a.both_up();
    EXPECT_EQ(answer(a, ipc::RequestKind::kStandby, kAll), "no resources run here");
    EXPECT_EQ(answer(a, ipc::RequestKind::kStandby, kForeign), "no foreign resources run here");
    EXPECT_EQ(answer(a, ipc::RequestKind::kStandby, kGroup), "no resources of g run here");
    a.kernel_says(GroupAnswer::kRunning);
    EXPECT_EQ(answer(a, ipc::RequestKind::kTakeover, kForeign), "all foreign resources run here");
}

TEST(Ownership, StandbyRefusedWhenNobodyElseIsEligible) {
    Scene b(kB);
    b.kernel_says(GroupAnswer::kRunning);
    b.ready();
    b.enter(b.view_of(1, kB, {kB}));
    b.tell(ipc::Request{.id = 9,
                        .kind = ipc::RequestKind::kStandby,
                        .scope = ipc::Scope::kAll,
                        .group = {},
                        .stay = false,
                        .who = "root"});
    EXPECT_FALSE(b.took<ipc::RequestAnswer>().at(0).ok);
    EXPECT_FALSE(b.did<StopGroup>());
}

TEST(Ownership, APeerThatDoesNotKnowTheGroupIsNamedOnce) {
    Scene s(kA);
    s.both_up();
    s.forget();
    s.peer_reports(GroupState::kStopped, 0, [](Report& r) { r.groups.clear(); });
    s.acknowledged();
    s.run(500ms);
    EXPECT_FALSE(s.did<StartGroup>());
    EXPECT_EQ(s.mine().gate_reason, "b does not know this group: its haresources differs");
    const auto events = s.took<Event>();
    EXPECT_EQ(
        std::ranges::count_if(events, [](const Event& e) { return e.id == "haresources-differ"; }),
        1);
}

TEST(Ownership, CoordinatorStopsAndHandsOverInOneStep) {
    Scene a(kA);
    a.both_up();
    a.peer_reports(GroupState::kStopped, 1);
    a.acknowledged();
    a.kernel_says(GroupAnswer::kRunning, true);
    a.forget();
    a.tell(StopRequested{});
    EXPECT_TRUE(a.did<StopGroup>());
    EXPECT_TRUE(a.core().report().standby);
    EXPECT_EQ(a.core().table()->rows.at("g").owner, kB);
    EXPECT_FALSE(a.core().report().leaving);
    a.forget();
    a.kernel_says(GroupAnswer::kStopped);
    EXPECT_TRUE(a.core().report().leaving);
    EXPECT_FALSE(a.did<LeaveDone>());
    a.run(10ms);
    a.acknowledged();
    EXPECT_TRUE(a.did<LeaveDone>());
}

TEST(Ownership, LeaveEndsWhenNobodyAnswers) {
    Scene a(kA);
    a.both_up();
    a.tell(StopRequested{});
    EXPECT_FALSE(a.did<LeaveDone>());
    a.run(1s);
    EXPECT_TRUE(a.did<LeaveDone>());
}

// Power-off of the owner: probes begin when it is late, the start comes with the view.
TEST(Ownership, TakesOverThroughTheGate) {
    Scene b(kB);
    b.both_up();
    b.peer_rows({.version = 1, .owner = kA, .pred = 0});
    b.peer_reports(GroupState::kRunning);
    b.acknowledged();
    b.forget();
    b.run(700ms);
    ASSERT_TRUE(b.did<ipc::Watch>());
    EXPECT_EQ(b.took<ipc::Watch>().back().probes, std::vector{kVip});
    b.run(300ms);
    b.peer_is(ipc::Hearing::kSilent);
    b.enter(b.view_of(2, kB, {kB}));
    EXPECT_FALSE(b.did<StartGroup>());
    b.address_quiet();
    EXPECT_TRUE(b.did<StartGroup>());
}

// What was quiet before the machine stood still proves nothing, though by its clock it was just
// now.
TEST(Ownership, AQuietWindowFromBeforeAGapOpensNothing) {
    Scene b(kB);
    b.both_up();
    b.peer_rows({.version = 1, .owner = kA, .pred = 0});
    b.peer_reports(GroupState::kRunning);
    b.acknowledged();
    b.run(1s);
    b.address_quiet();
    b.tell(ipc::CommStoodStill{.gap = 60s, .whole_host = true, .noticed = b.now()});
    b.peer_is(ipc::Hearing::kSilent);
    b.enter(b.view_of(2, kB, {kB}));
    EXPECT_FALSE(b.did<StartGroup>());
    b.address_quiet();
    EXPECT_TRUE(b.did<StartGroup>());
}

// hb-resource stood still while hb-comm went on: what waits in the channel behind the quiet window
// may be somebody's probe.
TEST(Ownership, AQuietWindowThatIsReadLateOpensNothing) {
    Scene b(kB);
    b.both_up();
    b.peer_rows({.version = 1, .owner = kA, .pred = 0});
    b.peer_reports(GroupState::kRunning);
    b.acknowledged();
    b.run(1s);
    b.peer_is(ipc::Hearing::kSilent);
    b.enter(b.view_of(2, kB, {kB}));
    b.address_quiet(/*ago=*/60ms);
    EXPECT_FALSE(b.did<StartGroup>());
    b.address_quiet(/*ago=*/40ms);
    EXPECT_TRUE(b.did<StartGroup>());
}

TEST(Ownership, GateStaysClosedWhileTheAddressIsAnswered) {
    Scene b(kB);
    b.both_up();
    b.peer_is(ipc::Hearing::kSilent);
    b.enter(b.view_of(2, kB, {kB}));
    b.address_answered();
    EXPECT_FALSE(b.did<StartGroup>());
    EXPECT_EQ(b.mine().gate_reason, "address 10.77.0.100 is held by 52:54:00:00:00:02");
    b.run(1s);
    b.address_quiet();
    EXPECT_TRUE(b.did<StartGroup>());
}

// The address has been quiet for long enough: nothing else has to happen for the gate to be asked.
TEST(Ownership, GateIsAskedAgainAtTheMomentTheLastAnswerIsOldEnough) {
    Scene b(kB);
    b.both_up();
    b.peer_is(ipc::Hearing::kSilent);
    b.enter(b.view_of(2, kB, {kB}));
    const MonoTime answered = b.now();
    b.address_answered();
    b.run(990ms);
    b.tell(ipc::ProbeStatuses{{ipc::ProbeStatus{.where = kVip,
                                                .carrier = true,
                                                .window_complete = b.now(),
                                                .control_heard = true,
                                                .answered = answered,
                                                .by = MacAddress::parse("52:54:00:00:00:02"),
                                                .crossed = false}}});
    EXPECT_FALSE(b.did<StartGroup>());
    b.run(10ms);
    EXPECT_TRUE(b.did<StartGroup>());
}

// Section 8: the newcomer has its predecessor's bar, and drops no claim before it asked the kernel.
TEST(Ownership, RespawnKeepsBarClaimAndResource) {
    Scene first(kA);
    first.both_up();
    first.peer_reports(GroupState::kStopped, 1);
    first.acknowledged();
    first.kernel_says(GroupAnswer::kRunning, true);
    const Report said = first.core().report();
    const Table table = *first.core().table();

    OwnershipSettings s = settings(kA);
    s.incarnation = {7, 2};
    Scene a(kA, s);
    a.forget();
    a.ready(said, table);
    a.peer_is(ipc::Hearing::kHeard, true);
    a.enter(a.view_of(1, kA, {kA, kB}));
    EXPECT_EQ(a.mine().state, GroupState::kUnknown);
    for (const ipc::Watch& w : a.took<ipc::Watch>())
        EXPECT_EQ(w.claims, std::vector{kVip});
    a.peer_reports(GroupState::kStopped, 1);
    a.acknowledged();
    a.kernel_says(GroupAnswer::kRunning);
    EXPECT_EQ(a.mine().state, GroupState::kRunning);
    EXPECT_FALSE(a.did<StopGroup>());
    EXPECT_FALSE(a.did<StartGroup>());
    EXPECT_EQ(a.core().table()->rows.at("g").version, 1U)
        << "T6: it goes on, it does not count anew";
}

TEST(Ownership, RespawnAfterAReleaseDoesNotStartUnderTheOldRow) {
    Report said;
    said.incarnation = {7, 1};
    Scene a(kA);
    const View v = a.view_of(1, kB, {kA, kB});
    said.view = v.id;
    said.groups["g"].bar = 1;
    said.groups["g"].state = GroupState::kStopped;
    a.ready(said);
    a.kernel_says(GroupAnswer::kStopped);
    a.peer_is(ipc::Hearing::kHeard, true);
    a.enter(v);
    a.peer_rows({.version = 1, .owner = kA, .pred = 0});
    a.peer_reports(GroupState::kStopped, 5);
    a.acknowledged();
    EXPECT_FALSE(a.did<StartGroup>());
}

TEST(Ownership, NoMoveWithoutHbMembership) {
    Scene a(kA);
    a.both_up();
    a.tell(MembershipGone{});
    a.peer_reports(GroupState::kStopped);
    a.acknowledged();
    EXPECT_FALSE(a.did<StartGroup>());
}

// L5: both processes stood still, so the host did: let go before anything else is said.
TEST(Ownership, LetsGoAfterTheHostStoodStill) {
    Scene a(kA);
    a.both_up();
    a.peer_reports(GroupState::kStopped, 1);
    a.acknowledged();
    a.kernel_says(GroupAnswer::kRunning, true);
    a.forget();
    a.tell(StoodStill{.gap = 3s});
    EXPECT_FALSE(a.did<StopGroup>()) << "hb-comm may have gone on answering";
    a.tell(ipc::CommStoodStill{.gap = 3s, .noticed = MonoTime{1234s}});
    EXPECT_TRUE(a.did<StopGroup>());
    EXPECT_EQ(a.mine().state, GroupState::kStopping);
    EXPECT_LT(a.place<ipc::Publish>(), a.place<StopGroup>());
    EXPECT_EQ(a.newest<ipc::Publish>().answers_gap, MonoTime{1234s}) << "hb-comm waits for it";
}

// L2: a cut-off owner lets go when the last lease that makes a majority runs out.
TEST(Ownership, MinorityLetsGoAtThreeQuartersOfDeadtime) {
    OwnershipSettings s = settings(kA);
    s.node_names = {"a", "b", "c"};
    s.quorum = true;
    Scene a(kA, s);
    a.kernel_says(GroupAnswer::kRunning);
    a.ready();
    a.run(200ms);
    a.acknowledged();
    a.run(749ms);
    EXPECT_FALSE(a.did<StopGroup>());
    a.run(1ms);
    EXPECT_TRUE(a.did<StopGroup>());
}

// What an admin said until the next view holds for the newborn hb-resource too.
TEST(Ownership, RespawnRemembersThatQuorumIsIgnored) {
    OwnershipSettings s = settings(kA);
    s.node_names = {"a", "b", "c"};
    s.quorum = true;
    Scene a(kA, s);
    a.kernel_says(GroupAnswer::kRunning);
    a.ready();
    a.enter(a.view_of(1, kA, {kA}));
    a.tell(ipc::Request{.id = 1, .kind = ipc::RequestKind::kQuorumIgnore, .who = "root"});
    const Report before = a.core().report();
    a.run(5s);
    ASSERT_FALSE(a.did<StopGroup>());

    Scene b(kA, s);
    b.ready(before);
    b.enter(b.view_of(1, kA, {kA}));
    b.kernel_says(GroupAnswer::kRunning);
    b.run(5s);
    EXPECT_FALSE(b.did<StopGroup>());
    b.enter(b.view_of(2, kA, {kA}));
    b.run(5s);
    EXPECT_TRUE(b.did<StopGroup>()) << "only until the next view";
}

TEST(Ownership, TheLastFailedStartIsSaidLoudly) {
    Scene a(kA);
    a.both_up();
    a.peer_reports(GroupState::kStopped, 1000, [](Report& r) { r.standby = true; });
    for (int tries = 1; tries <= 8; tries++) {
        a.forget();
        for (int wait = 0; wait < 1000 && a.mine().state != GroupState::kStarting; wait++) {
            a.acknowledged();
            a.run(100ms);
        }
        ASSERT_EQ(a.mine().state, GroupState::kStarting) << tries;
        const auto last = [](const Event& e) { return e.id == "start-given-up"; };
        EXPECT_EQ(std::ranges::count_if(a.took<Event>(), last), 0);
        a.kernel_says(GroupAnswer::kStopped, true);
        EXPECT_EQ(std::ranges::count_if(a.took<Event>(), last), tries == 8 ? 1 : 0);
    }
    a.forget();
    for (int wait = 0; wait < 1000; wait++) {
        a.acknowledged();
        a.run(100ms);
    }
    EXPECT_FALSE(a.did<StartGroup>());
}

// Two hundred groups that stop at once are one publication, not two hundred.
TEST(Ownership, ResultsThatComeTogetherArePublishedOnce) {
    OwnershipSettings s = settings(kA);
    s.groups.push_back({.name = "h", .preferred = kA});
    Scene a(kA, s);
    a.ready();
    a.forget();
    a.tell(GroupsDone{{{.group = "g", .answer = GroupAnswer::kStopped, .detail = {}},
                       {.group = "h", .answer = GroupAnswer::kRunning, .detail = {}}}});
    ASSERT_EQ(a.took<ipc::Publish>().size(), 1U);
    EXPECT_EQ(a.core().report().groups.at("g").state, GroupState::kStopped);
    EXPECT_EQ(a.core().report().groups.at("h").state, GroupState::kRunning);
}

}  // namespace
}  // namespace hb::resource
