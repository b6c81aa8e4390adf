// Scenes as one node sees them, and what status says of the group in them.
#include "common/base/cluster_status.hpp"

#include <gtest/gtest.h>

namespace hb {
namespace {

const Incarnation kLife{10, 1};
const GroupName kWeb = "10.0.0.5";
const NodeId kA = node_id(0), kB = node_id(1);
const MonoTime kNow{100s};

// Two nodes, a view of both, coordinator node1, seen by node2. Nothing runs, no table.
class Scene {
  public:
    Scene() {
        view.self = kB;
        view.accepted = View{{3, kA, kLife}, {{kA, kLife}, {kB, kLife}}};
        view.installed = true;
        for (NodeId id : {kA, kB}) {
            NodeView& node = view.nodes.emplace_back();
            node.node = id;
            node.name = id == kA ? "node1" : "node2";
            node.status = NodeStatus::kActive;
            node.last_heard = kNow - 1s;
            node.report = Report{kLife, view.accepted->id, false, false, false, 0, {}};
            group(id).state = GroupState::kStopped;
        }
    }
    NodeView& node(NodeId id) { return view.nodes[rank(id)]; }
    GroupReport& group(NodeId id) { return node(id).report->groups[kWeb]; }
    Scene& state(NodeId id, GroupState state, std::string reason = {}) {
        group(id).state = state;
        group(id).reason = std::move(reason);
        return *this;
    }
    Scene& row(NodeId owner, std::string reason) {
        NodeView& author = node(view.accepted->id.coordinator);
        author.table = Table{view.accepted->id, {{kWeb, {1, owner, 0, false, 0, reason}}}};
        return *this;
    }
    Scene& alone(NodeId id) {  // its own view, the other one silent
        view.accepted = View{{4, id, kLife}, {{id, kLife}}};
        node(id == kA ? kB : kA).status = NodeStatus::kDead;
        return *this;
    }
    GroupSummary look() { return compose_status(view, {{kWeb, kA}}, kNow).groups.at(0); }

    StatusView view;
};

struct Expected {
    std::optional<NodeId> owner;
    GroupState state;
    std::string reason;
};

void expect(Scene& scene, const Expected& expected) {
    const GroupSummary seen = scene.look();
    EXPECT_EQ(seen.name, kWeb);
    EXPECT_EQ(seen.preferred, kA);
    EXPECT_EQ(seen.owner, expected.owner);
    EXPECT_EQ(seen.state, expected.state) << to_string(seen.state);
    EXPECT_EQ(seen.reason, expected.reason);
}

TEST(GroupStory, RunsWhereTheTableSays) {
    Scene s;
    s.state(kA, GroupState::kRunning).row(kA, "preferred node");
    expect(s, {kA, GroupState::kRunning, "table of node1: preferred node"});
    EXPECT_EQ(s.look().by_node, (std::map<NodeId, GroupState>{{kA, GroupState::kRunning},
                                                              {kB, GroupState::kStopped}}));
}

TEST(GroupStory, RunsOnWeakEvidence) {
    Scene s;
    s.alone(kB).state(kB, GroupState::kRunning).row(kB, "node1 is gone");
    s.group(kB).weak_evidence = true;
    expect(s, {kB, GroupState::kRunning,
               "table of node2: node1 is gone; started on weak evidence: its network was silent "
               "altogether"});
}

TEST(GroupStory, RunsBeforeAnyTable) {
    Scene s;
    s.state(kA, GroupState::kRunning, "preferred node");
    expect(s, {kA, GroupState::kRunning, "preferred node; no table for the present view yet"});
    s.state(kA, GroupState::kRunning);
    expect(s, {kA, GroupState::kRunning, "it runs there; no table for the present view yet"});
}

TEST(GroupStory, ATableOfAnEarlierViewSaysNothing) {
    Scene s;
    s.state(kA, GroupState::kRunning, "preferred node").row(kB, "old");
    s.view.accepted->id.number++;
    expect(s, {kA, GroupState::kRunning, "preferred node; no table for the present view yet"});
}

TEST(GroupStory, IsGivenAway) {
    Scene s;
    s.state(kB, GroupState::kRunning, "x").row(kA, "failback to its preferred node");
    expect(s, {kB, GroupState::kRunning,
               "node2 lets go for node1: table of node1: failback to its preferred node"});
    s.state(kB, GroupState::kStopping, "x");
    expect(s, {kB, GroupState::kStopping,
               "node2 lets go for node1: table of node1: failback to its preferred node"});
}

// One-way loss: node1 does not hear node2, has it, and is in a view of its own.
TEST(GroupStory, RunsOnANodeThatIsHeardButOutsideTheView) {
    Scene s;
    s.alone(kB).state(kA, GroupState::kRunning).row(kB, "its preferred node cannot have it");
    s.node(kA).status = NodeStatus::kActive;
    expect(s, {kA, GroupState::kRunning,
               "node1 is heard, but is not in the view of node2; node2 is to start it: table of "
               "node2: its preferred node cannot have it"});
    s.group(kB).gate_reason = "node1 is heard, but does not hear us";
    expect(s, {kA, GroupState::kRunning,
               "node1 is heard, but is not in the view of node2; node2 may not start it: node1 is "
               "heard, but does not hear us"});
}

TEST(GroupStory, IsStopping) {
    Scene s;
    s.state(kA, GroupState::kStopping, "standby was asked for; node2 takes it").row(kA, "x");
    expect(s, {kA, GroupState::kStopping, "standby was asked for; node2 takes it"});
    s.state(kA, GroupState::kStopping);
    expect(s, {kA, GroupState::kStopping, "it is being stopped"});
}

TEST(GroupStory, TwoHoldersAreBothNamed) {
    Scene s;
    s.state(kA, GroupState::kRunning).state(kB, GroupState::kRunning).row(kB, "it runs there");
    expect(s, {kB, GroupState::kRunning, "table of node1: it runs there; also running on node1"});
}

TEST(GroupStory, AFailedStopRulesAll) {
    Scene s;
    s.state(kA, GroupState::kFailed, "stop failed: Filesystem")
        .state(kB, GroupState::kStarting)
        .row(kB, "x");
    expect(s, {kA, GroupState::kFailed,
               "stop failed: Filesystem; nobody starts it before 'hactl cleanup 10.0.0.5'; also "
               "starting on node2"});
}

TEST(GroupStory, TheGateIsClosed) {
    Scene s;
    s.alone(kB).row(kB, "node1 is gone");
    s.group(kB).gate_reason = "address held by 52:54:00:00:00:01";
    expect(s,
           {kB, GroupState::kStopped, "node2 may not start it: address held by 52:54:00:00:00:01"});
    s.state(kA, GroupState::kRunning);
    expect(s, {kB, GroupState::kStopped,
               "node2 may not start it: address held by 52:54:00:00:00:01; node1 is silent; it was "
               "running there when last heard"});
}

TEST(GroupStory, IsAboutToStart) {
    Scene s;
    s.row(kA, "preferred node");
    expect(s, {kA, GroupState::kStopped, "node1 is to start it: table of node1: preferred node"});
    s.state(kA, GroupState::kStopped, "no interface for 10.0.0.5");
    expect(s, {kA, GroupState::kStopped,
               "node1 has not started it: no interface for 10.0.0.5; table of node1: preferred "
               "node"});
}

TEST(GroupStory, TheStartFailedEverywhere) {
    Scene s;
    s.state(kA, GroupState::kStopped, "start failed: apache exited with return code 1")
        .row(kA, "x");
    s.group(kA).start_failed = true;
    expect(s, {kA, GroupState::kStopped, "node1: start failed: apache exited with return code 1"});
}

TEST(GroupStory, TheOwnerIsSilent) {
    Scene s;
    s.state(kA, GroupState::kRunning).row(kA, "preferred node");
    s.node(kA).status = NodeStatus::kDead;
    const std::string gone = "node1 is silent; it was running there when last heard";
    expect(s, {std::nullopt, GroupState::kUnknown, gone});
    s.alone(kB);
    expect(s, {std::nullopt, GroupState::kUnknown, gone});
    s.state(kA, GroupState::kStopped).row(kA, "x");
    s.view.accepted = View{{3, kA, kLife}, {{kA, kLife}, {kB, kLife}}};
    s.row(kA, "x");
    expect(s, {std::nullopt, GroupState::kUnknown, "node1 was to start it and is silent"});
}

TEST(GroupStory, SomebodyIsAsking) {
    Scene s;
    s.state(kA, GroupState::kUnknown).row(kA, "preferred node");
    expect(s, {kA, GroupState::kUnknown, "node1 is asking what runs there"});
    s.row(kB, "x");
    expect(s, {std::nullopt, GroupState::kUnknown, "node1 is asking what runs there"});
}

TEST(GroupStory, NoViewYet) {
    Scene s;
    s.view.accepted.reset();
    s.node(kA).report.reset();
    s.node(kA).status = NodeStatus::kInit;
    s.node(kA).last_heard.reset();
    expect(s, {std::nullopt, GroupState::kStopped, "no view yet: waiting for node1"});
    s.node(kB).report.reset();
    expect(s, {std::nullopt, GroupState::kUnknown, "no view yet: waiting for node1"});
}

TEST(GroupStory, NoTableYet) {
    Scene s;
    s.node(kA).report->view->number--;
    expect(s, {std::nullopt, GroupState::kStopped,
               "no table for the present view yet: waiting for the report of node1"});
    s.view.installed = false;
    expect(s,
           {std::nullopt, GroupState::kStopped, "not all members have accepted the new view yet"});
    s = Scene();
    s.node(kA).table = Table{s.view.accepted->id, {}};
    expect(s, {std::nullopt, GroupState::kStopped, "the table of node1 has no row for it"});
    s.node(kA).report.reset();
    s.node(kB).report.reset();
    expect(s, {std::nullopt, GroupState::kUnknown, "no hb-resource has reported it yet"});
}

TEST(ClusterStatus, Nodes) {
    Scene s;
    s.node(kA).report->standby = true;
    s.node(kA).links.push_back(
        {link_id(0), "eth1", false, ipc::LinkFault::kOneWayOut, "it does not hear us", kNow - 3s});
    const ClusterStatus status = compose_status(s.view, {}, kNow);
    EXPECT_EQ(status.self, kB);
    EXPECT_EQ(status.view, s.view.accepted->id);
    EXPECT_TRUE(status.installed);
    ASSERT_EQ(status.nodes.size(), 2U);
    EXPECT_EQ(status.nodes[0].name, "node1");
    EXPECT_TRUE(status.nodes[0].in_view);
    EXPECT_TRUE(status.nodes[0].standby);
    EXPECT_EQ(status.nodes[0].heard_ago, Duration(1s));
    ASSERT_EQ(status.nodes[0].links.size(), 1U);
    EXPECT_EQ(status.nodes[0].links[0],
              (LinkStatus{"eth1", false, ipc::LinkFault::kOneWayOut, "it does not hear us", {}}));
    EXPECT_EQ(status.nodes[1].heard_ago, std::nullopt);
    s.node(kA).links[0].fault = ipc::LinkFault::kSilent;
    EXPECT_EQ(compose_status(s.view, {}, kNow).nodes[0].links[0].heard_ago, Duration(3s));
}

TEST(ClusterStatus, LinksHaveTheirFigures) {
    Scene s;
    s.node(kA).links.push_back({.link = link_id(0), .name = "eth1", .up = true, .flaps = 3});
    s.node(kA).links[0].measured = ipc::LinkMeasured{.peer = kA,
                                                     .link = link_id(0),
                                                     .heard = kNow - 20ms,
                                                     .round_trip = 300us,
                                                     .judged = 100,
                                                     .lost = 25,
                                                     .lost_there = 1,
                                                     .trouble = "a bad cable"};
    const ClusterStatus status = compose_status(s.view, {}, kNow);
    const LinkStatus& link = status.nodes[0].links[0];
    EXPECT_EQ(link.heard_ago, std::nullopt) << "while it is heard";
    EXPECT_EQ(link.newest_ago, Duration(20ms));
    EXPECT_EQ(link.round_trip, Duration(300us));
    EXPECT_EQ(link.judged, 100U);
    EXPECT_EQ(link.lost, 25U);
    EXPECT_EQ(link.lost_there, 1U);
    EXPECT_EQ(link.flaps, 3U);
    EXPECT_EQ(link.detail, "a bad cable");

    Scene later = s;
    later.node(kA).links[0].measured->lost = 24;
    EXPECT_FALSE(differ(status, compose_status(later.view, {}, kNow)));
    later.node(kA).links[0].up = false;
    const ClusterStatus dead = compose_status(later.view, {}, kNow);
    EXPECT_EQ(dead.nodes[0].links[0].round_trip, std::nullopt);
    EXPECT_TRUE(differ(status, dead));
}

TEST(ClusterStatus, DiffersByMoreThanAges) {
    Scene s;
    const ClusterStatus before = compose_status(s.view, {{kWeb, kA}}, kNow);
    EXPECT_FALSE(differ(before, compose_status(s.view, {{kWeb, kA}}, kNow + 5s)));
    s.state(kA, GroupState::kRunning);
    EXPECT_TRUE(differ(before, compose_status(s.view, {{kWeb, kA}}, kNow)));
}

TEST(StatusAges, CountSinceTheChange) {
    Scene s;
    StatusAges ages;
    const auto age_at = [&](MonoTime now) {
        ClusterStatus status = compose_status(s.view, {{kWeb, kA}}, now);
        ages.fill(status, now);
        return status.groups.at(0).age;
    };
    EXPECT_EQ(age_at(kNow), Duration(0s));
    EXPECT_EQ(age_at(kNow + 5s), Duration(5s));
    s.row(kA, "only the reason changes");
    s.state(kA, GroupState::kRunning);
    EXPECT_EQ(age_at(kNow + 7s), Duration(0s));
    EXPECT_EQ(age_at(kNow + 9s), Duration(2s));
}

TEST(Quorum, IsThatOfTheView) {
    Scene s;
    EXPECT_EQ(quorum_in(s.view), (QuorumSummary{2, 2, false}));
    EXPECT_TRUE(quorum_in(s.view).held());
    s.alone(kB);
    EXPECT_EQ(quorum_in(s.view), (QuorumSummary{1, 2, false}));
    EXPECT_FALSE(quorum_in(s.view).held());
    s.node(kA).report->quorum_ignored = true;
    EXPECT_FALSE(quorum_in(s.view).ignored) << "asked elsewhere";
    s.node(kB).report->quorum_ignored = true;
    EXPECT_TRUE(quorum_in(s.view).ignored);
    s.view.accepted.reset();
    EXPECT_EQ(quorum_in(s.view).present, 0U);
}

// ---- maintenance

const Maintenance kOn{.counter = 3, .by = kA, .on = true};

TEST(GroupStory, InMaintenanceWhereverItRuns) {
    Scene s;
    s.state(kA, GroupState::kRunning).row(kA, "it runs there, in maintenance");
    s.group(kA).maintenance = kOn;
    expect(s, {kA, GroupState::kRunning,
               "table of node1: it runs there, in maintenance; in maintenance: left alone until "
               "'hactl maintenance off'"});
    EXPECT_TRUE(s.look().maintenance);
    EXPECT_FALSE(s.look().maintenance_known) << "node2 does not know yet";
    s.group(kB).maintenance = kOn;
    EXPECT_TRUE(s.look().maintenance_known);
    s.group(kA).keepers[kA] = {.generation = 10, .step = 1, .released = false};
    EXPECT_FALSE(s.look().maintenance_known) << "... nor who keeps it";
}

TEST(GroupStory, NobodyHasItInMaintenance) {
    Scene s;
    s.group(kA).maintenance = s.group(kB).maintenance = kOn;
    expect(s, {std::nullopt, GroupState::kStopped,
               "nobody starts it in maintenance; in maintenance: left alone until 'hactl "
               "maintenance off'"});
}

TEST(GroupStory, WhoLeftItRunningInMaintenance) {
    Scene s;
    s.alone(kB).state(kA, GroupState::kUnknown);
    s.group(kB).maintenance = kOn;
    s.group(kB).keepers[kA] = {.generation = 10, .step = 1, .released = false};
    expect(s, {std::nullopt, GroupState::kUnknown,
               "node1 kept it in maintenance and has not come back; in maintenance: left alone "
               "until 'hactl maintenance off'"});
    s.group(kB).keepers[kA].released = true;
    EXPECT_EQ(s.look().reason.find("node1"), std::string::npos);
}

}  // namespace
}  // namespace hb
