// What is remembered of a group, and what is not.
#include "daemons/hb-membership/group_history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/limits.hpp"

namespace hb::membership {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr NodeId kA = node_id(0), kB = node_id(1);
constexpr std::int64_t kSecond = 1'000'000'000;

struct History : testing::Test {
    void says(NodeId node, GroupState state, const std::string& reason = {},
              const std::string& gate = {}, TransitionId id = {.view = 1, .row = 1, .mark = 1}) {
        now += kSecond;
        Report report;
        report.groups["web"] = {
            .state = state, .reason = reason, .gate_reason = gate, .transition = id};
        reports[node] = report;
        history.see(node, report, now);
    }
    [[nodiscard]] std::vector<std::string> told() const {
        std::vector<std::string> lines;
        const auto story = history.tell("web", {});
        for (const GroupMoment& m : story->moments) {
            static constexpr const char* kKinds[] = {"?", "is", "found", "waits", "silent", "back"};
            lines.push_back(std::string(kKinds[static_cast<int>(m.kind)]) + " " +
                            (m.node == kA ? "a " : "b ") + to_string(m.state) +
                            (m.reason.empty() ? "" : ": " + m.reason));
        }
        return lines;
    }
    std::int64_t now = 1000 * kSecond;
    std::map<NodeId, Report> reports;
    GroupHistory history{{"web", "db"}, now};
};

TEST_F(History, AMoveIsSeenStepByStep) {
    says(kA, GroupState::kStopped);
    says(kB, GroupState::kStopped);
    says(kA, GroupState::kStarting, "its preferred node");
    says(kA, GroupState::kRunning, "its preferred node");
    says(kA, GroupState::kRunning, "its preferred node");
    says(kA, GroupState::kStopping, "standby was asked for", "", {.view = 1, .row = 2, .mark = 2});
    says(kA, GroupState::kStopped, "", "", {.view = 1, .row = 2, .mark = 2});
    says(kB, GroupState::kStarting, "a is on standby", "", {.view = 1, .row = 2, .mark = 2});
    EXPECT_THAT(told(),
                ElementsAre("is a starting: its preferred node", "is a running: its preferred node",
                            "is a stopping: standby was asked for", "is a stopped",
                            "is b starting: a is on standby"));
    const auto story = history.tell("web", {});
    EXPECT_EQ(story->began_ns, 1000 * kSecond);
    EXPECT_EQ(story->moments.front().at_ns, 1003 * kSecond);
    EXPECT_EQ(story->moments.back().transition.row, 2u);
}

TEST_F(History, WhatRanBeforeIsFound) {
    says(kA, GroupState::kRunning);
    says(kB, GroupState::kStopped);
    says(kA, GroupState::kStopping);
    EXPECT_THAT(told(), ElementsAre("found a running", "is a stopping"));
}

TEST_F(History, AWaitIsSeenWithItsReasonAndWhatChangesInBracketsIsNone) {
    says(kB, GroupState::kStopped, "", "fencing a (trial 1)");
    says(kB, GroupState::kStopped, "", "fencing a (trial 2)");
    EXPECT_THAT(told(), ElementsAre("waits b stopped: fencing a (trial 2)"));
    EXPECT_EQ(history.tell("web", {})->moments[0].at_ns, 1001 * kSecond) << "since then";
    says(kB, GroupState::kStopped, "", "address held");
    says(kB, GroupState::kStarting);
    EXPECT_THAT(told(), ElementsAre("waits b stopped: fencing a (trial 2)",
                                    "waits b stopped: address held", "is b starting"));
}

TEST_F(History, AWaitThatIsOverAtOnceLeavesNoTrace) {
    says(kB, GroupState::kStopped, "", "waiting for the promise of a");
    now -= kSecond;
    says(kB, GroupState::kStarting);
    EXPECT_THAT(told(), ElementsAre("is b starting"));
}

TEST_F(History, AWaitWithManyReasonsDrivesNothingElseOut) {
    says(kA, GroupState::kRunning);
    for (int i = 0; i < 100; ++i)
        says(kB, GroupState::kStopped, "", "reason " + std::to_string(i));
    EXPECT_THAT(told(), SizeIs(7));
    EXPECT_EQ(told().front(), "found a running");
    EXPECT_EQ(told().back(), "waits b stopped: reason 99");
}

TEST_F(History, IsBounded) {
    for (std::size_t i = 0; i < limits::kMoments; ++i) {
        says(kA, GroupState::kStarting);
        says(kA, GroupState::kStopped);
    }
    EXPECT_THAT(told(), SizeIs(limits::kMoments));
    EXPECT_EQ(told().back(), "is a stopped");
}

TEST_F(History, SilenceOfWhoHadItCounts) {
    says(kA, GroupState::kRunning);
    says(kB, GroupState::kStopped);
    history.see_node(kB, false, now += kSecond);
    history.see_node(kA, false, now += kSecond);
    history.see_node(kA, false, now += kSecond);
    history.see_node(kA, true, now += kSecond);
    EXPECT_THAT(told(), ElementsAre("found a running", "silent a running", "back a running"));
}

TEST_F(History, ARespawnOfHbResource) {
    says(kA, GroupState::kRunning);
    history.lost_track(kA, now += kSecond);
    says(kA, GroupState::kUnknown);
    says(kA, GroupState::kRunning);
    EXPECT_THAT(told(),
                ElementsAre("found a running", "is a unknown: hb-resource is being restarted",
                            "is a running"));
}

TEST_F(History, NobodyKnowsYetIsNoNews) {
    says(kA, GroupState::kUnknown);
    says(kA, GroupState::kStopped);
    EXPECT_THAT(told(), IsEmpty());
    says(kB, GroupState::kUnknown);
    says(kB, GroupState::kRunning);
    EXPECT_THAT(told(), ElementsAre("found b running"));
}

TEST_F(History, GroupsComeAndGo) {
    says(kA, GroupState::kRunning);
    history.keep({"web", "mail"});
    EXPECT_THAT(told(), ElementsAre("found a running"));
    EXPECT_TRUE(history.tell("mail", {}));
    EXPECT_FALSE(history.tell("db", {}));
    history.keep({"mail"});
    EXPECT_FALSE(history.tell("web", {}));
}

TEST_F(History, TellsWhatNodesSayNow) {
    says(kA, GroupState::kStopped, "left");
    says(kB, GroupState::kStopped, "", "fencing a");
    StatusView view;
    view.self = kB;
    view.nodes = {{.node = kA, .name = "a", .status = NodeStatus::kDead, .report = reports[kA]},
                  {.node = kB, .name = "b", .status = NodeStatus::kActive, .report = reports[kB]}};
    const auto story = history.tell("web", view);
    ASSERT_TRUE(story);
    ASSERT_THAT(story->words, SizeIs(2));
    EXPECT_FALSE(story->words[0].heard);
    EXPECT_EQ(story->words[0].reason, "left");
    EXPECT_TRUE(story->words[1].heard);
    EXPECT_EQ(story->words[1].gate_reason, "fencing a");
    EXPECT_FALSE(history.tell("mail", view));
}

}  // namespace
}  // namespace hb::membership
