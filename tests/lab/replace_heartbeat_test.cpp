// A running pair of Heartbeat 3.0.6 is replaced by ha-suite, a node after the other, with the same
// three files: as docs/coming-from-heartbeat.md tells it.
#include <fmt/format.h>

#include <cstdio>
#include <limits>
#include <sstream>

#include "tests/lab/cluster_test.hpp"
#include "tests/lab/heartbeat_3.hpp"

namespace hb::lab {
namespace {

constexpr const char* kVip = Cluster::kVip;
constexpr Duration kDeadtime = 2s;
// Not the bare address: the IPaddr of today's resource-agents, which Heartbeat calls for one, does
// not understand today's ifconfig.
const std::string kAddress = std::string("IPaddr2::") + kVip + "/24/eth0";

constexpr const char* kHaCf = R"(logfile /var/log/ha-log
keepalive 250ms
warntime 1
deadtime 2
initdead 6
udpport 694
bcast eth1
auto_failback on
ping 10.77.0.254
respawn hacluster /usr/libexec/heartbeat/ipfail
node node1
node node2
)";

// A service without an address: nobody can be asked who has it. It writes down when it begins to
// run and when it has stopped, in hundredths of a second that all nodes share.
constexpr const char* kScribe = R"sh(#!/bin/sh
now() { cut -d' ' -f1 /proc/uptime; }
case $1 in
    start) [ -e /run/scribe ] || { echo "$(now) start" >>/var/log/scribe; touch /run/scribe; } ;;
    stop) [ ! -e /run/scribe ] || { rm /run/scribe; echo "$(now) stop" >>/var/log/scribe; } ;;
    status) if [ -e /run/scribe ]; then echo running; else echo stopped; exit 3; fi ;;
    *) exit 2 ;;
esac
)sh";

class ReplaceHeartbeat : public ClusterTest {
  protected:
    void SetUp() override {
        if (const std::string why = Heartbeat3::cannot_run(); !why.empty()) GTEST_SKIP() << why;
    }

    // Both nodes run Heartbeat; node1 has everything.
    void run_heartbeat() {
        ClusterConfig config;
        config.ha_cf_text = kHaCf;
        config.groups = {{1, kAddress}, {1, "scribe"}};
        config.haresources_text = fmt::format("node1 {}\nnode1 scribe\n", kAddress);
        prepare_cluster(config);
        old_ = std::make_unique<Heartbeat3>(lab());
        for (unsigned n = 1; n <= 2; ++n) {
            node(n).write_file("/etc/ha.d/resource.d/scribe", kScribe, 0755);
            old_->install(n);
            old_->start(n);
        }
        cluster().wait_owner(1);
        // Each holds its own: of node2's there are none.
        cluster().wait("Heartbeat has come to rest", [&] {
            return old_->resources(1) == "local" && old_->resources(2) == "local" && scribe_runs(1);
        });
    }
    // Steps 1 and 2: node2 has nothing, runs ha-suite, and waits.
    void replace_on_node2() {
        old_->stop(2);
        old_->remove(2);
        const CommandResult check = cluster().hactl(2, {"check"});
        EXPECT_EQ(check.exit_code, 0) << check.out << check.err;
        cluster().start(2);
        cluster().wait_log(2,
                           "node1 still runs Heartbeat (its frames come from 10.77.1.1 on eth1)");
        cluster().wait_log(2, "Local status now set to: 'active'");
        cluster().wait("node2 says why it has not started anything", [&] {
            return cluster().hactl(2, {"status"}).out.find("node1 still runs Heartbeat") !=
                   std::string::npos;
        });
    }
    void replace_on_node1() {
        old_->remove(1);
        cluster().start(1);
        cluster().wait_settled();
    }

    [[nodiscard]] bool only_node1_has_all() {
        return node(1).holds(kVip) && !node(2).holds(kVip) && !scribe_runs(2);
    }
    [[nodiscard]] bool scribe_runs(unsigned n) {
        return node(n).run({"test", "-e", "/run/scribe"}).exit_code == 0;
    }
    // Never did it run on both.
    void expect_one_scribe() {
        struct Span {
            unsigned node;
            double from, until;
        };
        std::vector<Span> spans;
        for (unsigned n = 1; n <= 2; ++n) {
            std::istringstream in(node(n).run({"cat", "/var/log/scribe"}).out);
            double when = 0;
            for (std::string what; in >> when >> what;) {
                if (what == "start") spans.push_back({n, when, std::numeric_limits<double>::max()});
                if (what == "stop" && !spans.empty()) spans.back().until = when;
            }
        }
        EXPECT_GE(spans.size(), 2U);
        for (const Span& a : spans)
            for (const Span& b : spans)
                EXPECT_FALSE(a.node < b.node && a.from < b.until && b.from < a.until)
                    << "node1 had the scribe from " << a.from << " to " << a.until
                    << " s, node2 from " << b.from << " to " << b.until << " s";
    }
    static void told(const char* what, const ProbeReport& report) {
        std::printf("%s: outage %.0f ms (%zu of %zu requests lost)\n", what, to_ms(report.outage),
                    report.lost(), report.sent);
    }

    void TearDown() override {
        ClusterTest::TearDown();
        old_.reset();
    }

    std::unique_ptr<Heartbeat3> old_;
};

TEST_F(ReplaceHeartbeat, node_by_node_with_one_outage) {
    run_heartbeat();
    Probe client(lab().client(), kVip);
    replace_on_node2();
    EXPECT_TRUE(stays([&] { return only_node1_has_all(); }, 4 * kDeadtime));
    EXPECT_TRUE(scribe_runs(1));
    const std::string net = cluster().hactl(2, {"net"}).out;
    EXPECT_NE(net.find("from 10.77.1.1: node1 still runs Heartbeat"), std::string::npos) << net;
    told("node2 replaced", client.report());
    EXPECT_EQ(client.report().lost(), 0U) << "nothing of this concerns the client";

    client.restart();
    const Duration stopping = old_->stop(1);
    cluster().wait_owner(2);
    cluster().wait("node2 runs the scribe", [&] { return scribe_runs(2); });
    cluster().wait("the client is served",
                   [&] { return client.answered_since(LabClock::now() - 50ms); });
    const ProbeReport outage = client.report();
    std::printf("Heartbeat took %.0f ms to stop\n", to_ms(stopping));
    told("from Heartbeat on node1 to ha-suite on node2", outage);
    EXPECT_LE(outage.outage, kDeadtime + 2s + stopping);
    cluster().wait_log(2, "Heartbeat on node1 has released everything, and ends");

    client.restart();
    replace_on_node1();  // auto_failback: back to node1
    EXPECT_TRUE(stays([&] { return only_node1_has_all(); }));
    cluster().wait("node1 runs the scribe", [&] { return scribe_runs(1); });
    told("node1 replaced, failback", client.report());
    EXPECT_LT(client.report().outage, kDeadtime / 2 + client.report().longest_pause);
    expect_one_scribe();
}

TEST_F(ReplaceHeartbeat, without_an_outage_in_maintenance) {
    run_heartbeat();
    Probe client(lab().client(), kVip);
    replace_on_node2();
    const CommandResult on = cluster().hactl(2, {"maintenance", "on"});
    EXPECT_EQ(on.exit_code, 0) << on.out << on.err;
    old_->kill(1);  // what it started goes on
    EXPECT_TRUE(stays([&] { return only_node1_has_all() && scribe_runs(1); }, 3 * kDeadtime));
    old_->remove(1);
    cluster().start(1);
    cluster().wait_all_active();
    EXPECT_TRUE(stays([&] { return only_node1_has_all() && scribe_runs(1); }));
    const CommandResult off = cluster().hactl(2, {"maintenance", "off"});
    EXPECT_EQ(off.exit_code, 0) << off.out << off.err;
    cluster().wait_settled();
    EXPECT_TRUE(stays([&] { return only_node1_has_all() && scribe_runs(1); }));
    told("in maintenance", client.report());
    EXPECT_EQ(client.report().lost(), 0U);
}

// The packages forbid it; a hand may do it all the same.
TEST_F(ReplaceHeartbeat, beside_it_on_one_host_is_said) {
    run_heartbeat();
    const std::size_t addresses = lab().addresses().mark();
    cluster().start(1);
    cluster().wait_log(1, "Heartbeat runs as node1, this node (its frames come from 10.77.1.1");
    cluster().wait_log(1, "node2 still runs Heartbeat");
    cluster().wait("what runs there is known as its own", [&] {
        const auto group = cluster().group(1, "scribe");
        return group.is_object() && group.at("state") == "running";
    });
    EXPECT_TRUE(only_node1_has_all() && scribe_runs(1));
    EXPECT_TRUE(lab().addresses().events_of(kVip, addresses).empty());
}

TEST_F(ReplaceHeartbeat, half_way_the_pair_is_still_one) {
    run_heartbeat();
    replace_on_node2();
    Probe client(lab().client(), kVip);
    node(1).power_off();
    cluster().wait_owner(2);
    cluster().wait("the client is served",
                   [&] { return client.answered_since(LabClock::now() - 50ms); });
    told("power-off of the node that runs Heartbeat", client.report());
    EXPECT_LE(client.report().outage, kDeadtime + 2s);
    cluster().wait_log(2, "Heartbeat on node1 is not heard any more");
}

}  // namespace
}  // namespace hb::lab
