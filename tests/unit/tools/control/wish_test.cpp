#include "tools/control/wish.hpp"

#include <gtest/gtest.h>

#include "tests/unit/tools/control/scene.hpp"

namespace hb::control {
namespace {

using ipc::RequestKind;
using ipc::Scope;

void place(ClusterStatus& status, std::size_t group, std::optional<NodeId> owner, GroupState a,
           GroupState b) {
    GroupSummary& g = status.groups[group];
    g.owner = owner;
    g.by_node = {{kA, a}, {kB, b}};
    g.state = owner == kA ? a : owner == kB ? b : GroupState::kStopped;
}
constexpr GroupState kOn = GroupState::kRunning, kOff = GroupState::kStopped;

// node1 (this node) runs its own group and that of node2.
ClusterStatus all_here() {
    ClusterStatus status = two_nodes();
    place(status, 0, kA, kOn, kOff);
    place(status, 1, kA, kOn, kOff);
    return status;
}

TEST(Wish, StandbyIsAboutWhatRanHere) {
    ClusterStatus now = two_nodes();
    const Wish wish(RequestKind::kStandby, Scope::kAll, {}, now);
    EXPECT_EQ(
        wish.missing(now),
        (std::vector<std::string>{"10.0.0.5: running on node1: table of node1: preferred node"}));
    place(now, 0, kA, GroupState::kStopping, kOff);
    EXPECT_EQ(wish.missing(now).size(), 1U);
    place(now, 0, kB, kOff, GroupState::kStarting);
    EXPECT_EQ(wish.missing(now).size(), 1U);
    place(now, 0, kB, kOff, kOn);
    EXPECT_TRUE(wish.missing(now).empty());
}

TEST(Wish, StandbyOfAScope) {
    for (const auto& [scope, moved] :
         {std::pair(Scope::kLocal, 0), std::pair(Scope::kForeign, 1)}) {
        ClusterStatus now = all_here();
        const Wish wish(RequestKind::kStandby, scope, {}, now);
        EXPECT_EQ(wish.missing(now).size(), 1U);
        place(now, static_cast<std::size_t>(moved), kB, kOff, kOn);
        EXPECT_TRUE(wish.missing(now).empty());
    }
    const Wish one(RequestKind::kStandby, Scope::kGroup, "10.0.0.6", all_here());
    EXPECT_EQ(one.missing(all_here()).size(), 1U);
}

TEST(Wish, TakeoverIsDoneWhenAllRunsHere) {
    ClusterStatus now = all_here();
    place(now, 1, kB, kOff, kOn);
    const Wish wish(RequestKind::kTakeover, Scope::kAll, {}, now);
    EXPECT_EQ(wish.missing(now).size(), 1U);
    place(now, 1, kA, GroupState::kStarting, kOff);
    EXPECT_EQ(wish.missing(now).size(), 1U);
    place(now, 1, kA, kOn, kOff);
    EXPECT_TRUE(wish.missing(now).empty());
}

TEST(Wish, ActiveEndsTheStandby) {
    ClusterStatus now = two_nodes();
    now.nodes[0].standby = true;
    const Wish wish(RequestKind::kActive, Scope::kAll, {}, now);
    EXPECT_EQ(wish.missing(now), (std::vector<std::string>{"this node is still on standby"}));
    now.nodes[0].standby = false;
    EXPECT_TRUE(wish.missing(now).empty());
}

TEST(Wish, CleanupIsDoneWhenTheAgentsHaveAnswered) {
    ClusterStatus now = all_here();
    place(now, 0, kA, GroupState::kFailed, kOff);
    const Wish wish(RequestKind::kCleanup, Scope::kGroup, "10.0.0.5", now);
    EXPECT_EQ(wish.missing(now).size(), 1U);
    place(now, 0, std::nullopt, GroupState::kUnknown, kOff);
    EXPECT_EQ(wish.missing(now).size(), 1U);
    place(now, 0, std::nullopt, kOff, kOff);
    EXPECT_TRUE(wish.missing(now).empty());
}

TEST(Wish, MaintenanceIsTrueWhenAllKnow) {
    for (const bool on : {true, false}) {
        ClusterStatus now = two_nodes();
        for (GroupSummary& g : now.groups)
            g.maintenance = !on;
        const Wish wish(on ? RequestKind::kMaintenanceOn : RequestKind::kMaintenanceOff,
                        Scope::kAll, {}, now);
        EXPECT_EQ(wish.missing(now).size(), 2U);
        for (GroupSummary& g : now.groups)
            g.maintenance = on;
        EXPECT_EQ(wish.missing(now).size(), 2U) << "somebody does not know yet";
        for (GroupSummary& g : now.groups)
            g.maintenance_known = true;
        EXPECT_TRUE(wish.missing(now).empty());
    }
}

TEST(Wish, QuorumIgnoreIsTrueAtOnce) {
    const Wish wish(RequestKind::kQuorumIgnore, Scope::kAll, {}, two_nodes());
    EXPECT_TRUE(wish.missing(two_nodes()).empty());
}

}  // namespace
}  // namespace hb::control
