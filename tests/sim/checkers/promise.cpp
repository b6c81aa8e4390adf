#include "tests/sim/checkers/promise.hpp"

#include <algorithm>

#include "tests/sim/cluster.hpp"
#include "tests/sim/membership_daemon.hpp"
#include "tests/sim/resource_daemon.hpp"

namespace hb::sim {

bool promised(const PromiseFacts& f) {
    if (f.holder_off) return false;
    if (f.fencing || f.same_view || f.remembered || f.heartbeat_heard) return true;
    if (f.either_stood_still) return false;
    const bool answers =
        f.has_address && f.service_whole && (f.holder_kernel_speaks || f.holder_claim_speaks);
    if (answers) return true;
    if (f.may_keep) return false;
    // It notices by itself that it must let go (L2, L3), before others may start.
    const bool lets_go = f.holder_can_let_go && f.stops_in_time;
    return lets_go && (f.quorum || (f.ping_nodes && f.has_address && !f.holder_in_touch));
}

namespace {

// A machine that stood still may have lost what it holds; it has one loop, one keepalive and one
// stop to notice.
bool stood_still(Cluster& cluster, Node& node) {
    if (node.freeze_state() != Freeze::kNone) return true;
    const ClusterConfig& config = cluster.config();
    const Duration bound = config.deadtime + config.longest_start() + config.longest_stop();
    return cluster.world().now() - node.thawed_at() < bound;
}

// What repaired itself since is not tried again by itself.
bool stop_failed(Node& node, const GroupName& group) {
    return node.resource() != nullptr && node.resource()->state(group) == GroupState::kFailed;
}

// Of so many frames some reached its hb-resource, whoever was killed meanwhile; not counted are
// those that may be on their way, and those that may be a deadtime old by the starter's clock.
bool hears_heartbeat(Cluster& cluster, Node& starter, NodeId holder) {
    const ClusterConfig& config = cluster.config();
    const WorldTime now = cluster.world().now();
    return std::ranges::count_if(starter.old_heartbeats_of(holder), [&](WorldTime when) {
               return when > now - config.deadtime * 9 / 10 &&
                      when < now - config.channel.longest() * 4;
           }) >= 2;
}

}  // namespace

PromiseFacts promise_facts(Cluster& cluster, NodeId starter, NodeId holder, std::size_t group) {
    const ClusterConfig& config = cluster.config();
    Node& i = cluster.node(starter);
    Node& j = cluster.node(holder);
    const WorldTime now = cluster.world().now();
    const Duration window = config.window() * 3 / 2;
    const Duration d = config.deadtime;
    const auto since = [&](WorldTime when, Duration length) { return now - when >= length; };

    PromiseFacts f;
    f.in_maintenance = j.in_maintenance(config.groups.at(group).name);
    f.fencing =
        config.fencing || (config.watchdog && config.watchdog_evidence && !f.in_maintenance);
    f.quorum = config.quorum;
    f.ping_nodes = config.ping_nodes;
    f.has_address = config.groups.at(group).has_address;
    const Duration least = config.least_deadtime();
    const Duration budget = least / 4 - least / 50 + config.handover;
    const AgentFaults& faults = j.kernel().faults(group);
    f.stops_in_time =
        config.longest_start() + config.longest_stop() + config.channel.longest() * 4 <= budget &&
        !faults.stop_fails && !faults.hangs && !stop_failed(j, config.groups.at(group).name) &&
        since(j.kernel().last_bad_call(group), config.agents.stop_retry + d);
    if (i.membership() != nullptr && j.membership() != nullptr) {
        const auto& mine = i.membership()->accepted();
        f.same_view = mine && mine == j.membership()->accepted() && i.resource() != nullptr &&
                      i.resource()->seen().view && i.resource()->seen().view->id == mine->id;
    }
    f.holder_off = !j.powered();
    f.either_stood_still = stood_still(cluster, i) || stood_still(cluster, j);
    f.holder_kernel_speaks = j.kernel().address_up(group) && j.kernel_answers() &&
                             since(j.kernel().address_changed(group), window);
    f.holder_claim_speaks = j.works(Kind::kComm) && since(j.works_since(Kind::kComm), window) &&
                            (j.works(Kind::kResource) || j.kernel().start_under_way(group));
    f.holder_can_let_go = j.works(Kind::kResource) &&
                          since(j.works_since(Kind::kResource), d * 5 / 4) &&
                          since(j.works_since(Kind::kComm), d / 2);
    for (std::size_t r = 0; r < cluster.size(); r++)
        if (node_id(r) != starter && node_id(r) != holder && cluster.node(r).alive(Kind::kComm))
            f.holder_in_touch = true;
    f.heartbeat_heard = hears_heartbeat(cluster, i, holder);
    const ServiceNet& service = cluster.service();
    f.service_whole = service.connected(starter) && service.connected(holder) &&
                      since(service.whole_since(starter), d + window) &&
                      since(service.whole_since(holder), d + window);
    return f;
}

}  // namespace hb::sim
