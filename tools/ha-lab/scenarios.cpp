#include "tools/ha-lab/scenarios.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tests/lab/arp_watch.hpp"
#include "tests/lab/probe.hpp"

namespace hb::lab {

// Prints what is done and what the nodes say meanwhile, with the time since the last thing done.
class Narrator {
  public:
    Narrator(Lab& lab, Cluster& cluster)
        : lab_(lab), cluster_(cluster), vip_(cluster.addresses().at(0)) {}

    void begin() {
        step(fmt::format("Two hosts, {} on node1. Starting the suite on both.", vip_));
        cluster_.start_all();
        cluster_.wait_settled();
        tell_log();
        arp_ = std::make_unique<ArpWatch>(lab_.client(), cluster_.addresses());
        probe_ = std::make_unique<Probe>(lab_.client(), vip_);
        show_status(1);
        step("A client asks the address every millisecond from now on.");
    }

    // Something is done: the log from here on belongs to it.
    void step(const std::string& what) {
        tell_log();
        fmt::print("\n>>> {}\n", what);
        at_ = LabClock::now();
        mark_ = lab_.log().mark();
        if (probe_) probe_->restart();
        std::fflush(stdout);
    }

    void wait_owner(unsigned node) {
        cluster_.wait_owner(node, vip_);
        const LabTime moved = LabClock::now();
        cluster_.wait("the client is answered again",
                      [&] { return probe_->answered_since(moved); });
    }

    void show_outage() {
        tell_log();
        const ProbeReport report = probe_->report();
        fmt::print("    the client: {} of {} requests answered, longest outage {:.1f} ms\n",
                   report.answered, report.sent, to_ms(report.outage));
    }

    void show_status(unsigned node) {
        tell_log();
        const CommandResult result = cluster_.hactl(node, {"status"});
        fmt::print("\n    node{}# hactl status\n", node);
        std::size_t at = 0;
        while (at < result.out.size()) {
            const std::size_t end = std::min(result.out.find('\n', at), result.out.size());
            fmt::print("    {}\n", result.out.substr(at, end - at));
            at = end + 1;
        }
    }

    // Watches for a while in which nothing should happen.
    void watch(Duration how_long) {
        lab_.wakeup().wait(how_long, [] { return false; });
        tell_log();
    }

    int end() {
        tell_log();
        const std::size_t doubles = arp_->double_owners().size();
        fmt::print("\n>>> {}\n", doubles == 0
                                     ? "At no time did two hosts answer for the address."
                                     : fmt::format("TWO HOSTS ANSWERED {} TIMES", doubles));
        return doubles == 0 ? 0 : 1;
    }

    Lab& lab() { return lab_; }
    Cluster& cluster() { return cluster_; }
    Node& node(unsigned n) { return lab_.node(n); }

  private:
    void tell_log() {
        std::vector<LogLine> lines = lab_.log().lines(mark_);
        std::stable_sort(lines.begin(), lines.end(),
                         [](const LogLine& a, const LogLine& b) { return a.at < b.at; });
        for (const LogLine& line : lines)
            fmt::print("    {:+9.1f} ms  {}  {}\n", to_ms(line.at - at_),
                       line.source.substr(0, line.source.find(' ')), line.text);
        mark_ = lab_.log().mark();
        std::fflush(stdout);
    }

    Lab& lab_;
    Cluster& cluster_;
    std::string vip_;
    LabTime at_ = LabClock::now();
    std::size_t mark_ = 0;
    std::unique_ptr<ArpWatch> arp_;
    std::unique_ptr<Probe> probe_;
};

namespace {

void power_off(Narrator& n) {
    n.step("node1 loses its power: both cables dead, everything killed.");
    n.node(1).power_off();
    n.wait_owner(2);
    n.show_outage();
    n.show_status(2);
    n.step("node1 is switched on again; auto_failback brings the address home.");
    n.node(1).boot();
    n.cluster().start(1);
    n.cluster().wait_settled();
    n.wait_owner(1);
    n.show_outage();
    n.show_status(1);
}

void orderly_stop(Narrator& n) {
    n.step("The suite on node1 is stopped, as `systemctl stop ha-suite` does it.");
    n.cluster().stop(1);
    n.wait_owner(2);
    n.show_outage();
    n.step("It is started again.");
    n.cluster().start(1);
    n.cluster().wait_settled();
    n.show_outage();
    n.show_status(1);
}

void standby(Narrator& n) {
    n.step("node1# hactl standby");
    n.cluster().hactl(1, {"standby"});
    n.wait_owner(2);
    n.show_outage();
    n.show_status(1);
    n.step("node1# hactl takeover");
    n.cluster().hactl(1, {"takeover"});
    n.wait_owner(1);
    n.show_outage();
}

void firewall(Narrator& n) {
    n.step("A firewall on node2 drops udp/694: node2 hears nothing of node1 any more.");
    n.node(2).block_heartbeats(Direction::kIn);
    n.watch(4s);
    n.show_outage();
    n.show_status(2);
    n.step("The firewall is opened again.");
    n.node(2).open_firewall();
    n.cluster().wait_settled();
    n.show_outage();
    n.show_status(2);
}

void kill_daemons(Narrator& n) {
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
        n.show_outage();
    }
}

void freeze(Narrator& n) {
    n.step("Every process on node1 is frozen for three seconds; its kernel goes on answering.");
    n.node(1).freeze();
    n.watch(3s);
    n.show_status(2);
    n.step("They go on.");
    n.node(1).thaw();
    n.cluster().wait_settled();
    n.show_outage();
    n.show_status(1);
}

void wait_for_opinions(Narrator& n) {
    for (unsigned node = 1; node <= 2; ++node)
        n.cluster().wait_log(node, "Ping node count is balanced.");
}

void public_cable(Narrator& n) {
    wait_for_opinions(n);
    n.step("The public cable of node1 is pulled; its interface loses the carrier.");
    n.node(1).pull(Cable::kService, Carrier::kLost);
    n.wait_owner(2);
    n.show_outage();
    n.show_status(1);
    n.step("It is plugged in again; failback waits until node1 was no worse off for a while.");
    n.node(1).plug(Cable::kService);
    n.wait_owner(1);
    n.show_outage();
}

void ping_dead(Narrator& n) {
    wait_for_opinions(n);
    n.step("Behind the switch of node1 something breaks: its carrier stays, the router is gone.");
    n.node(1).pull(Cable::kService, Carrier::kKept);
    n.wait_owner(2);
    n.show_outage();
    n.show_status(1);
    n.step("It is repaired.");
    n.node(1).plug(Cable::kService);
    n.wait_owner(1);
    n.show_outage();
}

void both_blind(Narrator& n) {
    wait_for_opinions(n);
    n.step("The switch of the public network dies, for both nodes: nothing is gained by moving.");
    for (unsigned node = 1; node <= 2; ++node)
        n.node(node).pull(Cable::kService, Carrier::kKept);
    n.watch(4s);
    n.show_status(1);
    n.step("It works again.");
    for (unsigned node = 1; node <= 2; ++node)
        n.node(node).plug(Cable::kService);
    n.watch(3s);
    n.show_status(1);
}

void all_cables(Narrator& n) {
    wait_for_opinions(n);
    n.step("Every cable of node1 is pulled: it notices, and lets go before node2 takes over.");
    n.node(1).pull(Cable::kHeartbeat, Carrier::kKept);
    n.node(1).pull(Cable::kService, Carrier::kKept);
    n.wait_owner(2);
    n.show_outage();
    n.show_status(2);
    n.show_status(1);
    n.step("They are plugged in again.");
    n.node(1).plug(Cable::kHeartbeat);
    n.node(1).plug(Cable::kService);
    n.cluster().wait_settled();
    n.show_outage();
    n.show_status(1);
}

const std::vector<std::string> kWithIpfail = {"ping 10.77.0.254",
                                              "respawn hacluster /usr/lib/heartbeat/ipfail"};

}  // namespace

const std::vector<Scenario>& scenarios() {
    static const std::vector<Scenario> all = {
        {"power-off", "the owner loses power, and comes back", power_off},
        {"orderly-stop", "the suite on the owner is stopped and started", orderly_stop},
        {"standby", "the owner hands over and takes back, by command", standby},
        {"firewall", "a firewall makes one node deaf: a refusal, not two owners", firewall},
        {"kill", "kill -9 of each daemon of the owner", kill_daemons},
        {"freeze", "the owner stands still, and goes on", freeze},
        {"public-cable", "the owner's public interface loses its carrier: moved at once",
         public_cable, kWithIpfail, "200ms"},
        {"ping-dead", "the owner's way to the router breaks behind its switch", ping_dead,
         kWithIpfail, "200ms"},
        {"both-blind", "nobody reaches the ping node: nothing moves", both_blind, kWithIpfail,
         "200ms"},
        {"all-cables", "the owner is cut off from everything, and lets go first", all_cables,
         kWithIpfail, "200ms"},
    };
    return all;
}

int tell_scenario(const std::string& name, const ClusterConfig& config) {
    const auto found = std::find_if(scenarios().begin(), scenarios().end(),
                                    [&](const Scenario& s) { return s.name == name; });
    if (found == scenarios().end()) throw LabError(name + ": no such scenario");
    ClusterConfig with = config;
    with.more.insert(with.more.end(), found->more.begin(), found->more.end());
    if (!found->keepalive.empty()) with.keepalive = found->keepalive;
    Lab lab({.nodes = with.nodes});
    Cluster cluster(lab, with);
    Narrator narrator(lab, cluster);
    try {
        narrator.begin();
        found->tell(narrator);
        return narrator.end();
    } catch (const WaitError& e) {
        fmt::print("\n>>> {}\n{}", e.what(), cluster.story());
        return 1;
    }
}

}  // namespace hb::lab
