// T10, and moves that an admin asks for: what one core makes of failures and wishes.
#include <gtest/gtest.h>

#include "tests/unit/daemons/hb-resource/ownership_scene.hpp"

namespace hb::resource {
namespace {

using namespace test;

void peer_failed(Report& r) {
    r.groups["g"].start_failed = true;
}

// a coordinates, g is its own; it has just begun to start it.
Scene starting() {
    Scene a(kA);
    a.both_up();
    a.peer_reports(GroupState::kStopped, 1);
    a.acknowledged();
    EXPECT_TRUE(a.did<StartGroup>());
    return a;
}

NodeId owner(Scene& a) {
    return a.core().table()->rows.at("g").owner;
}

// The next start, whatever it waits for, if one comes within a minute or two.
bool starts_again(Scene& a, void (*peer)(Report&) = peer_failed) {
    a.forget();
    for (int i = 0; i < 240 && !a.did<StartGroup>(); i++) {
        a.run(500ms);
        a.peer_reports(GroupState::kStopped, 100, peer);
        a.acknowledged();
    }
    return a.did<StartGroup>();
}

TEST(OwnershipFailures, AFailedStartGoesElsewhereAndStaysThereWhileItRuns) {
    Scene a = starting();
    a.kernel_says(GroupAnswer::kStopped, true);
    EXPECT_TRUE(a.mine().start_failed);
    EXPECT_EQ(owner(a), kB);
    for (int i = 0; i < 20; i++) {
        a.run(10s);
        a.peer_reports(GroupState::kRunning, 1);
        a.acknowledged();
    }
    EXPECT_TRUE(a.mine().start_failed) << "another try would interrupt what works";
    EXPECT_EQ(owner(a), kB);
}

TEST(OwnershipFailures, ItIsTriedAgainWhenNobodyElseCanHaveIt) {
    Scene a = starting();
    a.kernel_says(GroupAnswer::kStopped, true);
    EXPECT_TRUE(starts_again(a));
}

TEST(OwnershipFailures, SoManyTriesAndNoMoreBeforeACleanup) {
    Scene a = starting();
    for (int i = 1; i < 8; i++) {
        a.kernel_says(GroupAnswer::kStopped, true);
        EXPECT_FALSE(a.mine().given_up) << i;
        ASSERT_TRUE(starts_again(a)) << i;
    }
    a.kernel_says(GroupAnswer::kStopped, true);
    EXPECT_TRUE(a.mine().given_up);
    EXPECT_FALSE(starts_again(a));
    a.forget();
    a.tell(ipc::Request{.id = 1, .kind = ipc::RequestKind::kCleanup, .who = "root"});
    EXPECT_FALSE(a.mine().given_up);
    EXPECT_TRUE(a.did<StartGroup>() || starts_again(a));
}

TEST(OwnershipFailures, WhatIsWornOutIsGivenUpAtOnce) {
    Scene a = starting();
    a.kernel_says(GroupAnswer::kRunning, true);
    a.tell(GroupTrouble{.group = "g", .text = "nginx failed, restarted 3 of 3 times"});
    EXPECT_EQ(a.mine().trouble, "nginx failed, restarted 3 of 3 times");
    a.tell(GroupDone{.group = "g",
                     .answer = GroupAnswer::kStopped,
                     .after_start = true,
                     .detail = "nginx: not running",
                     .worn_out = true});
    EXPECT_EQ(a.mine().state, GroupState::kStopped);
    EXPECT_EQ(a.mine().reason, "failed while it ran: nginx: not running");
    EXPECT_TRUE(a.mine().given_up);
    EXPECT_TRUE(a.mine().trouble.empty());
    EXPECT_EQ(owner(a), kB);
    EXPECT_FALSE(starts_again(a));
}

TEST(OwnershipFailures, AStartThatWorksForAWhileDoesNotResetTheCount) {
    Scene a = starting();
    for (int i = 1; i < 8; i++) {
        a.kernel_says(GroupAnswer::kRunning, true);
        a.run(10s);
        a.kernel_says(GroupAnswer::kStopped, true);
        ASSERT_TRUE(starts_again(a)) << i;
    }
    a.kernel_says(GroupAnswer::kRunning, true);
    a.kernel_says(GroupAnswer::kStopped, true);
    EXPECT_TRUE(a.mine().given_up);
}

TEST(OwnershipFailures, ARespawnDoesNotForgetThatItWasGivenUp) {
    Report said;
    said.incarnation = {7, 1};
    Scene a(kA);
    const View v = a.view_of(1, kA, {kA, kB});
    said.view = v.id;
    said.groups["g"].state = GroupState::kStopped;
    said.groups["g"].start_failed = said.groups["g"].given_up = true;
    a.ready(said);
    a.kernel_says(GroupAnswer::kStopped);
    a.peer_is(ipc::Hearing::kHeard, true);
    a.enter(v);
    EXPECT_TRUE(a.mine().given_up);
    EXPECT_FALSE(starts_again(a));
}

// ---- moves

ipc::Request move_to(NodeId to) {
    return {.id = 1,
            .kind = ipc::RequestKind::kMove,
            .scope = ipc::Scope::kGroup,
            .group = "g",
            .target = to,
            .who = "root"};
}

TEST(OwnershipMoves, AMoveIsARowPinnedToItsNode) {
    Scene a = starting();
    a.kernel_says(GroupAnswer::kRunning, true);
    a.tell(move_to(kB));
    EXPECT_TRUE(a.newest<ipc::RequestAnswer>().ok) << a.newest<ipc::RequestAnswer>().text;
    EXPECT_EQ(owner(a), kB);
    EXPECT_TRUE(a.core().table()->rows.at("g").pinned);
    EXPECT_EQ(a.mine().state, GroupState::kStopping);
    EXPECT_FALSE(a.mine().move_to) << "the row was all it was for";
    a.kernel_says(GroupAnswer::kStopped);
    a.peer_reports(GroupState::kRunning, 1);
    a.run(60s);
    EXPECT_EQ(owner(a), kB) << "failback does not undo it";
}

TEST(OwnershipMoves, AMoveToANodeThatCannotHaveItIsRefused) {
    Scene a = starting();
    a.kernel_says(GroupAnswer::kRunning, true);
    a.peer_reports(GroupState::kStopped, 1, peer_failed);
    a.tell(move_to(kB));
    EXPECT_FALSE(a.newest<ipc::RequestAnswer>().ok);
    EXPECT_EQ(a.newest<ipc::RequestAnswer>().text, "b cannot have it: the start failed there");
    EXPECT_EQ(owner(a), kA);
}

TEST(OwnershipMoves, AMoveAskedForAtAnotherNodeIsCarriedOutToo) {
    Scene a = starting();
    a.kernel_says(GroupAnswer::kRunning, true);
    a.peer_reports(GroupState::kStopped, 1, [](Report& r) { r.groups["g"].move_to = kB; });
    EXPECT_EQ(owner(a), kB);
}

TEST(OwnershipMoves, BackEndsThePin) {
    Scene a = starting();
    a.kernel_says(GroupAnswer::kRunning, true);
    a.tell(move_to(kB));
    a.kernel_says(GroupAnswer::kStopped);
    a.peer_reports(GroupState::kRunning, 1);
    a.tell(ipc::Request{.id = 2, .kind = ipc::RequestKind::kMoveBack, .who = "root"});
    EXPECT_EQ(owner(a), kA);
    EXPECT_FALSE(a.core().table()->rows.at("g").pinned);
    a.peer_reports(GroupState::kStopped, 3);
    a.acknowledged();
    EXPECT_EQ(a.mine().state, GroupState::kStarting);
}

TEST(OwnershipMoves, BackAtHomeItSaysSo) {
    Scene a = starting();
    a.tell(ipc::Request{.id = 2, .kind = ipc::RequestKind::kMoveBack, .who = "root"});
    EXPECT_EQ(a.newest<ipc::RequestAnswer>().text, "nothing is away from its preferred node");
}

// It was left over, and took the pin off every explicit move from then on.
TEST(OwnershipMoves, ATakeoverEndsTheWishToHaveItBack) {
    Scene b(kB);
    b.kernel_says(GroupAnswer::kStopped);
    b.ready();
    b.peer_is(ipc::Hearing::kHeard, true);
    b.enter(b.view_of(1, kA, {kA, kB}));
    b.peer_reports(GroupState::kStopped);
    b.tell(ipc::Request{.id = 1, .kind = ipc::RequestKind::kMoveBack, .who = "root"});
    ASSERT_TRUE(b.mine().move_back);
    b.tell(ipc::Request{.id = 2, .kind = ipc::RequestKind::kTakeover, .who = "root"});
    EXPECT_TRUE(b.mine().wanted);
    EXPECT_FALSE(b.mine().move_to);
    EXPECT_FALSE(b.mine().move_back);
}

}  // namespace
}  // namespace hb::resource
