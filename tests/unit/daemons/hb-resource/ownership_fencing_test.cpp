// G5, T13 and admins: whom one core wants switched off, and what it believes of it.
#include <gtest/gtest.h>

#include "tests/unit/daemons/hb-resource/ownership_scene.hpp"

namespace hb::resource {
namespace {

using namespace test;
using ipc::FencePhase;

OwnershipSettings fenced(NodeId self) {
    OwnershipSettings s = settings(self);
    s.fencing = {NodeSet{kB}, NodeSet{kA}};
    s.fence_delay = 5s;
    return s;
}

// b was silent for its deadtime, nothing answers for the address: G5 is all that is left.
void lose(Scene& s) {
    s.peer_is(ipc::Hearing::kSilent);
    s.enter(s.view_of(2, s.peer() == kB ? kA : kB, {s.peer() == kB ? kA : kB}));
    s.run(1s);
    s.address_quiet();
}

Scene lost(NodeId self) {
    Scene s(self, fenced(self));
    s.tell(FenceHere{});
    s.both_up();
    lose(s);
    return s;
}

std::vector<ipc::FenceWish> wishes(Scene& s) {
    return s.newest<ipc::FenceWishes>().wishes;
}

ipc::Request request(ipc::RequestKind kind, NodeId target, bool force = false) {
    return {.id = 5,
            .kind = kind,
            .scope = ipc::Scope::kAll,
            .group = {},
            .target = target,
            .force = force,
            .who = "root (pid 1)"};
}

TEST(OwnershipFencing, NothingStartsBeforeTheConfirmation) {
    Scene a = lost(kA);
    ASSERT_EQ(wishes(a).size(), 1U);
    EXPECT_EQ(wishes(a)[0].peer, kB);
    EXPECT_EQ(wishes(a)[0].generation, 7U);
    EXPECT_EQ(wishes(a)[0].delay, Duration::zero())
        << "the first of the node lines waits for nobody";
    a.tell(ipc::FenceState{kB, 7, FencePhase::kTrying, 0, ""});
    EXPECT_EQ(a.mine().gate_reason, "fencing b (try 1)");
    a.tell(ipc::FenceState{kB, 7, FencePhase::kWaiting, 3, "fence_ipmilan: Connection timed out"});
    EXPECT_EQ(a.mine().gate_reason, "fencing b (try 3: fence_ipmilan: Connection timed out)");
    a.run(60s);
    a.address_quiet();
    EXPECT_FALSE(a.did<StartGroup>());
    a.tell(ipc::FenceState{kB, 7, FencePhase::kConfirmed, 3, "fence_ipmilan"});
    EXPECT_TRUE(a.did<StartGroup>());
    EXPECT_TRUE(wishes(a).empty());
}

TEST(OwnershipFencing, AConfirmationOfAnotherLifeIsNone) {
    Scene a = lost(kA);
    a.tell(ipc::FenceState{kB, 6, FencePhase::kConfirmed, 0, "ipmi"});
    EXPECT_FALSE(a.did<StartGroup>());
}

TEST(OwnershipFencing, TheSecondOfTwoWaitsUnlessTheOtherHasEverything) {
    Scene b = lost(kB);
    ASSERT_EQ(wishes(b).size(), 1U);
    EXPECT_EQ(wishes(b)[0].delay, 5s) << "a may shoot, too";

    Scene c(kB, fenced(kB));
    c.tell(FenceHere{});
    c.both_up();
    c.peer_reports(GroupState::kRunning, 1);
    lose(c);
    ASSERT_EQ(wishes(c).size(), 1U);
    EXPECT_EQ(wishes(c)[0].delay, Duration::zero()) << "a runs all there is: why should it";
}

TEST(OwnershipFencing, WhoReturnsIsLeftAlone) {
    Scene a = lost(kA);
    a.peer_is(ipc::Hearing::kHeard);
    EXPECT_TRUE(wishes(a).empty());
    a.tell(ipc::FenceState{kB, 7, FencePhase::kConfirmed, 0, "ipmi"});
    a.peer_is(ipc::Hearing::kSilent);
    EXPECT_FALSE(a.did<StartGroup>()) << "what was said meanwhile is not believed";
}

TEST(OwnershipFencing, WhoIsHeardAfterItsConfirmationIsNotOff) {
    Scene a = lost(kA);
    a.tell(ipc::FenceState{kB, 7, FencePhase::kConfirmed, 0, "ipmi"});
    a.kernel_says(GroupAnswer::kStopped, true);  // the start fails
    a.run(500ms);
    a.peer_is(ipc::Hearing::kHeard);
    a.run(500ms);
    a.peer_is(ipc::Hearing::kSilent);
    a.forget();
    a.run(3s);
    a.address_quiet();
    a.run(300ms);
    EXPECT_FALSE(a.did<StartGroup>());
    EXPECT_EQ(wishes(a).size(), 1U);
}

TEST(OwnershipFencing, AnUncoveredPeerIsTakenOverAsEver) {
    OwnershipSettings s = fenced(kA);
    s.fencing = {NodeSet{}, NodeSet{kA}};
    Scene a(kA, s);
    a.both_up();
    lose(a);
    EXPECT_TRUE(a.did<StartGroup>());
    EXPECT_FALSE(a.did<ipc::FenceWishes>());
}

TEST(OwnershipFencing, WithoutHbFenceNothingStartsAndItIsAskedWhenItIsThere) {
    Scene a(kA, fenced(kA));
    a.both_up();
    lose(a);
    EXPECT_FALSE(a.did<StartGroup>());
    EXPECT_EQ(a.mine().gate_reason, "fencing b (hb-fence is being restarted)");
    a.tell(FenceHere{});
    EXPECT_EQ(wishes(a).size(), 1U);
    a.forget();
    a.tell(FenceGone{});
    a.tell(FenceHere{});
    EXPECT_EQ(wishes(a).size(), 1U) << "a new one is asked again";
}

TEST(OwnershipFencing, AFailedStopIsFencedWhileTheNodeIsHeard) {
    Scene a(kA, fenced(kA));
    a.tell(FenceHere{});
    a.both_up();
    a.peer_reports(GroupState::kFailed, 1);
    a.acknowledged();
    ASSERT_EQ(wishes(a).size(), 1U);
    EXPECT_EQ(wishes(a)[0].why, "g could not be stopped there");
    a.peer_reports(GroupState::kRunning, 1);  // an admin cleaned up
    EXPECT_TRUE(wishes(a).empty());
}

// Confirmed while it is still in the view; the newest frame of it was heard that much later.
bool starts_after_failed_stop(Duration heard_later) {
    Scene a(kA, fenced(kA));
    a.tell(FenceHere{});
    a.both_up();
    a.peer_reports(GroupState::kFailed, 1);
    a.acknowledged();
    a.tell(ipc::FenceState{kB, 7, FencePhase::kConfirmed, 0, "ipmi"});
    EXPECT_FALSE(a.did<StartGroup>()) << "it is in our view until it is silent";
    a.run(heard_later);
    a.forget();
    lose(a);
    return a.did<StartGroup>();
}

TEST(OwnershipFencing, AfterAFailedStopTheGroupGoesElsewhereOnceTheNodeIsOff) {
    EXPECT_TRUE(starts_after_failed_stop(100ms)) << "a frame that was on its way";
    EXPECT_FALSE(starts_after_failed_stop(400ms)) << "it was not off";
}

TEST(OwnershipFencing, AFailedStopThatNobodyElseCouldTakeIsLeftAlone) {
    Scene a(kA, fenced(kA));
    a.tell(FenceHere{});
    a.both_up();
    a.tell(request(ipc::RequestKind::kStandby, kB));
    ipc::Request stay = request(ipc::RequestKind::kStandby, kB);
    stay.target.reset();
    stay.stay = true;
    a.tell(stay);
    a.peer_reports(GroupState::kFailed, 1);
    EXPECT_TRUE(!a.did<ipc::FenceWishes>() || wishes(a).empty());
}

TEST(OwnershipFencing, AdminsAreRefusedWithAReason) {
    Scene a(kA, fenced(kA));
    const auto said = [&](const ipc::Request& r) {
        a.forget();
        a.tell(r);
        return a.newest<ipc::RequestAnswer>().text;
    };
    a.both_up();
    EXPECT_EQ(said(request(ipc::RequestKind::kFence, kB)),
              "hb-fence is being restarted; ask again");
    a.tell(FenceHere{});
    EXPECT_EQ(said(request(ipc::RequestKind::kFence, kA)),
              "a node does not fence itself: ask another");
    EXPECT_EQ(said(request(ipc::RequestKind::kFenceConfirm, kB)), "b is heard: it is not off");
    EXPECT_NE(said(request(ipc::RequestKind::kFence, kB)).find("b is heard"), std::string::npos);
    EXPECT_EQ(said(request(ipc::RequestKind::kFence, kB, true)), "switching b off");
    ASSERT_EQ(wishes(a).size(), 1U);
    EXPECT_EQ(wishes(a)[0].why, "asked by root (pid 1)");
    a.tell(ipc::FenceState{kB, 7, FencePhase::kWaiting, 3, "x"});
    EXPECT_TRUE(wishes(a).empty()) << "not for ever";
}

TEST(OwnershipFencing, AnswersFindWhoAsked) {
    Scene a(kA, fenced(kA));
    a.tell(FenceHere{});
    a.both_up();
    a.tell(request(ipc::RequestKind::kFenceTest, kB));
    EXPECT_EQ(a.newest<ipc::FenceRequest>().kind, ipc::FenceRequestKind::kTest);
    a.tell(ipc::FenceAnswer{5, false, "ipmi: no answer", {}});
    EXPECT_EQ(a.newest<ipc::RequestAnswer>().text, "ipmi: no answer");
    a.tell(request(ipc::RequestKind::kFenceTest, kB));
    a.tell(FenceGone{});
    EXPECT_EQ(a.newest<ipc::RequestAnswer>().text, "hb-fence died; ask again");
}

TEST(OwnershipFencing, TroubleOfDevicesIsPublished) {
    Scene a(kA, fenced(kA));
    a.tell(FenceHere{});
    a.both_up();
    a.tell(ipc::FenceDeviceTrouble{"ipmi (for b): no answer"});
    EXPECT_EQ(a.core().report().fence_trouble, "ipmi (for b): no answer");
}

TEST(OwnershipConflicts, AreNamedInStatusForAWhileAndLoggedOncePerDeadtime) {
    Scene a(kA);
    a.kernel_says(GroupAnswer::kRunning);
    a.ready();
    const auto logged = [&] {
        const auto events = a.took<Event>();
        return std::ranges::count(events, "address-conflict", &Event::id);
    };
    const ipc::AddressConflict conflict{.where = kVip,
                                        .by = *MacAddress::parse("52:54:00:00:00:02")};
    a.tell(conflict);
    EXPECT_EQ(a.mine().trouble,
              "address conflict: 52:54:00:00:00:02 announces 10.77.0.100 on eth0");
    a.run(500ms);
    a.tell(conflict);
    EXPECT_EQ(logged(), 1);
    a.run(600ms);
    a.tell(conflict);
    EXPECT_EQ(logged(), 2);
    a.run(61s);
    EXPECT_EQ(a.mine().trouble, "");
}

}  // namespace
}  // namespace hb::resource
