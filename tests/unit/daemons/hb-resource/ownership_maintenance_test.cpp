// M1 to M5: what one core makes of maintenance.
#include <gtest/gtest.h>

#include "tests/unit/daemons/hb-resource/ownership_scene.hpp"

namespace hb::resource {
namespace {

using namespace test;

const Maintenance kOn{.counter = 9, .by = kB, .on = true};

ipc::Request on(ipc::Scope scope = ipc::Scope::kAll) {
    return {.id = 1,
            .kind = ipc::RequestKind::kMaintenanceOn,
            .scope = scope,
            .group = "g",
            .who = "root"};
}
ipc::Request off() {
    return {.id = 2, .kind = ipc::RequestKind::kMaintenanceOff, .who = "root"};
}

// Another node has the word of `a`, and that it keeps the group.
void peer_knows(Scene& a, GroupState state = GroupState::kStopped, bool leaving = false) {
    static Maintenance word;
    static Keeper keeper;
    static bool leaves;
    word = a.mine().maintenance;
    keeper = a.mine().keepers.contains(kA) ? a.mine().keepers.at(kA) : Keeper{};
    leaves = leaving;
    a.peer_reports(state, 100, [](Report& r) {
        r.leaving = leaves;
        r.groups["g"].maintenance = word;
        r.groups["g"].keepers[kA] = keeper;
    });
    a.acknowledged();
}

OwnershipSettings with_pings() {
    OwnershipSettings s = settings(kA);
    s.ping_nodes = true;
    return s;
}

// a coordinates and runs g.
Scene running(OwnershipSettings s = settings(kA)) {
    Scene a(kA, std::move(s));
    a.both_up();
    a.peer_reports(GroupState::kStopped, 1);
    a.acknowledged();
    a.kernel_says(GroupAnswer::kRunning, true);
    EXPECT_EQ(a.mine().state, GroupState::kRunning);
    return a;
}

TEST(Maintenance, AnAdminsWordIsPublishedWithItsKeeperAndRemembered) {
    Scene a = running();
    a.forget();
    a.tell(on());
    EXPECT_TRUE(a.mine().maintenance.on);
    EXPECT_EQ(a.mine().maintenance.by, kA);
    EXPECT_GE(a.mine().maintenance.counter, 7U) << "not below our generation";
    EXPECT_EQ(a.mine().keepers.at(kA), (Keeper{.generation = 7, .step = 1, .released = false}));
    ASSERT_TRUE(a.did<Remember>());
    EXPECT_LT(a.place<Remember>(), a.place<ipc::Publish>()) << "before others may count on it";
    EXPECT_TRUE(a.newest<Remember>().memory.at("g").maintenance.on);
    EXPECT_TRUE(a.newest<LeaveAlone>().on);
    EXPECT_TRUE(a.newest<ipc::RequestAnswer>().ok);
    a.tell(off());
    EXPECT_FALSE(a.mine().maintenance.on);
    EXPECT_TRUE(a.mine().keepers.at(kA).released);
    EXPECT_FALSE(a.newest<LeaveAlone>().on);
}

TEST(Maintenance, TheGreaterWordCounts) {
    Scene a = running();
    const auto says = [&](std::uint64_t counter, bool is_on) {
        static Maintenance word;
        word = {.counter = counter, .by = kB, .on = is_on};
        a.peer_reports(GroupState::kStopped, 1,
                       [](Report& r) { r.groups["g"].maintenance = word; });
        return a.mine().maintenance.on;
    };
    EXPECT_TRUE(says(20, true));
    EXPECT_FALSE(says(21, false));
    EXPECT_FALSE(says(20, true)) << "older";
    EXPECT_TRUE(says(22, true));
}

TEST(Maintenance, NothingMovesIt) {
    Scene a = running();
    a.tell(on());
    peer_knows(a);
    a.forget();
    for (const auto kind : {ipc::RequestKind::kStandby, ipc::RequestKind::kMoveBack}) {
        a.tell(ipc::Request{.id = 3, .kind = kind, .who = "root"});
        EXPECT_FALSE(a.did<StopGroup>());
    }
    a.tell(ipc::Request{.id = 4, .kind = ipc::RequestKind::kMove, .target = kB, .who = "root"});
    EXPECT_FALSE(a.newest<ipc::RequestAnswer>().ok);
    a.tell(ipc::Request{.id = 5, .kind = ipc::RequestKind::kStandby, .stay = true, .who = "root"});
    a.run(30s);
    EXPECT_FALSE(a.did<StopGroup>());
    EXPECT_EQ(a.core().table()->rows.at("g").owner, kA);
    // It ends, and the lasting standby is in force.
    a.tell(off());
    a.peer_reports(GroupState::kStopped, 100);
    EXPECT_EQ(a.core().table()->rows.at("g").owner, kB);
    EXPECT_TRUE(a.did<StopGroup>());
}

TEST(Maintenance, AOneShotWishEndsWithIt) {
    Scene a = running();
    a.tell(ipc::Request{.id = 3, .kind = ipc::RequestKind::kTakeover, .who = "root"});
    a.tell(ipc::Request{.id = 4, .kind = ipc::RequestKind::kStandby, .who = "root"});
    a.tell(on());
    EXPECT_FALSE(a.mine().move_away);
    EXPECT_FALSE(a.mine().wanted);
}

TEST(Maintenance, NobodyStartsWhatNobodyHas) {
    Scene a(kA);
    a.kernel_says(GroupAnswer::kStopped);
    a.ready();
    a.tell(on());
    a.peer_is(ipc::Hearing::kHeard, true);
    a.enter(a.view_of(1, kA, {kA, kB}));
    peer_knows(a);
    EXPECT_FALSE(a.did<StartGroup>());
    EXPECT_FALSE(a.core().table()->rows.contains("g"));
    a.tell(off());
    peer_knows(a);
    EXPECT_TRUE(a.did<StartGroup>());
}

// ---- an orderly stop

TEST(Maintenance, AnOrderlyStopLeavesItRunningOnceTheOtherKnows) {
    Scene a = running();
    a.tell(on());
    a.forget();
    a.tell(StopRequested{});
    EXPECT_FALSE(a.core().report().leaving) << "b may not know yet";
    EXPECT_FALSE(a.did<StopGroup>());
    peer_knows(a);
    EXPECT_TRUE(a.core().report().leaving);
    EXPECT_EQ(a.mine().state, GroupState::kRunning);
    a.run(2s);
    EXPECT_FALSE(a.did<StopGroup>());
    EXPECT_TRUE(a.did<LeaveDone>());
}

TEST(Maintenance, WhoIsHeardAndDoesNotSayThatItKnowsGetsItStopped) {
    Scene a = running();
    a.tell(on());
    a.forget();
    a.tell(StopRequested{});
    a.run(900ms);
    EXPECT_FALSE(a.did<StopGroup>());
    a.run(200ms);
    EXPECT_TRUE(a.did<StopGroup>());
    EXPECT_FALSE(a.core().report().leaving);
}

TEST(Maintenance, WhileItWaitsForThatIsolationStillCounts) {
    Scene a = running(with_pings());
    a.tell(ipc::PingAnswered{.when = a.now()});
    a.tell(on());
    a.forget();
    a.run(700ms);
    a.tell(StopRequested{});
    a.run(200ms);
    EXPECT_TRUE(a.core().report().isolated);
    EXPECT_TRUE(a.did<StopGroup>()) << "b may count on it, and was not told otherwise";
}

TEST(Maintenance, AfterTheGoodbyeNothingIsChangedAnyMore) {
    Scene a = running();
    a.tell(on());
    peer_knows(a);
    a.tell(StopRequested{});
    EXPECT_TRUE(a.core().report().leaving);
    a.peer_reports(GroupState::kStopped, 1,
                   [](Report& r) { r.groups["g"].maintenance = {.counter = 99, .by = kB}; });
    EXPECT_TRUE(a.mine().maintenance.on);
    EXPECT_FALSE(a.did<StopGroup>());
}

TEST(Maintenance, WhoLeavesWithNothingStillLearnsOfIt) {
    Scene b(kB);
    b.kernel_says(GroupAnswer::kStopped);
    b.ready();
    b.peer_is(ipc::Hearing::kHeard, true);
    b.enter(b.view_of(2, kA, {kA, kB}));
    b.tell(StopRequested{});
    EXPECT_TRUE(b.core().report().leaving);
    b.peer_reports(GroupState::kRunning, 0, [](Report& r) {
        r.groups["g"].maintenance = kOn;
        r.groups["g"].keepers[kA] = {.generation = 7, .step = 1, .released = false};
    });
    ASSERT_TRUE(b.did<Remember>());
    EXPECT_TRUE(b.newest<Remember>().memory.at("g").keepers.contains(kA));
}

// ---- the next life

Memory remembered() {
    Memory m;
    m["g"].maintenance = kOn;
    m["g"].keepers[kA] = {.generation = 6, .step = 1, .released = false};
    m["g"].pinned = true;
    m["g"].pinned_generation = 7;
    return m;
}

TEST(Maintenance, ALaterLifeFindsItRunningAndMovesNothing) {
    OwnershipSettings s = settings(kB);
    s.memory = remembered();
    s.memory["g"].keepers = {{kB, {.generation = 6, .step = 1, .released = false}}};
    Scene b(kB, s);
    EXPECT_TRUE(b.newest<LeaveAlone>().on);
    EXPECT_LT(b.place<LeaveAlone>(), b.place<AskGroup>());
    b.kernel_says(GroupAnswer::kRunning);
    b.ready();
    EXPECT_EQ(b.mine().keepers.at(kB), (Keeper{.generation = 7, .step = 1, .released = false}));
    EXPECT_TRUE(b.mine().pinned);
}

TEST(Maintenance, APartIsLeftAloneAndRepairedAtTheEnd) {
    OwnershipSettings s = settings(kA);
    s.memory = remembered();
    Scene a(kA, s);
    a.kernel_says(GroupAnswer::kPartial);
    a.ready();
    EXPECT_EQ(a.mine().state, GroupState::kRunning);
    EXPECT_EQ(a.mine().trouble, "test");
    EXPECT_FALSE(a.did<StopGroup>() || a.did<StartGroup>());
    a.tell(off());
    EXPECT_TRUE(a.did<StartGroup>());
    EXPECT_TRUE(a.mine().trouble.empty());
}

// ---- keepers (M4)

// b, alone: a left with the group running.
Scene alone_after_a_left() {
    OwnershipSettings s = settings(kB);
    s.memory = remembered();
    Scene b(kB, s);
    b.kernel_says(GroupAnswer::kStopped);
    b.ready();
    b.peer_is(ipc::Hearing::kSilent);
    b.enter(b.view_of(2, kB, {kB}));
    b.tell(off());
    b.run(2s);
    return b;
}
bool starts(Scene& b) {
    b.forget();
    for (int i = 0; i < 30 && !b.did<StartGroup>(); i++) {
        b.address_quiet();
        b.run(100ms);
    }
    return b.did<StartGroup>();
}

TEST(Maintenance, WhatAKeeperLeftRunningStartsNowhere) {
    Scene b = alone_after_a_left();
    EXPECT_FALSE(starts(b));
    EXPECT_EQ(b.mine().gate_reason, "a kept it in maintenance and has not come back");
}

TEST(Maintenance, AKeeperThatIsKnownToBeOffKeepsNothing) {
    Scene b = alone_after_a_left();
    const ipc::Request confirm{
        .id = 3, .kind = ipc::RequestKind::kFenceConfirm, .target = kA, .who = "root"};
    b.peer_is(ipc::Hearing::kHeard);
    b.tell(confirm);
    EXPECT_FALSE(b.newest<ipc::RequestAnswer>().ok) << "it is heard";
    b.peer_is(ipc::Hearing::kSilent);
    b.tell(confirm);
    EXPECT_TRUE(b.newest<ipc::RequestAnswer>().ok);
    EXPECT_TRUE(b.mine().keepers.at(kA).released);
    EXPECT_TRUE(starts(b));
}

TEST(Maintenance, ANewLifeOfTheKeeperThatHasNothingReleasesIt) {
    Scene b = alone_after_a_left();
    b.peer_is(ipc::Hearing::kHeard, true);
    b.enter(b.view_of(3, kB, {kA, kB}));
    b.peer_reports(GroupState::kUnknown);
    EXPECT_FALSE(b.mine().keepers.at(kA).released) << "it does not know yet";
    b.peer_reports(GroupState::kStopped, 0, [](Report& r) { r.incarnation = {6, 9}; });
    EXPECT_FALSE(b.mine().keepers.at(kA).released) << "of the same life: only its own word";
    b.peer_reports(GroupState::kStopped, 0);
    EXPECT_TRUE(b.mine().keepers.at(kA).released);
}

// ---- M3

TEST(Maintenance, AnIsolatedNodeKeepsItOnlyIfAllKnow) {
    for (const bool told : {false, true}) {
        Scene a = running(with_pings());
        a.tell(ipc::PingAnswered{.when = a.now()});
        a.tell(on());
        if (told) peer_knows(a);
        a.forget();
        a.run(3s);
        EXPECT_TRUE(a.core().report().isolated);
        EXPECT_EQ(a.did<StopGroup>(), !told);
    }
}

TEST(Maintenance, AfterStandingStillItIsKeptOnlyIfAllKnow) {
    for (const bool told : {false, true}) {
        Scene a = running();
        a.tell(on());
        if (told) peer_knows(a);
        a.forget();
        a.tell(StoodStill{.gap = 5s});
        a.tell(ipc::CommStoodStill{.gap = 5s, .whole_host = true, .noticed = a.now()});
        EXPECT_EQ(a.did<StopGroup>(), !told);
    }
}

TEST(Maintenance, OfTwoThatHaveItTheRowsOwnerKeepsIt) {
    Scene b(kB);
    b.kernel_says(GroupAnswer::kRunning);
    b.ready();
    b.peer_is(ipc::Hearing::kHeard, true);
    b.enter(b.view_of(2, kA, {kA, kB}));
    b.tell(on());
    b.peer_reports(GroupState::kStopped);
    b.peer_rows({.version = 1, .owner = kA, .pred = 0, .reason = "it runs there"});
    EXPECT_FALSE(b.did<StopGroup>()) << "the owner does not have it: the only one stays";
    b.peer_reports(GroupState::kRunning);
    EXPECT_TRUE(b.did<StopGroup>());
}

}  // namespace
}  // namespace hb::resource
