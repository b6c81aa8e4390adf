// Heartbeats over a serial line: beside a network, and as the only link.
#include <fmt/format.h>

#include "tests/lab/cluster_test.hpp"
#include "tests/lab/serial_cable.hpp"

namespace hb::lab {
namespace {

constexpr const char* kVip = Cluster::kVip;
constexpr const char* kLine = SerialCable::kDevice;

class Serial : public ClusterTest {
  protected:
    void run(unsigned baud, bool with_udp, ClusterConfig config = {}) {
        config.media = {fmt::format("baud {}", baud), std::string("serial ") + kLine};
        if (with_udp) config.media.insert(config.media.begin(), "bcast eth1");
        prepare_cluster(std::move(config));
        cable_ = std::make_unique<SerialCable>(lab(), 1, 2, baud);
        cluster().start_all();
        cluster().wait_settled();
        wait_line("up");
        log_ = lab().log().mark();
        addresses_ = lab().addresses().mark();
    }
    void TearDown() override {
        cable_.reset();
        ClusterTest::TearDown();
    }
    SerialCable& cable() { return *cable_; }

    nlohmann::json link(unsigned asked, const std::string& name) {
        const auto status = cluster().status(asked);
        if (!status) return {};
        for (const nlohmann::json& node : status->at("nodes"))
            for (const nlohmann::json& each : node.at("links"))
                if (each.at("name") == name) return each;
        return {};
    }
    void wait_link(const std::string& name, const std::string& status) {
        cluster().wait(name + " is " + status + " for both", [&] {
            for (unsigned asked = 1; asked <= 2; ++asked) {
                const nlohmann::json seen = link(asked, name);
                if (!seen.is_object() || seen.at("status") != status) return false;
            }
            return true;
        });
    }
    void wait_line(const std::string& status) { wait_link(kLine, status); }
    void standby_and_back() {
        cluster().hactl(1, {"standby"});
        cluster().wait_owner(2);
        cluster().hactl(1, {"takeover"});
        cluster().wait_owner(1);
    }
    // Nothing moves, and nobody is called dead, for several deadtimes.
    void expect_quiet() {
        EXPECT_TRUE(stays([&] { return node(1).holds(kVip) && !node(2).holds(kVip); }));
        EXPECT_TRUE(lab().addresses().events_of(kVip, addresses_).empty()) << "the address moved";
        for (const char* name : {"node1", "node2"}) {
            EXPECT_FALSE(lab().log().find(name, "is dead", log_));
            EXPECT_FALSE(lab().log().find(name, "started hb-", log_));
        }
    }

    std::unique_ptr<SerialCable> cable_;
    std::size_t log_ = 0;
    std::size_t addresses_ = 0;
};

TEST_F(Serial, holds_the_cluster_together_when_the_network_is_cut) {
    run(38400, true);
    for (unsigned n = 1; n <= 2; ++n)
        cluster().wait_log(n, "Starting serial heartbeat on tty /run/ttyS0 (38400 baud)");
    node(1).pull(Cable::kHeartbeat, Carrier::kKept);
    cluster().wait_log(1, "node2 is reached over /run/ttyS0 only: eth1 does not work", log_);
    cluster().wait_log(2, "node1 is reached over /run/ttyS0 only: eth1 does not work", log_);
    expect_quiet();
    cluster().wait("the line's round trip is shown", [&] {
        const nlohmann::json seen = link(1, kLine);
        return seen.is_object() && seen.at("status") == "up" &&
               seen.at("round_trip_us").is_number() && seen.at("round_trip_us") > 20'000;
    });
    standby_and_back();
    node(1).plug(Cable::kHeartbeat);
    wait_link("eth1", "up");
    wait_line("up");
}

TEST_F(Serial, cut_is_a_warning_and_nothing_more) {
    run(38400, true);
    cable().cut(true);
    cluster().wait_log(1, "node2 is reached over eth1 only: /run/ttyS0 does not work", log_);
    wait_line("dead");
    expect_quiet();
    cable().cut(false);
    wait_line("up");
    EXPECT_FALSE(lab().log().find("node", "is lost, and", log_)) << "a slow line leaves frames out";
}

TEST_F(Serial, cut_with_the_network_is_a_refusal) {
    run(38400, true);
    cable().cut(true);
    node(1).pull(Cable::kHeartbeat, Carrier::kKept);
    cluster().wait_log(2, "node node1: is dead", log_);
    cluster().wait_log(2, "is held by " + node(1).mac(Cable::kService), log_);
    EXPECT_TRUE(stays([&] { return node(1).holds(kVip) && !node(2).holds(kVip); }));
    cable().cut(false);
    cluster().wait_settled();
    node(1).plug(Cable::kHeartbeat);
    wait_link("eth1", "up");
    EXPECT_TRUE(lab().addresses().events_of(kVip, addresses_).empty()) << "the address moved";
}

TEST_F(Serial, is_enough_as_the_only_link) {
    run(38400, false);
    expect_quiet();
    standby_and_back();
    EXPECT_EQ(cluster().stop(1), 0);
    cluster().wait_owner(2);
    cluster().start(1);
    cluster().wait_settled();
    const std::size_t log = lab().log().mark();
    node(1).power_off();
    cluster().wait_owner(2);
    cluster().wait_log(2, "node node1: is dead", log);
    cable().unplug(1);
    node(1).boot();
    cable().plug(1);
    cluster().start(1);
    cluster().wait_settled();
}

// What the nodes say of forty groups is several times what a frame of this line carries.
TEST_F(Serial, carries_large_state_in_pieces_and_heartbeats_in_time) {
    ClusterConfig config;
    config.groups.clear();
    for (unsigned i = 0; i < 40; ++i)
        config.groups.push_back({1, fmt::format("10.77.0.{}/24/eth0", 100 + i)});
    run(57600, false, config);
    cluster().hactl(1, {"standby"});
    for (const std::string& address : cluster().addresses())
        cluster().wait_owner(2, address);
    cluster().hactl(1, {"takeover"});
    cluster().wait_settled();
    EXPECT_FALSE(lab().log().find("node", "Late heartbeat", log_));
    EXPECT_FALSE(lab().log().find("node", "is dead", log_));
}

TEST_F(Serial, noise_is_named_and_goes_by) {
    run(38400, true);
    cable().noise(20);
    cluster().wait_log(1, "serial /run/ttyS0: what comes is garbled", log_);
    wait_line("dead");
    expect_quiet();
    EXPECT_LE(lab().log().count("node1", "garbled", log_), 2U);
    cable().noise(0);
    wait_line("up");
}

TEST_F(Serial, an_echo_is_named_and_no_peer) {
    run(38400, true);
    cable().loop_back(true);
    for (unsigned n = 1; n <= 2; ++n)
        cluster().wait_log(n, "serial /run/ttyS0: our own frames come back", log_);
    wait_line("dead");
    expect_quiet();
    EXPECT_EQ(lab().log().count("node1", "our own frames come back", log_), 1U);
    EXPECT_FALSE(lab().log().find("node", "another host says that it is", log_));
    cable().loop_back(false);
    wait_line("up");
}

TEST_F(Serial, an_adapter_that_was_unplugged_is_used_again) {
    run(38400, true);
    cable().unplug(1);
    cluster().wait_log(1, "serial /run/ttyS0 is lost", log_);
    cluster().wait_log(1, "Unable to open serial /run/ttyS0: No such file or directory", log_);
    wait_line("dead");
    expect_quiet();
    cable().plug(1);
    wait_line("up");
}

TEST_F(Serial, settings_that_somebody_else_changed_are_put_back) {
    run(38400, true);
    ASSERT_EQ(node(1).run({"stty", "-F", kLine, "sane"}).exit_code, 0);
    cluster().wait_log(1, "another program changed its settings (a getty?)", log_);
    cluster().wait_log(1, "Starting serial heartbeat on tty /run/ttyS0", log_);
    wait_line("up");
    expect_quiet();
}

// A login over the line: its terminal is not taken away.
TEST_F(Serial, a_line_that_is_a_terminal_is_refused) {
    ClusterConfig config;
    config.media = {"bcast eth1", std::string("serial ") + kLine};
    prepare_cluster(config);
    cable_ = std::make_unique<SerialCable>(lab(), 1, 2, 38400);
    // As a getty: a session of its own, and the first terminal that it opens is its own. (And what
    // the peer sends holds the bytes that interrupt a terminal's program.)
    const auto getty =
        node(1).spawn({"python3", "-c",
                       fmt::format("import os, signal, time\n"
                                   "if os.fork() == 0:\n"
                                   "    for s in signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP:\n"
                                   "        signal.signal(s, signal.SIG_IGN)\n"
                                   "    os.setsid()\n"
                                   "    os.open('{}', os.O_RDWR)\n"
                                   "    print('here', flush=True)\n"
                                   "    time.sleep(1000)\n"
                                   "os.wait()",
                                   kLine)},
                      "getty");
    cluster().wait_log(1, "here");
    cluster().start_all();
    cluster().wait_settled();
    cluster().wait_log(1, "Unable to open serial /run/ttyS0: it is the terminal of python3");
    node(1).kill("python3");
    wait_line("up");
}

}  // namespace
}  // namespace hb::lab
