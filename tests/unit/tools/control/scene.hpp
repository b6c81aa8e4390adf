// A small cluster for the tests of the tools: two nodes, two groups, seen by node1.
#pragma once

#include "common/base/cluster_status.hpp"

namespace hb::control {

inline const NodeId kA = node_id(0), kB = node_id(1);

inline ClusterStatus two_nodes() {
    ClusterStatus status;
    status.self = kA;
    status.view = ViewId{3, kA, {10, 1}};
    status.installed = true;
    NodeSummary node1{"node1", NodeStatus::kActive, true, false, false, false, std::nullopt, {}};
    NodeSummary node2{"node2", NodeStatus::kActive, true, false, false, false, 250ms, {}};
    node2.links.push_back({.name = "eth0",
                           .up = true,
                           .heard_ago = 250ms,
                           .newest_ago = 120ms,
                           .round_trip = 410us,
                           .judged = 100,
                           .lost = 3,
                           .lost_there = 7,
                           .flaps = 0});
    node2.links.push_back({"eth1", false, ipc::LinkFault::kOneWayOut,
                           "node2 does not hear us on eth1: is udp/694 open in its firewall?",
                           10s});
    node2.links.back().flaps = 4;
    status.nodes = {node1, node2};
    status.pings = {{"10.0.0.254", PingState::kPing, false, 40ms, 360us, 100, 2, ""},
                    {"far-router", PingState::kDead, true, 70s, std::nullopt, 100, 100,
                     "its name is not resolved"}};
    status.groups = {
        {"10.0.0.5",
         kA,
         kA,
         GroupState::kRunning,
         "table of node1: preferred node",
         3min,
         {{kA, GroupState::kRunning}, {kB, GroupState::kStopped}}},
        {"10.0.0.6",
         kB,
         kB,
         GroupState::kStopped,
         "node2 may not start it: address held by 52:54:00:00:00:01",
         std::nullopt,
         {{kA, GroupState::kStopped}, {kB, GroupState::kStopped}}},
    };
    return status;
}

}  // namespace hb::control
