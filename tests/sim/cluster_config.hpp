// What a simulated cluster is made of: everything that a seed chooses before its first event.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/base/ids.hpp"
#include "common/base/ip_address.hpp"
#include "common/base/probe_window.hpp"
#include "common/base/time.hpp"
#include "daemons/hb-membership/membership_core.hpp"
#include "daemons/hb-resource/ownership_core.hpp"
#include "tests/sim/prng.hpp"
#include "tests/sim/service_net.hpp"
#include "tests/sim/sim_network.hpp"

namespace hb::sim {

struct GroupSpec {
    GroupName name;
    NodeId preferred{};
    bool has_address = true;    // then resource 0 is the address
    std::size_t resources = 1;  // the others are services: they live in no network
    IpAddress address;
};

struct AgentTimes {
    Delay start{1ms, 20ms, 0ns, 0};
    Delay stop{1ms, 20ms, 0ns, 0};
    Delay status{500us, 5ms, 0ns, 0};
    Duration timeout{2s};
    Duration stop_retry{100ms};
    unsigned stop_retries = 2;
    Duration monitor{300ms};
    unsigned restarts = 2;
    Duration restart_window{20s};
};

// What is dropped at the level of the simulator, where the rule is carried out by the world around
// the cores (each is a row of docs/protocol.md section 12).
struct WorldRulesDropped {
    bool v1_newer = false;        // hb-comm passes on frames older than the newest
    bool claim_outlives = false;  // hb-comm drops its claims when hb-resource dies
    bool agents_gone = false;     // hb-master leaves the unfinished calls of a dead hb-resource
};

// What a reload of one node changes.
struct Timings {
    Duration keepalive{};
    Duration warntime{};
    Duration deadtime{};
    // What haresources of this node does not have: groups, and (by the names of removed parts) the
    // last resource of groups.
    std::set<GroupName> without;
};

struct ClusterConfig {
    std::size_t nodes = 2;
    std::size_t links = 2;
    bool link_on_service = false;       // the last link runs over the service network's cable
    std::optional<unsigned> slow_baud;  // the last link is a serial line of this rate
    std::vector<GroupSpec> groups;
    Duration keepalive{250ms};
    Duration warntime{500ms};
    Duration deadtime{1s};
    Duration initdead{2s};
    // Reloads change deadtime on single nodes, to anything from this up to `deadtime`, and
    // keepalive and warntime with it.
    std::optional<Duration> shortest_deadtime;
    bool auto_failback = true;
    bool quorum = false;
    bool ping_nodes = false;
    std::size_t ping_hosts = 1;        // with ping_nodes: so many of them
    bool far_host = false;             // the last one is behind another interface than the groups
    std::optional<Duration> deadping;  // deadtime
    bool fencing = false;
    std::optional<Duration> watchdog;     // of every node; its timeout
    bool watchdog_evidence = true;        // it is declared as evidence (G5)
    Duration handover{};                  // T of L4
    Delay channel{20us, 200us, 3ms, 20};  // one message between two processes of one node
    Delay respawn{2ms, 30ms, 0ns, 0};
    Delay fence{50ms, 400ms, 0ns, 0};  // one call of an agent
    unsigned fence_fails_per_mille = 0;
    LinkQuality link;
    ServiceQuality service;
    AgentTimes agents;
    bool clocks_differ = true;
    // No fault of this run delays what nodes say to each other: ReachChecker knows when who knew.
    bool heartbeats_fine = false;
    bool codecs = false;  // topics travel as the bytes of proto/, not as values
    membership::TestOnlyRulesDropped drop_membership;
    resource::TestOnlyRulesDropped drop_resource;
    WorldRulesDropped drop_world;

    [[nodiscard]] Timings timings() const { return {keepalive, warntime, deadtime, {}}; }
    // What a holder may count on at least, whatever was reloaded.
    [[nodiscard]] Duration least_deadtime() const { return shortest_deadtime.value_or(deadtime); }
    [[nodiscard]] std::string node_name(NodeId n) const {
        return std::string(1, static_cast<char>('a' + rank(n)));
    }
    // Those that are reached over the interface of the groups.
    [[nodiscard]] std::size_t near_hosts() const { return ping_hosts - (far_host ? 1 : 0); }
    [[nodiscard]] Duration window() const { return probe_window(deadtime); }
    // The longest stop of a whole group when no agent hangs or fails.
    [[nodiscard]] Duration longest_stop() const {
        std::size_t most = 1;
        for (const GroupSpec& g : groups)
            most = std::max(most, g.resources);
        return agents.stop.longest() * static_cast<int>(most);
    }
    [[nodiscard]] Duration longest_start() const {
        std::size_t most = 1;
        for (const GroupSpec& g : groups)
            most = std::max(most, g.resources);
        return agents.start.longest() * static_cast<int>(most);
    }
    [[nodiscard]] std::size_t group_index(const GroupName& name) const {
        for (std::size_t g = 0; g < groups.size(); g++)
            if (groups[g].name == name) return g;
        HB_UNREACHABLE();
        return 0;
    }
};

}  // namespace hb::sim
