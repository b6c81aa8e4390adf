// Transitions: one id for what happens on two nodes, and none for what leaves a group where it is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/daemons/hb-resource/ownership_scene.hpp"

namespace hb::resource {
namespace {

using namespace test;

std::string field(const Event& event, const std::string& name) {
    for (const auto& [key, value] : event.fields)
        if (key == name) return value;
    return {};
}

const Event* find(const std::vector<Event>& events, const std::string& id) {
    const auto it = std::ranges::find(events, id, &Event::id);
    return it == events.end() ? nullptr : &*it;
}

// a owns and runs it, in view 1 of a.
Scene running_at_a() {
    Scene a(kA);
    a.both_up();
    a.peer_reports(GroupState::kStopped);
    a.acknowledged();
    a.kernel_says(GroupAnswer::kRunning, true);
    return a;
}

TEST(Transition, ARowBeginsOneAndTheOwnerReportsIt) {
    Scene a = running_at_a();
    const TransitionId id = transition_id(a.view().id, "g", 1);
    EXPECT_EQ(a.core().table()->rows.at("g").transition, id);
    EXPECT_EQ(a.mine().transition, id);
    EXPECT_EQ(a.core().transition("g"), id);
    EXPECT_EQ(a.core().transition("h"), TransitionId{});
    const auto events = a.took<Event>();
    const Event* starting = find(events, "group-starting");
    ASSERT_NE(starting, nullptr);
    EXPECT_EQ(field(*starting, "HB_TRANSITION"), to_string(id));
    EXPECT_TRUE(starting->text.ends_with(" [" + to_string(id) + "]")) << starting->text;
    const Event* row = find(events, "row");
    ASSERT_NE(row, nullptr);
    EXPECT_EQ(field(*row, "HB_TRANSITION"), to_string(id));
}

TEST(Transition, ANewViewIsNone) {
    Scene a = running_at_a();
    const TransitionId id = a.mine().transition;
    a.peer_is(ipc::Hearing::kSilent);
    a.enter(a.view_of(2, kA, {kA}));
    EXPECT_EQ(a.core().table()->view.number, 2U);
    EXPECT_EQ(a.core().table()->rows.at("g").version, 1U);
    EXPECT_EQ(a.core().table()->rows.at("g").transition, id);
    EXPECT_EQ(a.mine().transition, id);
}

// Also when somebody else wrote the row, and another writes the next.
TEST(Transition, TheCoordinatorCarriesOnWhatTheOwnerReports) {
    const TransitionId theirs{.view = 1, .row = 4, .mark = 77};
    OwnershipSettings s = settings(kA);
    s.auto_failback = false;
    Scene a(kA, s);
    a.both_up();
    a.tell(ipc::PeerReport{
        .peer = kB,
        .report = {.incarnation = {7, 1},
                   .view = a.view().id,
                   .groups = {{"g", {.state = GroupState::kRunning, .transition = theirs}}}}});
    ASSERT_TRUE(a.core().table());
    EXPECT_EQ(a.core().table()->rows.at("g").owner, kB);
    EXPECT_EQ(a.core().table()->rows.at("g").transition, theirs);
}

TEST(Transition, AMoveIsAnother) {
    Scene a = running_at_a();
    a.tell(ipc::Request{.id = 1,
                        .kind = ipc::RequestKind::kMove,
                        .scope = ipc::Scope::kGroup,
                        .group = "g",
                        .target = kB,
                        .who = "root"});
    const Row& row = a.core().table()->rows.at("g");
    EXPECT_EQ(row.owner, kB);
    EXPECT_EQ(row.transition, transition_id(a.view().id, "g", row.version));
    const auto events = a.took<Event>();
    const Event* stopping = find(events, "group-stopping");
    ASSERT_NE(stopping, nullptr);
    EXPECT_EQ(field(*stopping, "HB_TRANSITION"), to_string(row.transition));
}

// T11: b lets go before there is a row for it, and names the one that will answer.
TEST(Transition, AStandbyIsNamedByTheRowThatAnswersIt) {
    Scene b(kB);
    b.both_up();
    b.peer_reports(GroupState::kStopped, 1);
    b.peer_rows(
        {.version = 1, .owner = kB, .pred = 0, .transition = transition_id(b.view().id, "g", 1)});
    b.acknowledged();
    b.kernel_says(GroupAnswer::kRunning, true);
    EXPECT_EQ(b.mine().transition, transition_id(b.view().id, "g", 1));
    b.forget();
    b.tell(ipc::Request{.id = 1, .kind = ipc::RequestKind::kStandby, .who = "root"});
    ASSERT_TRUE(b.did<StopGroup>());
    EXPECT_EQ(b.mine().transition, transition_id(b.view().id, "g", 2));
}

// T5: started again by the same owner, but it was away.
TEST(Transition, AStartAfterARestIsAnother) {
    Scene a = running_at_a();
    a.tell(StoodStill{.gap = 3s});
    a.tell(ipc::CommStoodStill{.gap = 3s, .noticed = MonoTime{1234s}});
    ASSERT_EQ(a.mine().state, GroupState::kStopping);
    const TransitionId before = a.mine().transition;
    a.peer_reports(GroupState::kStopped, 1);
    a.kernel_says(GroupAnswer::kStopped);
    const Row& row = a.core().table()->rows.at("g");
    EXPECT_EQ(row.owner, kA);
    EXPECT_NE(row.transition, before);
    EXPECT_EQ(row.transition, transition_id(a.view().id, "g", row.version));
}

TEST(Transition, ARespawnedProcessKnowsIt) {
    Scene first = running_at_a();
    const Report said = first.core().report();
    Scene a(kA);
    a.ready(said, *first.core().table());
    EXPECT_EQ(a.core().transition("g"), first.mine().transition);
}

TEST(Transition, IdsAreShortAndDiffer) {
    const ViewId view{.number = 8, .coordinator = kA, .coordinator_incarnation = {1790000000, 1}};
    ViewId later = view;
    later.coordinator_incarnation.generation++;  // the whole cluster was started again
    ViewId other_side = view;
    other_side.coordinator = kB;  // a view of the same number, behind a cut
    const std::string id = to_string(transition_id(view, "web", 2));
    EXPECT_TRUE(id.starts_with("8.2-")) << id;
    EXPECT_EQ(id.size(), 10U);
    EXPECT_NE(transition_id(view, "web", 2), transition_id(later, "web", 2));
    EXPECT_NE(transition_id(view, "web", 2), transition_id(other_side, "web", 2));
    EXPECT_NE(transition_id(view, "web", 2), transition_id(view, "db", 2));
}

}  // namespace
}  // namespace hb::resource
