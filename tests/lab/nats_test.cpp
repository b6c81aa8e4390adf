// nats-server behind an address, by an init script: a client that reconnects goes on, whatever
// happens to the node that serves it.
#include <fmt/format.h>

#include <filesystem>

#include "tests/lab/cluster_test.hpp"
#include "tests/lab/nats_client.hpp"

namespace hb::lab {
namespace {

constexpr const char* kVip = Cluster::kVip;

// As administrators wrote them: start-stop-daemon, a pid file, a status in words.
constexpr const char* kInitScript = R"sh(#!/bin/sh
### BEGIN INIT INFO
# Provides:          nats-server
# Required-Start:    $network
# Required-Stop:     $network
# Default-Start:
# Default-Stop:
### END INIT INFO
daemon=/usr/sbin/nats-server
pid=/run/nats-server.pid
case $1 in
    start)
        start-stop-daemon --start --quiet --oknodo --background --make-pidfile --pidfile $pid \
            --chuid nats --exec $daemon -- -a 0.0.0.0 -p 4222 ;;
    stop)
        start-stop-daemon --stop --quiet --oknodo --retry TERM/10/KILL/5 --remove-pidfile \
            --pidfile $pid --exec $daemon ;;
    status)
        if start-stop-daemon --status --pidfile $pid --exec $daemon; then
            echo "nats-server is running"
            echo "$$" >> /run/nats-server.seen
        else
            echo "nats-server is stopped"
            exit 3
        fi ;;
    *)  exit 2 ;;
esac
)sh";

class Nats : public ClusterTest {
  protected:
    void SetUp() override {
        if (!std::filesystem::exists("/usr/sbin/nats-server"))
            GTEST_SKIP() << "nats-server is not installed (tools/install-deps test)";
    }
    void run_nats() {
        ClusterConfig config;
        config.keepalive = "100ms";
        config.more = {"monitor 500ms"};
        config.groups = {
            {.preferred = 1, .resources = fmt::format("{}/24/eth0 nats-server", kVip)}};
        prepare_cluster(config);
        for (unsigned n = 1; n <= lab().size(); ++n)
            node(n).write_file("/etc/init.d/nats-server", kInitScript, 0755);
        cluster().start_all();
        cluster().wait_settled();
        client_ = std::make_unique<NatsClient>(lab(), kVip);
        wait_served_by(1);
    }
    // There and nowhere else, and a message that was published after that is heard.
    void wait_served_by(unsigned n) {
        cluster().wait_owner(n);
        cluster().wait(fmt::format("nats-server runs on node{} alone", n), [&] {
            for (unsigned each = 1; each <= lab().size(); ++each)
                if (node(each).is_on() &&
                    node(each).pid_of("nats-server").has_value() != (each == n))
                    return false;
            return true;
        });
        const LabTime there = LabClock::now();
        cluster().wait("the client goes on", [&] { return client_->heard_since(there); });
    }
    void TearDown() override {
        if (client_)
            std::printf("%zu messages heard, %zu connections\n", client_->heard(),
                        client_->connections());
        client_.reset();
        ClusterTest::TearDown();
    }

    std::unique_ptr<NatsClient> client_;
};

TEST_F(Nats, goes_on_over_an_orderly_stop_and_a_failback) {
    run_nats();
    EXPECT_EQ(cluster().stop(1), 0);
    wait_served_by(2);
    cluster().start(1);
    wait_served_by(1);
    EXPECT_GE(client_->connections(), 3U);
}

TEST_F(Nats, goes_on_over_standby_and_power_off) {
    run_nats();
    EXPECT_EQ(cluster().hactl(1, {"standby"}).exit_code, 0);
    wait_served_by(2);
    node(2).power_off();
    wait_served_by(1);
}

TEST_F(Nats, goes_on_when_the_server_is_killed) {
    run_nats();
    const std::size_t addresses = lab().addresses().mark();
    // Asked again: so the first answer was heard, and its status is believed.
    cluster().wait("nats-server is monitored", [&] {
        return node(1).run({"sh", "-c", "[ $(wc -l < /run/nats-server.seen) -ge 2 ]"}).exit_code ==
               0;
    });
    EXPECT_EQ(node(1).kill("nats-server"), 1U);
    cluster().wait_log(1, "nats-server has failed (not running): restarting it in place (1 of 3)");
    wait_served_by(1);
    EXPECT_TRUE(lab().addresses().events_of(kVip, addresses).empty()) << "the address was touched";
}

}  // namespace
}  // namespace hb::lab
