#include "tools/ha-lab/scenarios.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/probe_window.hpp"

namespace hb::lab {
namespace {

// What docs/verification.md promises; the figures of the bench.
constexpr Duration kBeyondDeadtime = 20ms;
constexpr Duration kCarrierLost = 30ms;
constexpr Duration kBeyondDeadping = 30ms;

// G8: who answered for the address a moment ago is waited for as long as for a heartbeat, from the
// last answer on; then the gate is asked again within a window of the probe.
Duration after_last_answer(const config::Settings& settings) {
    return settings.deadtime + probe_window(settings.deadtime) + kBeyondDeadtime;
}

// ---- in order

void orderly_stop(Narrator& n) {
    n.begin();
    n.step("The suite on node1 is stopped, as `systemctl stop ha-suite` does it.");
    n.cluster().stop(1);
    n.wait_owner(2);
    n.says(1, "Heartbeat shutdown in progress.");
    n.says(1, "Giving up all HA resources: node1 is leaving the cluster.");
    n.says(1, "All HA resources relinquished.");
    n.says(2, "moved because it is on standby or being stopped");
    n.says(1, "Heartbeat shutdown complete.");
    n.outage_at_most(kPlanned);
    n.step("It is started again.");
    n.cluster().start(1);
    n.cluster().wait_settled();
    n.wait_owner(1);
    n.says(2, "Heartbeat restart on node node1");
    n.says(2, "node1 owns it: failback to its preferred node");
    n.says(1, "failback to its preferred node");
    n.outage_at_most(kPlanned);
    n.show_status(1);
}

void standby(Narrator& n) {
    n.begin();
    n.step("node1# hactl standby");
    n.cluster().hactl(1, {"standby"});
    n.wait_owner(2);
    n.says(1, "node1 wants to go standby [all]");
    n.outage_at_most(kPlanned);
    n.show_status(1);
    n.step("node1# hactl takeover");
    n.cluster().hactl(1, {"takeover"});
    n.wait_owner(1);
    n.outage_at_most(kPlanned);
}

// ---- a host

void power_off(Narrator& n) {
    n.begin();
    n.step("node1 loses its power: both cables dead, everything killed.");
    n.node(1).power_off();
    n.wait_owner(2);
    n.says(2, "Link node1:eth1 dead.");
    n.says(2, "node node1: is dead");
    n.says(2, "Resources being acquired from node1.");
    n.outage_at_most(n.settings().deadtime + kBeyondDeadtime);
    n.show_status(2);
    n.step("node1 is switched on again; auto_failback brings the address home.");
    n.node(1).boot();
    n.cluster().start(1);
    n.cluster().wait_settled();
    n.wait_owner(1);
    n.says(2, "Heartbeat restart on node node1");
    n.says(1, "failback to its preferred node");
    n.outage_at_most(kPlanned);
    n.show_status(1);
}

void kill_daemons(Narrator& n) {
    n.begin();
    for (const char* daemon : {"hb-comm", "hb-membership", "hb-resource", "hb-ipfail"}) {
        const std::optional<pid_t> before = n.node(1).pid_of(daemon);
        if (!before) continue;  // hb-ipfail runs when ha.cf asks for it
        n.step(fmt::format("node1# kill -9 {}", daemon));
        n.node(1).kill(daemon);
        n.cluster().wait(std::string(daemon) + " is back", [&] {
            const std::optional<pid_t> now = n.node(1).pid_of(daemon);
            return now && now != before;
        });
        n.cluster().wait_settled();
        n.says(1, std::string("started ") + daemon);
        n.nothing_moved();
    }
}

void kill_master(Narrator& n) {
    n.begin();
    n.step("node1# kill -9 hb-master: who it leaves behind lets go of everything, and leaves.");
    n.node(1).kill("hb-master");
    n.wait_owner(2);
    n.says(1, "Giving up all HA resources");
    n.says(1, "All HA resources relinquished.");
    n.outage_at_most(kPlanned);
    n.show_status(2);
    n.step("The service manager starts it anew.");
    n.cluster().start(1);
    n.cluster().wait_settled();
    n.wait_owner(1);
    n.outage_at_most(kPlanned);
}

void kill_all(Narrator& n) {
    n.begin();
    n.step("Everything on node1 is killed at one instant; its kernel still has the address.");
    n.node(1).kill_all();
    n.says(2, "node node1: is dead");
    n.says(2, "not taking over");
    n.says(2, "is held by " + n.mac(1));
    n.watch(2 * n.settings().deadtime);
    n.nothing_moved();
    n.show_status(2);
    n.step("The suite is started again on node1: it finds the address, and keeps it.");
    n.cluster().start(1);
    n.cluster().wait_settled();
    n.says(2, "Heartbeat restart on node node1");
    n.nothing_moved();
    n.show_status(1);
}

void kill_all_watchdog(Narrator& n) {
    n.begin();
    n.step("Everything on node1 is killed at one instant: nobody feeds its watchdog any more.");
    n.node(1).kill_all();
    n.says(2, "node node1: is dead");
    n.says(2, "is held by " + n.mac(1));
    n.cluster().wait("the watchdog of node1 runs off", [&] { return n.watchdog_ran_off(1); });
    n.nothing_moved();
    n.step("The watchdog resets node1.");
    n.node(1).power_off();
    n.wait_owner(2);
    n.says(2, "Resources being acquired from node1.");
    n.outage_at_most(after_last_answer(n.settings()));
    n.step("node1 has booted.");
    n.take_watchdog(1);
    n.node(1).boot();
    n.give_watchdog(1);
    n.cluster().start(1);
    n.cluster().wait_settled();
    n.wait_owner(1);
    n.outage_at_most(kPlanned);
    n.show_status(1);
}

void freeze(Narrator& n) {
    n.begin();
    n.step("Every process on node1 is frozen for three deadtimes; its kernel goes on answering.");
    n.node(1).freeze();
    n.watch(3 * n.settings().deadtime);
    n.says(2, "is held by " + n.mac(1));
    n.nothing_moved();
    n.show_status(2);
    n.step("They go on.");
    n.node(1).thaw();
    n.says(1, "hb-comm did not run for");
    n.says(1, "letting go of what may have been taken");
    n.says(2, "Cluster node node1 returning after partition.");
    n.says(1, "acquiring");
    n.cluster().wait_settled();
    n.wait_owner(1);
    // What was let go comes back with the next view: at most a keepalive, and a few frames.
    n.outage_at_most(n.settings().keepalive + kBeyondDeadtime);
    n.show_status(1);
}

// ---- the network

void firewall(Narrator& n) {
    n.begin();
    n.step("A firewall on node2 drops udp/694: node2 hears nothing of node1 any more.");
    n.node(2).block_heartbeats(Direction::kIn);
    n.says(2, "node node1: is dead");
    n.says(2, "is held by " + n.mac(1));
    n.says(1, "node2 does not hear us on eth1: is udp/694 open in node2's firewall?");
    n.watch(2 * n.settings().deadtime);
    n.nothing_moved();
    n.show_status(2);
    n.step("The firewall is opened again.");
    n.node(2).open_firewall();
    n.cluster().wait_settled();
    n.says(2, "Cluster node node1 returning after partition.");
    n.nothing_moved();
    n.show_status(2);
}

void firewall_from_the_start(Narrator& n) {
    for (unsigned node = 1; node <= 2; ++node)
        n.node(node).block_heartbeats(Direction::kIn);
    n.begin({1});
    n.step("Now the suite on node2. Neither hears the other: on both a firewall drops udp/694.");
    n.cluster().start(2);
    n.says(2, "node node1: is dead");
    n.says(2, "Local status now set to: 'active'");
    n.says(2, "not taking over");
    n.says(2, "is held by " + n.mac(1));
    n.watch(2 * n.settings().deadtime);
    n.nothing_moved();
    n.show_status(2);
    n.step("udp/694 is opened on both.");
    for (unsigned node = 1; node <= 2; ++node)
        n.node(node).open_firewall();
    n.cluster().wait_settled();
    n.says(1, "Link node2:eth1 up.");
    n.says(2, "Link node1:eth1 up.");
    n.nothing_moved();
    n.show_status(2);
    n.step("The suite on node1 is stopped: node2 takes the address now, as it should.");
    n.cluster().stop(1);
    n.wait_owner(2);
    n.outage_at_most(kPlanned);
}

void wait_for_opinions(Narrator& n) {
    for (unsigned node = 1; node <= 2; ++node)
        n.cluster().wait_log(node, "Ping node count is balanced.");
}

void public_cable(Narrator& n) {
    n.begin();
    wait_for_opinions(n);
    n.step("The public cable of node1 is pulled; its interface loses the carrier.");
    n.node(1).pull(Cable::kService, Carrier::kLost);
    n.wait_owner(2);
    n.says(1, "eth0 has no carrier: no client reaches what runs here on it");
    n.says(1, "goes to node2: node1 has no carrier for it");
    n.says(2, "acquiring");
    n.outage_at_most(kCarrierLost);
    n.show_status(1);
    n.step("It is plugged in again; failback waits until node1 was no worse off for a while.");
    n.node(1).plug(Cable::kService);
    n.says(1, "eth0 has a carrier again");
    n.says(1, "is no worse connected than node2 any more");
    n.wait_owner(1);
    n.says(1, "goes to node1: failback to its preferred node");
    n.outage_at_most(kPlanned);
}

void ping_dead(Narrator& n) {
    n.begin();
    wait_for_opinions(n);
    n.step("Behind the switch of node1 something breaks: its carrier stays, the router is gone.");
    n.node(1).pull(Cable::kService, Carrier::kKept);
    n.wait_owner(2);
    n.says(1, "Link 10.77.0.254:10.77.0.254 dead.");
    n.says(1, "NS: We are dead. :<");
    n.says(2, "Telling other node that we have more visible ping nodes.");
    n.says(1, "goes to node2: it reaches more ping nodes");
    n.outage_at_most(n.settings().deadping + kBeyondDeadping);
    n.show_status(1);
    n.step("It is repaired.");
    n.node(1).plug(Cable::kService);
    n.says(1, "A ping node just came up.");
    n.wait_owner(1);
    n.outage_at_most(kPlanned);
}

void both_blind(Narrator& n) {
    n.begin();
    wait_for_opinions(n);
    n.step("The switch of the public network dies, for both nodes: nothing is gained by moving.");
    const std::size_t since = n.lab().addresses().mark();
    for (unsigned node = 1; node <= 2; ++node)
        n.node(node).pull(Cable::kService, Carrier::kKept);
    for (unsigned node = 1; node <= 2; ++node)
        n.says(node, "NS: We are dead. :<");
    n.watch(3 * n.settings().deadping);
    n.show_status(1);
    n.step("It works again.");
    for (unsigned node = 1; node <= 2; ++node)
        n.node(node).plug(Cable::kService);
    for (unsigned node = 1; node <= 2; ++node)
        n.says(node, "A ping node just came up.");
    n.step("And all the time the address stayed where it was.");
    n.watch(2 * n.settings().deadtime);
    n.nothing_moved_since(since);
    n.show_status(1);
}

void all_cables(Narrator& n) {
    n.begin();
    wait_for_opinions(n);
    n.step("Every cable of node1 is pulled: it notices, and lets go before node2 takes over.");
    n.node(1).pull(Cable::kHeartbeat, Carrier::kKept);
    n.node(1).pull(Cable::kService, Carrier::kKept);
    n.wait_owner(2);
    n.says(1, "no ping node answers and nobody acknowledges us: letting go of all resources");
    n.says(2, "node node1: is dead");
    n.says(2, "Resources being acquired from node1.");
    n.outage_at_most(n.settings().deadtime + kBeyondDeadtime);
    n.show_status(2);
    n.show_status(1);
    n.step("They are plugged in again.");
    n.node(1).plug(Cable::kHeartbeat);
    n.node(1).plug(Cable::kService);
    n.says(1, "no longer isolated");
    n.cluster().wait_settled();
    n.wait_owner(1);
    n.outage_at_most(kPlanned);
    n.show_status(1);
}

void cables_in_turn(Narrator& n) {
    n.begin();
    wait_for_opinions(n);
    n.step("The heartbeat cable of node1 is pulled. Each calls the other dead, and nothing moves.");
    n.node(1).pull(Cable::kHeartbeat, Carrier::kLost);
    n.says(1, "Link node2:eth1 dead.");
    n.says(2, "Link node1:eth1 dead.");
    n.says(2, "node node1: is dead");
    n.says(2, "is held by " + n.mac(1));
    n.watch(2 * n.settings().deadtime);
    n.nothing_moved();
    n.show_status(2);
    n.step("Then its public cable: node1 is alone, lets go of everything, and node2 takes over.");
    n.node(1).pull(Cable::kService, Carrier::kLost);
    n.wait_owner(2);
    n.says(1, "no ping node answers and nobody acknowledges us: letting go of all resources");
    n.says(2, "Resources being acquired from node1.");
    n.outage_at_most(after_last_answer(n.settings()));
    n.show_status(1);
    n.step("The heartbeat cable is plugged in: they are one cluster again. Nobody restarts.");
    n.node(1).plug(Cable::kHeartbeat);
    n.says(2, "Cluster node node1 returning after partition.");
    n.says(1, "goes to node2: it runs there");
    n.watch(2 * n.settings().deadtime);
    n.nothing_moved();
    n.step("And the public one: node1 is as good as node2 again, and gets its address back.");
    n.node(1).plug(Cable::kService);
    n.says(1, "eth0 has a carrier again");
    n.wait_owner(1);
    n.says(1, "goes to node1: failback to its preferred node");
    n.outage_at_most(kPlanned);
    n.show_status(1);
}

const std::vector<std::string> kWithIpfail = {"ping 10.77.0.254",
                                              "respawn hacluster /usr/lib/heartbeat/ipfail"};
const std::vector<std::string> kWithWatchdog = {std::string("watchdog ") + WatchdogStandIn::kPath};

Narrator::Verdict tell_once(const Scenario& scenario, ClusterConfig config) {
    config.more.insert(config.more.end(), scenario.more.begin(), scenario.more.end());
    if (!scenario.keepalive.empty()) config.keepalive = scenario.keepalive;
    if (scenario.watchdogs) config.master_environment = WatchdogStandIn::environment();
    Lab lab({.nodes = config.nodes});
    Cluster cluster(lab, config);
    Narrator narrator(lab, cluster);
    for (unsigned node = 1; scenario.watchdogs && node <= config.nodes; ++node)
        narrator.give_watchdog(node);
    try {
        scenario.tell(narrator);
        return narrator.end();
    } catch (const WaitError& e) {
        fmt::print("\n>>> {}\n{}", e.what(), cluster.story());
        return Narrator::Verdict::kBroken;
    }
}

}  // namespace

const std::vector<Scenario>& scenarios() {
    static const std::vector<Scenario> all = {
        {"orderly-stop", "the suite on the owner is stopped and started", orderly_stop},
        {"standby", "the owner hands over and takes back, by command", standby},
        {"power-off", "the owner loses power, and comes back", power_off},
        {"public-cable", "the owner's public interface loses its carrier: moved at once",
         public_cable, kWithIpfail, "200ms"},
        {"ping-dead", "the owner's way to the router breaks behind its switch", ping_dead,
         kWithIpfail, "200ms"},
        {"both-blind", "nobody reaches the ping node: nothing moves", both_blind, kWithIpfail,
         "200ms"},
        {"cables-in-turn", "the owner's heartbeat cable, then its public one; back in that order",
         cables_in_turn, kWithIpfail, "200ms"},
        {"all-cables", "the owner is cut off from everything, and lets go first", all_cables,
         kWithIpfail, "200ms"},
        {"firewall", "a firewall makes one node deaf: a refusal, not two owners", firewall},
        {"firewall-start", "both nodes start behind firewalls: a refusal, not two owners",
         firewall_from_the_start},
        {"kill", "kill -9 of each daemon of the owner", kill_daemons},
        {"kill-master", "kill -9 of the owner's hb-master alone", kill_master},
        {"kill-all", "kill -9 of the owner's whole suite: its kernel goes on answering", kill_all},
        {"kill-watchdog", "the same, with a watchdog: the host is reset", kill_all_watchdog,
         kWithWatchdog, "", true},
        {"freeze", "the owner stands still, and goes on", freeze},
        {"rolling-restart", "the suite is restarted on one node after the other", rolling_restart},
        {"rolling-change", "another configuration, on one node after the other", rolling_change},
        {"rolling-reload", "another configuration by reload, on one node after the other",
         rolling_reload},
    };
    return all;
}

int tell_scenario(const std::string& name, const ClusterConfig& config) {
    const auto found = std::find_if(scenarios().begin(), scenarios().end(),
                                    [&](const Scenario& s) { return s.name == name; });
    if (found == scenarios().end()) throw LabError(name + ": no such scenario");
    constexpr int kTries = 3;
    for (int i = 1;; ++i) {
        const Narrator::Verdict verdict = tell_once(*found, config);
        if (verdict == Narrator::Verdict::kKept) return 0;
        if (verdict == Narrator::Verdict::kBroken || i == kTries) return 1;
        fmt::print(
            "\n>>> Too long, and nothing else: the suite, or a busy machine? Once more.\n\n");
    }
}

}  // namespace hb::lab
