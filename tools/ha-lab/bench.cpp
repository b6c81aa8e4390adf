#include "tools/ha-lab/bench.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "tests/lab/arp_watch.hpp"
#include "tests/lab/cluster.hpp"
#include "tests/lab/probe.hpp"
#include "tools/ha-lab/bench_table.hpp"

namespace hb::lab {
namespace {

constexpr const char* kVip = Cluster::kVip;

class Bench {
  public:
    explicit Bench(BenchTable& table) : table_(table) {}

    void run() {
        planned_moves();
        power_off("power-off, deadtime 1 s", 2, "250ms", "1s", 1020);
        power_off("power-off, deadtime 100 ms", 2, "25ms", "100ms", 120);
        // A view of the two that are left (docs/protocol.md, 13), that is frames, not time. With a
        // majority to lose, deadtime has to be five keepalives.
        power_off("power-off, deadtime 1 s, 3 nodes", 3, "200ms", "1s", 1020);
        for (const char* daemon : {"hb-comm", "hb-membership", "hb-resource", "hb-ipfail"})
            kill_daemon(daemon);
        carrier_lost();
        public_cable("public cable pulled, carrier lost", Carrier::kLost, 30);
        public_cable("public cable pulled, carrier kept", Carrier::kKept, 1030);
        split_healed();
        many_scripts();
    }

  private:
    // The client's outage while `act` happens, until the address is where it goes and answers.
    static void measure(Cluster& cluster, Measurement& row, unsigned new_owner,
                        const std::function<void()>& act) {
        Probe probe(cluster.lab().client(), kVip);
        act();
        cluster.wait_owner(new_owner);
        const LabTime moved = LabClock::now();
        cluster.wait("the client is answered again", [&] { return probe.answered_since(moved); });
        row.take(probe.report());
    }

    static void ask(Cluster& cluster, const std::string& wish) {
        const CommandResult result = cluster.hactl(1, {wish});
        if (result.exit_code != 0) throw LabError(wish + ": " + result.err + result.out);
    }

    void planned_moves() {
        Measurement stop{"orderly stop of the owner", 10, {}, 0, {}};
        Measurement failback{"automatic failback", 10, {}, 0, {}};
        Measurement standby{"hactl standby", 10, {}, 0, {}};
        Measurement takeover{"hactl takeover", 10, {}, 0, {}};
        if (table_.wanted(stop.name) || table_.wanted(failback.name)) {
            Lab lab;
            Cluster cluster(lab);
            cluster.start_all();
            cluster.wait_settled();
            table_.repeat({&stop, &failback}, [&] {
                measure(cluster, stop, 2, [&] { cluster.stop(1); });
                measure(cluster, failback, 1, [&] { cluster.start(1); });
                cluster.wait_settled();
            });
        }
        if (table_.wanted(standby.name) || table_.wanted(takeover.name)) {
            Lab lab;
            Cluster cluster(lab);
            cluster.start_all();
            cluster.wait_settled();
            table_.repeat({&standby, &takeover}, [&] {
                measure(cluster, standby, 2, [&] { ask(cluster, "standby"); });
                measure(cluster, takeover, 1, [&] { ask(cluster, "takeover"); });
            });
        }
        table_.keep(std::move(stop));
        table_.keep(std::move(standby));
        table_.keep(std::move(takeover));
        table_.keep(std::move(failback));
    }

    void power_off(const std::string& name, unsigned nodes, const std::string& keepalive,
                   const std::string& deadtime, double promise_ms) {
        Measurement row{name, promise_ms, {}, 0, {}};
        if (!table_.wanted(name)) return;
        ClusterConfig config;
        config.nodes = nodes;
        config.keepalive = keepalive;
        config.deadtime = deadtime;
        Lab lab({.nodes = nodes});
        Cluster cluster(lab, config);
        cluster.start_all();
        cluster.wait_settled();
        table_.repeat({&row}, [&] {
            measure(cluster, row, 2, [&] { cluster.node(1).power_off(); });
            cluster.node(1).boot();
            cluster.start(1);
            cluster.wait_settled();
        });
        table_.keep(std::move(row));
    }

    void kill_daemon(const std::string& daemon) {
        Measurement row{"SIGKILL of " + daemon, 20, {}, 0, {}};
        if (!table_.wanted(row.name)) return;
        ClusterConfig config;
        config.more = {"respawn hacluster /usr/lib/heartbeat/ipfail"};
        Lab lab;
        Cluster cluster(lab, config);
        cluster.start_all();
        cluster.wait_settled();
        table_.repeat({&row}, [&] {
            const std::optional<pid_t> before = cluster.node(1).pid_of(daemon);
            if (!before) throw LabError(daemon + " does not run");
            Probe probe(lab.client(), kVip);
            cluster.node(1).kill(daemon);
            cluster.wait(daemon + " is back", [&] {
                const std::optional<pid_t> now = cluster.node(1).pid_of(daemon);
                return now && now != before;
            });
            cluster.wait_settled();
            row.take(probe.report());
        });
        table_.keep(std::move(row));
    }

    // Not an outage: from the loss of the carrier to the line in the log of that node.
    void carrier_lost() {
        Measurement row{"public cable without carrier, reported", 20, {}, 0, {}};
        if (!table_.wanted(row.name)) return;
        ClusterConfig config;
        config.media = {"bcast eth0 eth1"};
        Lab lab;
        Cluster cluster(lab, config);
        cluster.start_all();
        cluster.wait_settled();
        table_.repeat({&row}, [&] {
            const std::size_t events = lab.addresses().mark();
            const std::size_t mark = lab.log().mark();
            cluster.node(1).pull(Cable::kService, Carrier::kLost);
            const LogLine reported = cluster.wait_log(1, "eth0 dead", mark);
            for (const AddressEvent& e : lab.addresses().events(events))
                if (e.what == AddressEvent::What::kCarrierLost && e.node == 1) {
                    row.values.push_back(to_ms(reported.at - e.at));
                    break;
                }
            const std::size_t plugged = lab.log().mark();
            cluster.node(1).plug(Cable::kService);
            cluster.wait_log(1, "eth0 up", plugged);
            cluster.wait_settled();
        });
        table_.keep(std::move(row));
    }

    // With hb-ipfail and a ping node, deadping 1 s. A cluster of its own for each run: one that has
    // just moved for such a reason holds the next move back.
    void public_cable(const std::string& name, Carrier carrier, double promise_ms) {
        Measurement row{name, promise_ms, {}, 0, {}};
        if (!table_.wanted(row.name)) return;
        ClusterConfig config;
        config.keepalive = "200ms";
        config.more = {std::string("ping ") + Lab::kRouterAddress,
                       "respawn hacluster /usr/lib/heartbeat/ipfail"};
        table_.repeat({&row}, [&] {
            Lab lab;
            Cluster cluster(lab, config);
            cluster.start_all();
            cluster.wait_settled();
            for (unsigned n = 1; n <= 2; ++n)
                cluster.wait_log(n, "Ping node count is balanced.");
            measure(cluster, row, 2, [&] { cluster.node(1).pull(Cable::kService, carrier); });
        });
        table_.keep(std::move(row));
    }

    // Not an outage: from the healing of all networks, both nodes having the address, until one has
    // it alone and has announced that. By docs/protocol.md, 13: at most a keepalive until a frame
    // comes through, then heard, propose, accept, the table, and a stop: a few frames, for which
    // there is a keepalive more.
    void split_healed() {
        Measurement row{"split of all networks healed: one owner", 520, {}, 0, {}};
        if (!table_.wanted(row.name)) return;
        Lab lab;
        Cluster cluster(lab);
        cluster.start_all();
        cluster.wait_settled();
        table_.repeat({&row}, [&] {
            lab.split({1}, {2});
            cluster.wait("both have the address", [&] {
                return lab.addresses().holders(kVip) == std::set<unsigned>{1, 2};
            });
            ArpWatch arp(lab.client(), {kVip});
            const LabTime asked_to_heal = LabClock::now();  // a few ms before it is done
            lab.heal();
            cluster.wait_owner(1);
            const LabTime alone = lab.addresses().events_of(kVip).back().at;
            std::optional<LabTime> announced;
            cluster.wait("node1 announces the address", [&] {
                announced = announced_by(arp, cluster.node(1), asked_to_heal);
                return announced.has_value();
            });
            row.values.push_back(to_ms(std::max(alone, *announced) - asked_to_heal));
            cluster.wait_settled();
        });
        table_.keep(std::move(row));
    }

    // Not an outage: from the wish until the last of 200 groups runs on the other node. Each group
    // is a script that takes 200 ms for its stop and 200 ms for its start; 32 begin at once.
    // Heartbeats of 10 ms go on all the time: one that is late ends the series.
    void many_scripts() {
        Measurement row{"200 groups with scripts of 200 ms move", 10000, {}, 0, {}};
        if (!table_.wanted(row.name)) return;
        constexpr unsigned kGroups = 200;
        constexpr const char* kSlow =
            "#!/bin/sh\n"
            "case $2 in\n"
            "start) sleep 0.2; : > /run/slow.$1; echo it runs;;\n"
            "stop) sleep 0.2; rm -f /run/slow.$1;;\n"
            "status) [ -e /run/slow.$1 ] && echo running || echo stopped;;\n"
            "esac\n";
        ClusterConfig config;
        config.keepalive = "10ms";
        config.deadtime = "100ms";
        for (unsigned i = 0; i < kGroups; ++i)
            config.groups.push_back({.preferred = 1, .resources = fmt::format("slow::{}", i)});
        Lab lab;
        Cluster cluster(lab, config);
        for (unsigned n : {1U, 2U})
            cluster.node(n).write_file("/etc/ha.d/resource.d/slow", kSlow, 0755);
        const auto wait_started = [&](unsigned n, std::size_t mark) {
            cluster.wait(
                fmt::format("all scripts run on node{}", n),
                [&] {
                    return lab.log().count(fmt::format("node{}", n), ": it runs", mark) >= kGroups;
                },
                60s);
        };
        cluster.start_all();
        wait_started(1, 0);
        cluster.wait_settled();
        unsigned owner = 1;
        table_.repeat({&row}, [&] {
            const std::size_t mark = lab.log().mark();
            const LabTime asked = LabClock::now();
            const std::string wish = owner == 1 ? "standby" : "takeover";
            const CommandResult result = cluster.hactl(1, {wish, "--no-wait"});
            if (result.exit_code != 0) throw LabError(wish + ": " + result.err + result.out);
            owner = 3 - owner;
            wait_started(owner, mark);
            row.values.push_back(to_ms(LabClock::now() - asked));
            cluster.wait_owner(owner);
            if (lab.log().count("node", "Late heartbeat", mark) > 0)
                throw LabError("a heartbeat was late");
        });
        table_.keep(std::move(row));
    }

    // The first announcement of the address by the node since then.
    static std::optional<LabTime> announced_by(const ArpWatch& arp, const Node& node,
                                               LabTime since) {
        for (const Announcement& each : arp.announcements())
            if (each.at >= since && each.mac == node.mac(Cable::kService)) return each.at;
        return std::nullopt;
    }

    BenchTable& table_;
};

}  // namespace

int run_bench(const BenchOptions& options) {
    BenchTable table(options);
    Bench(table).run();
    measure_many_addresses(table);
    if (table.empty()) throw LabError("no measurement has such a name");
    table.print();
    table.write_json();
    return table.all_kept() ? 0 : 1;
}

}  // namespace hb::lab
