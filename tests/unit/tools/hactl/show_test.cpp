#include "tools/hactl/show.hpp"

#include <gtest/gtest.h>

#include "tests/unit/tools/control/scene.hpp"

namespace hb::hactl {
namespace {

using control::kA;
using control::kB;
using control::two_nodes;

TEST(Show, AHealthyPairWithAFault) {
    EXPECT_EQ(
        show(two_nodes()),
        "This is node1: active. View 3 of node1, node2, coordinator node1.\n"
        "\n"
        "Nodes\n"
        "  node1       active, this node\n"
        "  node2       active\n"
        "              link eth0 up, 0.4 ms, 3 of 100 lost, 7 % of ours\n"
        "              link eth1 dead, one way, flaps: 4 times dead: node2 does not hear us on "
        "eth1: is udp/694 open "
        "in its firewall?\n"
        "  10.0.0.254  ping, answers in 0.4 ms, 2 of 100 lost\n"
        "  far-router  dead, last answered 70 s ago, 100 of 100 lost: its name is not resolved\n"
        "\n"
        "Groups\n"
        "  10.0.0.5    running on node1, for 3 min\n"
        "              table of node1: preferred node\n"
        "  10.0.0.6    stopped, to run on node2\n"
        "              node2 may not start it: address held by 52:54:00:00:00:01\n");
}

TEST(Show, ANodeWithOtherFiles) {
    ClusterStatus status = two_nodes();
    status.nodes[1].config_differs = {.ha_cf = true, .haresources = true};
    EXPECT_NE(show(status).find("  node2       active\n"
                                "              not the same as here: its ha.cf and haresources "
                                "(hactl check --peer node2=DIR)\n"
                                "              link eth0 up"),
              std::string::npos)
        << show(status);
}

TEST(Show, ALonelyNode) {
    ClusterStatus status = two_nodes();
    status.view.reset();
    status.nodes[0].status = NodeStatus::kUp;
    status.nodes[0].in_view = false;
    status.nodes[0].standby = true;
    status.nodes[1] = {"node2", NodeStatus::kInit, false, false, false, false, std::nullopt, {}};
    status.nodes[1].links.push_back({"eth0", false, ipc::LinkFault::kSilent, "", std::nullopt});
    status.groups.clear();
    status.pings.clear();
    EXPECT_EQ(show(status),
              "This is node1: up, in no view yet.\n"
              "\n"
              "Nodes\n"
              "  node1  up, this node, on standby\n"
              "  node2  init, never heard\n"
              "         link eth0 dead, nothing heard yet\n"
              "\n"
              "Groups\n"
              "  none: haresources is empty\n");
}

TEST(Show, AGroupElsewhereAndADeadNode) {
    ClusterStatus status = two_nodes();
    status.installed = false;
    status.nodes[1].status = NodeStatus::kDead;
    status.nodes[1].in_view = false;
    status.nodes[1].heard_ago = 3h;
    status.nodes[1].links.clear();
    status.groups.pop_back();
    status.groups[0].preferred = kB;
    const std::string text = show(status);
    EXPECT_NE(text.find("View 3 of node1, coordinator node1, not yet accepted by all.\n"),
              std::string::npos);
    EXPECT_NE(text.find("node2       dead, last heard 3 h ago\n"), std::string::npos);
    status.nodes[1].standby = status.nodes[1].leaving = true;
    EXPECT_NE(show(status).find("node2       dead, last heard 3 h ago, left in order\n"),
              std::string::npos);
    EXPECT_NE(text.find("running on node1 (preferred: node2), for 3 min\n"), std::string::npos);
}

TEST(Show, WhetherThereIsAMajority) {
    ClusterStatus status = two_nodes();
    const auto second_line = [&] {
        const std::string text = show(status);
        const std::size_t begin = text.find('\n') + 1;
        return text.substr(begin, text.find('\n', begin) - begin);
    };
    status.quorum = QuorumSummary{.present = 2, .needed = 2, .ignored = false};
    EXPECT_EQ(second_line(), "Quorum: 2 of 2 nodes, 2 needed.");
    status.quorum->present = 1;
    EXPECT_EQ(second_line(),
              "Quorum: 1 of 2 nodes, 2 needed: no majority, nothing is started here.");
    status.quorum->ignored = true;
    EXPECT_EQ(second_line(),
              "Quorum: 1 of 2 nodes, 2 needed: no majority, ignored in this view, as an admin "
              "asked.");
}

TEST(PeopleTime, HasOneUnit) {
    EXPECT_EQ(people_time(0s), "0 ms");
    EXPECT_EQ(people_time(999ms), "999 ms");
    EXPECT_EQ(people_time(119s), "119 s");
    EXPECT_EQ(people_time(2min), "2 min");
    EXPECT_EQ(people_time(119min), "119 min");
    EXPECT_EQ(people_time(47h), "47 h");
    EXPECT_EQ(people_time(48h), "2 days");
}

TEST(WaitingGroups, TellWhatIsNews) {
    const ClusterStatus before = two_nodes();
    EXPECT_TRUE(waiting_groups(before, before).empty());
    ClusterStatus after = before;
    after.groups[0].owner = kB;
    after.groups[0].reason = "table of node2: node1 is gone";
    after.groups[1].age = 0s;
    EXPECT_TRUE(waiting_groups(before, after).empty()) << "what runs is told by others";
    after.groups[0].owner.reset();
    after.groups[0].state = GroupState::kUnknown;
    after.groups[0].reason = "node1 is silent";
    after.groups[1].reason = "node2 may not start it: waiting for node3";
    const std::vector<Event> events = waiting_groups(before, after);
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[0].id, "group-waits");
    EXPECT_EQ(events[0].level, Level::kWarn);
    EXPECT_EQ(events[0].text, "group 10.0.0.5: unknown: node1 is silent");
    EXPECT_EQ(events[1].text, "group 10.0.0.6: stopped: node2 may not start it: waiting for node3");
}

TEST(Show, AFenceDeviceThatDoesNotAnswerIsShownWithItsNode) {
    ClusterStatus status = two_nodes();
    status.nodes[0].fence_trouble = "fence_ipmilan (for node2): Connection timed out";
    EXPECT_NE(show(status).find("fence device does not answer: fence_ipmilan (for node2): "
                                "Connection timed out\n"),
              std::string::npos);
}

TEST(Show, TheHistoryOfFencingIsOneLineATry) {
    const std::vector<FenceRecord> history = {
        {.target = node_id(1), .ago = 3s, .ok = true, .by = "fence_apc", .text = "off"},
        {.target = node_id(1), .ago = 3min, .ok = false, .by = "ipmi", .text = "no answer"}};
    EXPECT_EQ(show_fence_history(two_nodes(), history),
              "3 s ago  node2  off  fence_apc: off\n3 min ago  node2  FAILED  ipmi: no answer\n");
    EXPECT_EQ(show_fence_history(two_nodes(), {}),
              "nothing was fenced from here since hb-fence started\n");
}

}  // namespace
}  // namespace hb::hactl
