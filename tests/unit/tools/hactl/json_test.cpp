// The JSON is a contract (docs/hactl-status-json.md): to the letter.
#include "tools/hactl/json.hpp"

#include <gtest/gtest.h>

#include "tests/unit/tools/control/scene.hpp"

namespace hb::hactl {
namespace {

using control::kA;
using control::kB;
using control::two_nodes;

TEST(StatusJson, IsAContract) {
    EXPECT_EQ(status_json(two_nodes(), 2), R"({
  "version": 1,
  "node": "node1",
  "status": "active",
  "view": {
    "number": 3,
    "coordinator": "node1",
    "members": [
      "node1",
      "node2"
    ],
    "installed": true
  },
  "quorum": null,
  "nodes": [
    {
      "name": "node1",
      "status": "active",
      "in_view": true,
      "standby": false,
      "leaving": false,
      "isolated": false,
      "heard_ms_ago": null,
      "fence_trouble": "",
      "config_differs": [],
      "links": []
    },
    {
      "name": "node2",
      "status": "active",
      "in_view": true,
      "standby": false,
      "leaving": false,
      "isolated": false,
      "heard_ms_ago": 250,
      "fence_trouble": "",
      "config_differs": [],
      "links": [
        {
          "name": "eth0",
          "status": "up",
          "one_way": false,
          "fault": "none",
          "detail": "",
          "heard_ms_ago": 250,
          "newest_ms_ago": 120,
          "round_trip_us": 410,
          "judged": 100,
          "lost": 3,
          "lost_there_percent": 7,
          "flaps": 0
        },
        {
          "name": "eth1",
          "status": "dead",
          "one_way": true,
          "fault": "one-way",
          "detail": "node2 does not hear us on eth1: is udp/694 open in its firewall?",
          "heard_ms_ago": 10000,
          "newest_ms_ago": null,
          "round_trip_us": null,
          "judged": 0,
          "lost": 0,
          "lost_there_percent": null,
          "flaps": 4
        }
      ]
    }
  ],
  "ping_nodes": [
    {
      "name": "10.0.0.254",
      "status": "ping",
      "late": false,
      "answered_ms_ago": 40,
      "round_trip_us": 360,
      "asked": 100,
      "lost": 2,
      "detail": ""
    },
    {
      "name": "far-router",
      "status": "dead",
      "late": true,
      "answered_ms_ago": 70000,
      "round_trip_us": null,
      "asked": 100,
      "lost": 100,
      "detail": "its name is not resolved"
    }
  ],
  "groups": [
    {
      "name": "10.0.0.5",
      "preferred": "node1",
      "owner": "node1",
      "state": "running",
      "reason": "table of node1: preferred node",
      "age_ms": 180000,
      "nodes": {
        "node1": "running",
        "node2": "stopped"
      },
      "maintenance": false,
      "transition": null
    },
    {
      "name": "10.0.0.6",
      "preferred": "node2",
      "owner": "node2",
      "state": "stopped",
      "reason": "node2 may not start it: address held by 52:54:00:00:00:01",
      "age_ms": null,
      "nodes": {
        "node1": "stopped",
        "node2": "stopped"
      },
      "maintenance": false,
      "transition": null
    }
  ]
})");
}

TEST(StatusJson, WhatIsNotKnownIsNull) {
    ClusterStatus status = two_nodes();
    status.view.reset();
    status.groups[0].owner.reset();
    const std::string json = status_json(status, -1);
    EXPECT_EQ(json.find('\n'), std::string::npos);
    EXPECT_NE(json.find(R"("view":null)"), std::string::npos);
    EXPECT_NE(json.find(R"("owner":null)"), std::string::npos);
}

TEST(StatusJson, TheMajorityRule) {
    ClusterStatus status = two_nodes();
    status.quorum = QuorumSummary{.present = 1, .needed = 2, .ignored = true};
    EXPECT_NE(status_json(status, -1)
                  .find(R"("quorum":{"present":1,"needed":2,"held":false,"ignored":true})"),
              std::string::npos);
}

TEST(EventJson, IsOneLine) {
    EXPECT_EQ(event_json({"node-dead", Level::kWarn, "node node2: is dead", {{"HB_NODE", "node2"}}},
                         1'790'000'000'123),
              R"({"version":1,"time_ms":1790000000123,"event":"node-dead","level":"warning",)"
              R"("text":"node node2: is dead","fields":{"HB_NODE":"node2"}})");
}

TEST(FenceHistoryJson, IsAContract) {
    const std::vector<FenceRecord> history = {{.target = node_id(1),
                                               .ago = 3s,
                                               .ok = false,
                                               .by = "fence_ipmilan",
                                               .text = "Connection timed out"}};
    EXPECT_EQ(fence_history_json(two_nodes(), history), R"({
  "history": [
    {
      "target": "node2",
      "ok": false,
      "by": "fence_ipmilan",
      "text": "Connection timed out",
      "ago_ms": 3000
    }
  ]
})");
    EXPECT_EQ(fence_history_json(two_nodes(), {}), "{\n  \"history\": []\n}");
}

}  // namespace
}  // namespace hb::hactl
