#include "tools/hactl/why.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "tests/unit/tools/control/scene.hpp"

namespace hb::hactl {
namespace {

using control::kA;
using control::kB;
using control::two_nodes;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kBegan = 1'764'000'000 * kSecond;  // 2025-11-24 16:00:00 UTC
const TransitionId kFirst{.view = 3, .row = 1, .mark = 0xabc};
const TransitionId kMove{.view = 3, .row = 2, .mark = 0xdef012};

struct Why : testing::Test {
    Why() {
        ::setenv("TZ", "UTC", 1);
        ::tzset();
    }
    void at(int seconds, MomentKind kind, NodeId node, GroupState state, TransitionId id,
            const std::string& reason = {}) {
        story.moments.push_back({kBegan + seconds * kSecond, kind, node, state, id, reason});
    }
    [[nodiscard]] std::string shown(std::size_t group, int seconds) const {
        return show_why(status, status.groups[group], story, kBegan + seconds * kSecond);
    }
    ClusterStatus status = two_nodes();
    GroupStory story{kBegan, {}, {}};
};

TEST_F(Why, AGroupThatMoved) {
    GroupSummary& group = status.groups[0];
    group.owner = kB;
    group.reason = "table of node1: node1 is on standby";
    group.transition = kMove;
    story.words = {
        {kA, true, GroupState::kStopped, kMove, "standby was asked for", "", ""},
        {kB, true, GroupState::kRunning, kMove, "node1 is on standby", "", "eth0 flaps"}};
    at(0, MomentKind::kFound, kA, GroupState::kRunning, kFirst);
    at(60, MomentKind::kState, kA, GroupState::kStopping, kMove, "standby was asked for");
    at(61, MomentKind::kState, kA, GroupState::kStopped, kMove, "standby was asked for");
    at(61, MomentKind::kState, kB, GroupState::kStarting, kMove, "node1 is on standby");
    at(62, MomentKind::kState, kB, GroupState::kRunning, kMove, "node1 is on standby");
    EXPECT_EQ(shown(0, 72),
              "10.0.0.5 runs on node2, since 2025-11-24 16:01:02.000, for 10 s.\n"
              "Why: table of node1: node1 is on standby.\n"
              "Transition 3.2-def012, the same on every node.\n"
              "\n"
              "What the nodes say of it\n"
              "  node1  stopped: standby was asked for [3.2-def012]\n"
              "  node2  running: node1 is on standby; eth0 flaps [3.2-def012]\n"
              "\n"
              "What happened, as node1 saw it\n"
              "  2025-11-24 16:00:00.000  node1  was seen for the first time: running "
              "[3.1-000abc]\n"
              "  2025-11-24 16:01:00.000  node1  gives it up: standby was asked for "
              "[3.2-def012]\n"
              "  2025-11-24 16:01:01.000  node1  it is stopped there [3.2-def012]\n"
              "  2025-11-24 16:01:01.000  node2  starts it: node1 is on standby [3.2-def012]\n"
              "  2025-11-24 16:01:02.000  node2  runs it [3.2-def012]\n"
              "\n"
              "node1 has been looking since 2025-11-24 16:00:00.000. Everything: journalctl "
              "HB_GROUP=10.0.0.5\n"
              "This transition, on every node: journalctl HB_TRANSITION=3.2-def012\n");
}

TEST_F(Why, AGroupThatIsNowhereAndWaits) {
    status.groups[1].transition = kMove;
    status.nodes[0].status = NodeStatus::kActive;
    story.words = {
        {kA, true, GroupState::kStopped, kMove, "", "", ""},
        {kB, true, GroupState::kStopped, kMove, "", "address held by 52:54:00:00:00:01", ""}};
    at(5, MomentKind::kState, kA, GroupState::kStopped, kFirst);
    at(7, MomentKind::kWaits, kB, GroupState::kStopped, kMove, "address held by 52:54:00:00:00:01");
    const std::string text = shown(1, 67);
    EXPECT_TRUE(text.starts_with(
        "10.0.0.6 runs on no node that is heard, and node2 is to start it, since 2025-11-24 "
        "16:00:05.000, for 62 s.\n"
        "Why: node2 may not start it: address held by 52:54:00:00:00:01.\n"
        "It waits for that since 2025-11-24 16:00:07.000, for 60 s.\n"))
        << text;
    EXPECT_NE(text.find("  node2  stopped; may not start it: address held by 52:54:00:00:00:01 "
                        "[3.2-def012]\n"),
              std::string::npos)
        << text;
}

TEST_F(Why, ANodeThatIsSilentAndOneThatNeverSpoke) {
    GroupSummary& group = status.groups[0];
    group.owner.reset();
    group.state = GroupState::kUnknown;
    group.reason = "node2 is silent; it was running there when last heard";
    status.nodes[1].status = NodeStatus::kDead;
    status.nodes[1].heard_ago = 12s;
    story.words = {{kB, false, GroupState::kRunning, {}, "its preferred node", "", ""}};
    at(30, MomentKind::kSilent, kB, GroupState::kRunning, kFirst);
    at(35, MomentKind::kBack, kB, GroupState::kRunning, kFirst);
    const std::string text = shown(0, 40);
    EXPECT_TRUE(text.starts_with(
        "Where 10.0.0.5 runs cannot be known, since 2025-11-24 16:00:30.000, for 10 s.\n"))
        << text;
    EXPECT_NE(text.find("  node1  nothing: it does not know this group, or has not spoken yet\n"
                        "  node2  silent for 12 s; its last word: running: its preferred node\n"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("node2  fell silent; it was running there [3.1-000abc]"), std::string::npos)
        << text;
    EXPECT_NE(text.find("node2  is heard again; it was running there [3.1-000abc]"),
              std::string::npos)
        << text;
}

TEST_F(Why, WhoFellSilentHadItLast) {
    at(5, MomentKind::kState, kA, GroupState::kRunning, kFirst);
    at(20, MomentKind::kSilent, kA, GroupState::kRunning, kFirst);
    EXPECT_TRUE(
        shown(1, 30).starts_with("10.0.0.6 runs on no node that is heard, and node2 is to "
                                 "start it, since 2025-11-24 16:00:20.000, for 10 s.\n"))
        << shown(1, 30);
}

TEST_F(Why, WhatWasSoBefore) {
    EXPECT_TRUE(shown(0, 10).starts_with(
        "10.0.0.5 runs on node1, since before 2025-11-24 16:00:00.000.\n"));
    at(1, MomentKind::kFound, kA, GroupState::kRunning, kFirst);
    EXPECT_TRUE(shown(0, 10).starts_with(
        "10.0.0.5 runs on node1, since before 2025-11-24 16:00:01.000.\n"));
}

TEST_F(Why, Json) {
    status.groups[0].transition = kFirst;
    story.words = {{kA, true, GroupState::kRunning, kFirst, "its preferred node", "", ""}};
    at(1, MomentKind::kState, kA, GroupState::kRunning, kFirst, "its preferred node");
    EXPECT_EQ(why_json(status, status.groups[0], story, kBegan + 2 * kSecond),
              R"({
  "version": 1,
  "node": "node1",
  "time_ms": 1764000002000,
  "group": "10.0.0.5",
  "owner": "node1",
  "state": "running",
  "reason": "table of node1: preferred node",
  "transition": "3.1-000abc",
  "since_ms": 1764000001000,
  "nodes": [
    {
      "node": "node1",
      "heard": true,
      "state": "running",
      "reason": "its preferred node",
      "waits_for": "",
      "trouble": "",
      "transition": "3.1-000abc"
    }
  ],
  "looking_since_ms": 1764000000000,
  "history": [
    {
      "time_ms": 1764000001000,
      "kind": "state",
      "node": "node1",
      "state": "running",
      "reason": "its preferred node",
      "transition": "3.1-000abc"
    }
  ]
})");
}

}  // namespace
}  // namespace hb::hactl
