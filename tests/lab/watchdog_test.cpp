// The watchdog, with a stand-in for its device: it resets a host whose suite dies or hangs, or that
// cannot stop what it has to; it never resets one that works or that was stopped in order.
#include "tests/lab/cluster_test.hpp"
#include "tests/lab/watchdog_stand_in.hpp"

namespace hb::lab {
namespace {

constexpr const char* kThing = R"sh(#!/bin/sh
case $1 in
    start)  : > /run/thing ;;
    stop)   if [ -e /run/stuck ]; then exit 1; else rm -f /run/thing; fi ;;
    status) if [ -e /run/thing ]; then echo running; else echo stopped; fi ;;
esac
)sh";

class Watchdog : public ClusterTest {
  protected:
    void run_with_watchdogs(ClusterConfig config = {}) {
        prepare_with_watchdogs(std::move(config));
        start_with_watchdogs();
    }
    void prepare_with_watchdogs(ClusterConfig config) {
        config.more.push_back(std::string("watchdog ") + WatchdogStandIn::kPath);
        config.master_environment = WatchdogStandIn::environment();
        const unsigned nodes = config.nodes;
        prepare_cluster(std::move(config));
        for (unsigned n = 1; n <= nodes; ++n) {
            node(n).write_file("/etc/ha.d/resource.d/thing", kThing, 0755);
            // deadtime 1 s: the device is set to 2 s.
            dogs_[n] = std::make_unique<WatchdogStandIn>(lab(), n, 2s);
        }
    }
    void start_with_watchdogs() {
        cluster().start_all();
        cluster().wait_settled();
        for (const auto& [n, dog] : dogs_)
            ASSERT_TRUE(dog->armed());
    }
    void TearDown() override {
        dogs_.clear();  // they write into the lab's log
        ClusterTest::TearDown();
    }
    WatchdogStandIn& dog(unsigned n) { return *dogs_.at(n); }
    void wait_reset(unsigned n) {
        cluster().wait("the watchdog of node" + std::to_string(n) + " runs off",
                       [&] { return dog(n).expired(); });
        node(n).power_off();
    }
    bool has_thing(unsigned n) { return node(n).run({"test", "-e", "/run/thing"}).exit_code == 0; }

  private:
    std::map<unsigned, std::unique_ptr<WatchdogStandIn>> dogs_;
};

TEST_F(Watchdog, kill_of_everything_resets_the_host) {
    run_with_watchdogs();
    node(1).kill_all();
    wait_reset(1);
    cluster().wait_owner(2);
    EXPECT_FALSE(dog(2).expired());
}

TEST_F(Watchdog, kill_of_the_master_alone_resets_the_host) {
    run_with_watchdogs();
    node(1).kill("hb-master");
    wait_reset(1);
    cluster().wait_owner(2);
}

TEST_F(Watchdog, kill_of_a_daemon_does_not) {
    run_with_watchdogs();
    for (int i = 0; i < 5; ++i)
        for (const char* daemon : {"hb-comm", "hb-membership", "hb-resource"}) {
            const std::size_t mark = lab().log().mark();
            ASSERT_EQ(node(1).kill(daemon), 1U);
            cluster().wait_log(1, std::string("started ") + daemon, mark);
        }
    cluster().wait_settled();
    EXPECT_TRUE(stays([&] { return !dog(1).expired(); }));
    EXPECT_EQ(lab().log().find("node1", "the watchdog is fed no more"), std::nullopt);
}

TEST_F(Watchdog, a_daemon_that_hangs_resets_the_host) {
    run_with_watchdogs();
    node(1).signal("hb-resource", SIGSTOP);
    cluster().wait_log(1, "the watchdog is fed no more: hb-resource has not reported for");
    wait_reset(1);
    cluster().wait_owner(2);
}

TEST_F(Watchdog, an_orderly_stop_disarms_it) {
    run_with_watchdogs();
    EXPECT_EQ(cluster().stop(1), 0);
    cluster().wait("the watchdog is disarmed", [&] { return !dog(1).armed(); });
    cluster().wait_owner(2);
    EXPECT_TRUE(stays([&] { return !dog(1).expired(); }));
    // And again: it is armed anew, by the same device.
    cluster().start(1);
    cluster().wait_settled();
    EXPECT_TRUE(dog(1).armed());
}

// A client that takes its time to end: nobody reports for hb-resource any more, and nothing is left
// that a reset could be good for.
TEST_F(Watchdog, an_orderly_stop_with_a_slow_client_disarms_it_first) {
    ClusterConfig config;
    config.more = {"respawn root /etc/ha.d/slow"};
    prepare_with_watchdogs(config);
    node(1).write_file("/etc/ha.d/slow",
                       "#!/bin/sh\ntrap 'sleep 6; exit 0' TERM\nwhile :; do sleep 1; done\n", 0755);
    node(2).write_file("/etc/ha.d/slow", "#!/bin/sh\nexec sleep 1000\n", 0755);
    start_with_watchdogs();
    EXPECT_EQ(cluster().stop(1), 0);
    EXPECT_FALSE(dog(1).expired());
    EXPECT_FALSE(dog(1).armed());
}

TEST_F(Watchdog, what_cannot_be_stopped_is_left_to_it) {
    ClusterConfig config;
    config.groups = {{1, "10.77.0.100/24/eth0 thing"}};
    run_with_watchdogs(config);
    node(1).write_file("/run/stuck", "");
    cluster().stop(1);
    cluster().wait_log(1, "could not be stopped: the watchdog is left armed");
    EXPECT_TRUE(lab().addresses().holders(Cluster::kVip).contains(1));  // the address stays with it
    wait_reset(1);
    cluster().wait_owner(2);
    cluster().wait("node2 runs it", [&] { return has_thing(2); });
}

TEST_F(Watchdog, a_device_that_is_missing_stops_the_start) {
    ClusterConfig config;
    config.more = {"watchdog /dev/no-such-watchdog"};
    prepare_cluster(config);
    cluster().start(1);
    cluster().wait("it ends", [&] { return cluster().master(1).has_ended(); });
    EXPECT_EQ(cluster().master(1).exit_code(), 1);
    cluster().wait_log(1, "Cannot open watchdog device: /dev/no-such-watchdog");
    EXPECT_EQ(node(1).pid_of("hb-comm"), std::nullopt);
}

// G5: node1 is cut off and has to let go, but cannot stop. The others take its group, which has no
// address to ask for, when its watchdog has surely fired, and not before.
TEST_F(Watchdog, is_evidence_where_a_lost_node_has_to_let_go) {
    ClusterConfig config;
    config.nodes = 3;
    config.keepalive = "200ms";
    config.groups = {{1, "thing"}, {2, "10.77.0.100/24/eth0"}};
    config.more = {"watchdog_evidence on"};
    run_with_watchdogs(config);
    cluster().wait("node1 runs it", [&] { return has_thing(1); });
    node(1).write_file("/run/stuck", "");
    node(1).pull(Cable::kService, Carrier::kKept);
    node(1).pull(Cable::kHeartbeat, Carrier::kKept);
    cluster().wait("node2 says that it waits", [&] {
        return cluster()
                   .group(2, "thing")
                   .value("reason", "")
                   .find("waiting for the watchdog of") != std::string::npos;
    });
    cluster().wait_log(1,
                       "the watchdog is fed no more: hb-resource could not let go of what it had");
    cluster().wait("the watchdog of node1 runs off, and until then nobody takes it", [&] {
        const bool taken = has_thing(2) || has_thing(3);
        EXPECT_FALSE(taken) << "taken before the reset";
        return dog(1).expired() || taken;
    });
    node(1).power_off();
    cluster().wait("one of the others runs it", [&] { return has_thing(2) || has_thing(3); });
    EXPECT_FALSE(has_thing(2) && has_thing(3));
}

}  // namespace
}  // namespace hb::lab
