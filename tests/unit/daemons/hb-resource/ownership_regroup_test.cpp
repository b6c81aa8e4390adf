// L9: groups and their resources come and go by a reload.
#include <gmock/gmock.h>

#include "tests/unit/daemons/hb-resource/ownership_scene.hpp"

namespace hb::resource::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

const GroupName kPart = removed_part("g");
constexpr std::uint64_t kOld = 11, kNew = 12, kOther = 13;

// Node a runs g by its row; b says stopped.
class OwnershipRegroup : public ::testing::Test {
  protected:
    void SetUp() override {
        scene.both_up();
        peer_has(kOld);
        scene.acknowledged();
        ASSERT_TRUE(scene.did<StartGroup>());
        scene.kernel_says(GroupAnswer::kRunning, true);
        ASSERT_EQ(scene.mine().state, GroupState::kRunning);
        scene.forget();
    }
    static OwnershipSettings before() {
        OwnershipSettings s = settings(kA);
        s.haresources = kOld;
        return s;
    }
    void peer_has(std::uint64_t haresources, bool has_g = true) {
        Report r;
        r.incarnation = {7, 1};
        r.view = scene.view().id;
        r.haresources = haresources;
        if (has_g) r.groups["g"] = {.bar = 1, .state = GroupState::kStopped};
        scene.tell(ipc::PeerReport{.peer = kB, .report = r});
    }
    void reload(std::vector<GroupSettings> groups, std::map<GroupName, GroupChange> changed = {}) {
        OwnershipSettings to = before();
        to.groups = std::move(groups);
        to.haresources = kNew;
        scene.tell(NewSettings{.to = to, .other_ping_nodes = false, .changed = std::move(changed)});
    }
    void change(bool gains, bool loses) {
        reload(before().groups, {{"g", {.gains = gains, .loses = loses}}});
        scene.tell(GroupPlaces{.group = "g", .places = {kVip}, .problem = {}});
    }
    void done(const GroupName& group, GroupAnswer answer) {
        scene.tell(
            GroupDone{.group = group, .answer = answer, .after_start = false, .detail = "test"});
    }
    template <typename Action>
    std::vector<GroupName> of() {
        std::vector<GroupName> names;
        for (const Action& action : scene.took<Action>())
            names.push_back(action.group);
        return names;
    }
    // Something that is to be added was in another group in kOther.
    std::string may_add() {
        return scene.core().may_add([](std::uint64_t haresources) {
            return haresources == kOther ? std::string("it may still run that") : std::string();
        });
    }
    Scene scene{kA, before()};
};

using testing::ElementsAre;

TEST_F(OwnershipRegroup, WhatIsTakenOutIsInNoReportAndClaimedUntilItIsGone) {
    reload({});
    EXPECT_FALSE(scene.core().report().groups.contains("g"));
    EXPECT_EQ(scene.core().report().haresources, 0U);
    EXPECT_THAT(of<StopGroup>(), ElementsAre("g"));
    EXPECT_FALSE(scene.did<ipc::Watch>());  // as before
    done("g", GroupAnswer::kStopped);
    EXPECT_THAT(of<GroupReleased>(), ElementsAre("g"));
    EXPECT_THAT(scene.newest<ipc::Watch>().claims, IsEmpty());
    EXPECT_EQ(scene.core().report().haresources, kNew);
}

TEST_F(OwnershipRegroup, WhatComesBackIsStartedUnderALaterRowOnly) {
    reload({});
    done("g", GroupAnswer::kStopped);
    scene.forget();
    reload(before().groups);
    scene.tell(GroupPlaces{.group = "g", .places = {kVip}, .problem = {}});
    EXPECT_THAT(of<AskGroup>(), ElementsAre("g"));
    EXPECT_EQ(scene.mine().bar, 1U);  // the row that is there was acted upon once
    EXPECT_FALSE(scene.did<StartGroup>());
    done("g", GroupAnswer::kStopped);
    ASSERT_TRUE(scene.core().table());
    EXPECT_EQ(scene.core().table()->rows.at("g").version, 2U);
    EXPECT_EQ(scene.core().table()->rows.at("g").pred, 1U);
    EXPECT_TRUE(scene.did<StartGroup>());
}

TEST_F(OwnershipRegroup, WhoeverDoesNotHaveItKeepsItDown) {
    reload({});
    done("g", GroupAnswer::kStopped);
    reload(before().groups);
    scene.tell(GroupPlaces{.group = "g", .places = {kVip}, .problem = {}});
    done("g", GroupAnswer::kStopped);
    peer_has(kNew, false);
    scene.forget();
    scene.acknowledged();
    scene.run(300ms);
    EXPECT_FALSE(scene.did<StartGroup>());
}

TEST_F(OwnershipRegroup, WhatIsAddedIsStartedWhenWhatIsGoneIsGone) {
    change(true, true);
    EXPECT_EQ(scene.mine().state, GroupState::kRunning);
    EXPECT_THAT(of<StopGroup>(), ElementsAre(kPart));
    EXPECT_FALSE(scene.did<CompleteGroup>());
    done(kPart, GroupAnswer::kStopped);
    EXPECT_THAT(of<CompleteGroup>(), ElementsAre("g"));
    EXPECT_THAT(of<GroupReleased>(), ElementsAre(kPart));
}

TEST_F(OwnershipRegroup, WhatIsAddedWaitsForThePlacesOfItsAddresses) {
    reload(before().groups, {{"g", {.gains = true, .loses = false}}});
    EXPECT_FALSE(scene.did<CompleteGroup>());
    const PlacedAddress more{*IpAddress::parse("10.77.0.101"), "eth0"};
    scene.tell(GroupPlaces{.group = "g", .places = {kVip, more}, .problem = {}});
    EXPECT_TRUE(scene.did<CompleteGroup>());
    EXPECT_LT(scene.place<ipc::Watch>(), scene.place<CompleteGroup>());
    EXPECT_EQ(scene.newest<ipc::Watch>().claims.size(), 2U);
}

TEST_F(OwnershipRegroup, TheGroupIsNotStoppedBeforeItsPartIs) {
    change(false, true);
    scene.forget();
    scene.tell(StopRequested{});
    EXPECT_EQ(scene.mine().state, GroupState::kStopping);
    EXPECT_FALSE(scene.did<StopGroup>());  // right to left
    done(kPart, GroupAnswer::kStopped);
    EXPECT_THAT(of<StopGroup>(), ElementsAre("g"));
    EXPECT_EQ(scene.mine().state, GroupState::kStopping);
    done("g", GroupAnswer::kStopped);
    EXPECT_EQ(scene.mine().state, GroupState::kStopped);
}

TEST_F(OwnershipRegroup, APartThatDoesNotStopBlocksTheGroupWhereItIs) {
    change(true, true);
    done(kPart, GroupAnswer::kFailed);
    EXPECT_EQ(scene.mine().state, GroupState::kRunning);
    EXPECT_THAT(scene.mine().trouble, HasSubstr("does not stop"));
    EXPECT_EQ(scene.core().report().haresources, 0U);
    scene.forget();
    scene.tell(StopRequested{});
    EXPECT_EQ(scene.mine().state, GroupState::kFailed);
    EXPECT_FALSE(scene.did<StopGroup>());
    EXPECT_EQ(scene.core().may_change("g"), "what was taken out of g before is not gone yet");
}

TEST_F(OwnershipRegroup, AGroupThatGivesItselfUpIsNotStoppedBeforeItsPartIs) {
    change(false, true);
    scene.tell(GroupDone{
        .group = "g", .answer = GroupAnswer::kStopped, .after_start = true, .detail = "test"});
    EXPECT_EQ(scene.mine().state, GroupState::kStopping);
    EXPECT_TRUE(scene.mine().start_failed);
    done(kPart, GroupAnswer::kStopped);
    EXPECT_EQ(scene.mine().state, GroupState::kStopped);
    EXPECT_TRUE(scene.mine().start_failed);
}

TEST_F(OwnershipRegroup, AGroupThatGivesItselfUpBesideAPartThatDoesNotStopIsBlocked) {
    const GroupDone gives_up{
        .group = "g", .answer = GroupAnswer::kStopped, .after_start = true, .detail = "test"};
    change(false, true);
    done(kPart, GroupAnswer::kFailed);
    scene.tell(gives_up);
    EXPECT_EQ(scene.mine().state, GroupState::kFailed);
}

TEST_F(OwnershipRegroup, NorIsItStoppedWhenItsPartFailsLater) {
    change(false, true);
    scene.tell(GroupDone{
        .group = "g", .answer = GroupAnswer::kStopped, .after_start = true, .detail = "test"});
    done(kPart, GroupAnswer::kFailed);
    EXPECT_EQ(scene.mine().state, GroupState::kFailed);
}

TEST_F(OwnershipRegroup, CleanupAsksForThePartAgain) {
    change(true, true);
    done(kPart, GroupAnswer::kFailed);
    scene.forget();
    scene.tell(ipc::Request{
        .id = 1, .kind = ipc::RequestKind::kCleanup, .scope = ipc::Scope::kGroup, .group = "g"});
    EXPECT_THAT(of<AskGroup>(), ElementsAre(kPart));
    done(kPart, GroupAnswer::kStopped);
    EXPECT_TRUE(scene.did<CompleteGroup>());
    EXPECT_EQ(scene.core().report().haresources, kNew);
}

TEST_F(OwnershipRegroup, AGroupThatIsTakenOutAndDoesNotStopCanBeCleanedUp) {
    reload({});
    done("g", GroupAnswer::kFailed);
    scene.forget();
    scene.tell(ipc::Request{
        .id = 1, .kind = ipc::RequestKind::kCleanup, .scope = ipc::Scope::kGroup, .group = "g"});
    EXPECT_THAT(of<AskGroup>(), ElementsAre("g"));
    EXPECT_TRUE(scene.newest<ipc::RequestAnswer>().ok);
    done("g", GroupAnswer::kStopped);
    EXPECT_THAT(of<GroupReleased>(), ElementsAre("g"));
}

TEST_F(OwnershipRegroup, WhatIsDownIsAskedForWhatIsNew) {
    scene.tell(GroupDone{
        .group = "g", .answer = GroupAnswer::kStopped, .after_start = true, .detail = "test"});
    ASSERT_TRUE(scene.mine().start_failed);
    scene.forget();
    change(true, true);
    EXPECT_EQ(scene.mine().state, GroupState::kUnknown);
    EXPECT_FALSE(scene.mine().start_failed);  // that may be what was mended
    EXPECT_THAT(of<AskGroup>(), ElementsAre("g"));
    EXPECT_THAT(of<GroupReleased>(), ElementsAre(kPart));
}

// ---- whether it may

TEST_F(OwnershipRegroup, NothingIsAddedThatANodeMayRunInAnotherGroup) {
    EXPECT_EQ(may_add(), "");
    peer_has(kNew);
    EXPECT_EQ(may_add(), "");
    peer_has(kOther);
    EXPECT_THAT(may_add(), HasSubstr("b: it may still run"));
    peer_has(0);
    EXPECT_THAT(may_add(), HasSubstr("b still has what was taken out"));
}

TEST_F(OwnershipRegroup, WhoIsNotHeardAnyMoreCountsUntilItIsOff) {
    peer_has(kOther);
    scene.run(3s);
    scene.peer_is(ipc::Hearing::kSilent);
    EXPECT_THAT(may_add(), HasSubstr("b: it may still run"));
    scene.peer_reports(GroupState::kStopped, 1, [](Report& r) {
        r.leaving = true;
        r.haresources = kOther;
    });
    EXPECT_EQ(may_add(), "");
}

TEST_F(OwnershipRegroup, NothingIsAddedBeforeAllHaveSpoken) {
    scene.tell(MembershipGone{});
    EXPECT_THAT(may_add(), HasSubstr("not every node"));
    scene.tell(MembershipHere{});
    scene.ready(scene.core().report());
    EXPECT_THAT(may_add(), HasSubstr("not every node"));
}

TEST_F(OwnershipRegroup, AHumansWordIsEnoughForADeadNode) {
    peer_has(kOther);
    scene.run(3s);
    scene.peer_is(ipc::Hearing::kSilent);
    scene.enter(scene.view_of(2, kA, {kA}));
    EXPECT_THAT(may_add(), HasSubstr("b: it may still run"));
    scene.tell(ipc::Request{.id = 1, .kind = ipc::RequestKind::kFenceConfirm, .target = kB});
    EXPECT_EQ(may_add(), "");
}

TEST_F(OwnershipRegroup, NothingIsAddedBesideWhatIsNotGoneHere) {
    change(false, true);
    peer_has(kNew);
    EXPECT_THAT(may_add(), HasSubstr("is not gone here yet"));
    done(kPart, GroupAnswer::kStopped);
    EXPECT_EQ(may_add(), "");
}

TEST_F(OwnershipRegroup, WhatIsOnItsWayIsNotChanged) {
    EXPECT_EQ(scene.core().may_change("g"), "");
    EXPECT_EQ(scene.core().may_change("unheard of"), "");
    scene.tell(StopRequested{});
    EXPECT_EQ(scene.core().may_change("g"), "g is stopping here");
}

// M5: taken out and put in again, it is still the group that another node kept.
TEST_F(OwnershipRegroup, WhatWasInMaintenanceIsNotForgotten) {
    OwnershipSettings without = before();
    without.groups.clear();
    without.memory["g"] = {.maintenance = {.counter = 5, .by = kB, .on = true}};
    Scene newborn(kA, without);
    newborn.ready();
    newborn.peer_is(ipc::Hearing::kHeard, true);
    newborn.enter(newborn.view_of(1, kA, {kA, kB}));
    newborn.tell(NewSettings{.to = before(), .other_ping_nodes = false, .changed = {}});
    EXPECT_TRUE(newborn.mine().maintenance.on);
    EXPECT_EQ(newborn.mine().maintenance.counter, 5U);
}

TEST_F(OwnershipRegroup, WhatOthersSaidOfItMeanwhileCounts) {
    reload({});
    done("g", GroupAnswer::kStopped);
    scene.peer_reports(GroupState::kRunning, 1, [](Report& r) {
        r.haresources = kOld;
        r.groups["g"].maintenance = {.counter = 9, .by = kB, .on = true};
        r.groups["g"].keepers[kB] = {.generation = 7, .step = 1, .released = false};
    });
    reload(before().groups);
    EXPECT_TRUE(scene.mine().maintenance.on);
    EXPECT_TRUE(scene.mine().keepers.contains(kB));
}

TEST_F(OwnershipRegroup, InMaintenanceNothingIsStarted) {
    change(true, true);
    scene.tell(ipc::Request{.id = 1, .kind = ipc::RequestKind::kMaintenanceOn});
    ASSERT_TRUE(scene.mine().maintenance.on);
    done(kPart, GroupAnswer::kStopped);
    EXPECT_FALSE(scene.did<CompleteGroup>());
    scene.tell(ipc::Request{.id = 2, .kind = ipc::RequestKind::kMaintenanceOff});
    EXPECT_TRUE(scene.did<CompleteGroup>());
}

// ---- the next life

class OwnershipRegroupNewborn : public ::testing::Test {
  protected:
    static OwnershipSettings with_part() {
        OwnershipSettings s = settings(kA);
        s.retired = {{.name = kPart, .preferred = kA}};
        return s;
    }
    Scene scene{kA, with_part()};
};

TEST_F(OwnershipRegroupNewborn, StopsThePartAndSaysNothingOfTheGroupBefore) {
    EXPECT_EQ(scene.took<AskGroup>().size(), 2U);
    scene.both_up();  // the group itself is down
    EXPECT_EQ(scene.mine().state, GroupState::kStopping);
    scene.forget();
    scene.tell(GroupDone{.group = kPart, .answer = GroupAnswer::kRunning, .detail = {}});
    ASSERT_TRUE(scene.did<StopGroup>());
    EXPECT_EQ(scene.newest<StopGroup>().group, kPart);
    scene.tell(GroupDone{.group = kPart, .answer = GroupAnswer::kStopped, .detail = {}});
    EXPECT_EQ(scene.mine().state, GroupState::kStopped);
    EXPECT_TRUE(scene.did<GroupReleased>());
}

// M2: whatever was taken out of it. And it does not say "stopped" before that is gone.
class OwnershipRegroupMaintenance : public ::testing::Test {
  protected:
    static OwnershipSettings in_maintenance() {
        OwnershipSettings s = settings(kA);
        s.retired = {{.name = kPart, .preferred = kA}};
        s.memory["g"] = {.maintenance = {.counter = 5, .by = kA, .on = true}};
        return s;
    }
    void found(GroupAnswer group) {
        scene.kernel_says(group);
        scene.tell(GroupDone{.group = kPart, .answer = GroupAnswer::kRunning, .detail = {}});
        scene.ready();
        scene.peer_is(ipc::Hearing::kSilent);
        scene.enter(scene.view_of(1, kA, {kA}));
    }
    Scene scene{kA, in_maintenance()};
};

TEST_F(OwnershipRegroupMaintenance, APartIsLeftAloneWithItsGroup) {
    found(GroupAnswer::kRunning);
    EXPECT_FALSE(scene.did<StopGroup>());
    EXPECT_EQ(scene.core().report().haresources, 0U);
    scene.tell(ipc::Request{.id = 2, .kind = ipc::RequestKind::kMaintenanceOff});
    ASSERT_TRUE(scene.did<StopGroup>());
    EXPECT_EQ(scene.newest<StopGroup>().group, kPart);
}

class OwnershipRegroupLeaving : public OwnershipRegroupMaintenance,
                                public ::testing::WithParamInterface<GroupAnswer> {};

TEST_P(OwnershipRegroupLeaving, APartStaysBehindWithItsGroup) {
    found(GetParam());
    scene.tell(StopRequested{});
    scene.run(3s);
    ASSERT_TRUE(scene.did<LeaveDone>());
    EXPECT_TRUE(scene.newest<LeaveDone>().all_stopped);
    EXPECT_FALSE(scene.did<StopGroup>());
}

INSTANTIATE_TEST_SUITE_P(WhateverWasFound, OwnershipRegroupLeaving,
                         ::testing::Values(GroupAnswer::kRunning, GroupAnswer::kPartial,
                                           GroupAnswer::kStopped));

// L5: what waited for its part while the host stood still may have been taken.
TEST(OwnershipRegroupThaw, WhatWasFoundInPartIsNotRepairedAfterAGap) {
    OwnershipSettings s = settings(kA);
    s.retired = {{.name = kPart, .preferred = kA}};
    Scene scene(kA, s);
    Report before;
    before.incarnation = {7, 0};
    before.groups["g"].state = GroupState::kRunning;
    scene.ready(before);
    scene.peer_is(ipc::Hearing::kHeard, true);
    scene.enter(scene.view_of(1, kA, {kA, kB}));
    scene.tell(GroupDone{.group = kPart, .answer = GroupAnswer::kRunning, .detail = {}});
    scene.kernel_says(GroupAnswer::kPartial);
    EXPECT_EQ(scene.mine().state, GroupState::kStopping);
    scene.tell(ipc::CommStoodStill{.gap = 3s, .whole_host = true, .noticed = scene.now()});
    scene.forget();
    scene.tell(GroupDone{.group = kPart, .answer = GroupAnswer::kStopped, .detail = {}});
    EXPECT_FALSE(scene.did<StartGroup>());
    ASSERT_TRUE(scene.did<StopGroup>());
    EXPECT_EQ(scene.newest<StopGroup>().group, "g");
}

}  // namespace
}  // namespace hb::resource::test
