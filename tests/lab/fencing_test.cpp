// Nodes that switch each other off: Debian's fence agents against simulated BMCs, and humans.
#include <fmt/format.h>

#include "tests/lab/bmc.hpp"
#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

constexpr const char* kVip = Cluster::kVip;
constexpr Duration kPatience = 90s;  // agents are Python programs, and the machine may be busy

class Fencing : public ClusterTest {
  protected:
    void SetUp() override {
        if (const std::string why = Bmc::cannot_run(); !why.empty()) GTEST_SKIP() << why;
    }
    void TearDown() override { ClusterTest::TearDown(); }
    // A stonith_host line per node, with what `parameters` says of its BMC.
    void run_with(const std::vector<std::string>& lines, ClusterConfig config = {}) {
        config.more.insert(config.more.end(), lines.begin(), lines.end());
        run_cluster(std::move(config));
    }
    static std::string ipmi(unsigned node, const std::string& parameters) {
        return fmt::format("stonith_host * fence_ipmilan nodes=node{} {}", node, parameters);
    }
    // As a BMC at that place would be addressed, before there is a lab.
    static std::string at_bmc(unsigned node, const std::string& password = Bmc::kPassword) {
        return fmt::format("ip=10.77.0.200 ipport={} username=fence password={} lanplus=1 cipher=3",
                           6230 + node, password);
    }
    nlohmann::json vip(unsigned asked) { return cluster().group(asked, "10.77.0.100/24/eth0"); }
    std::string reason(unsigned asked) {
        const nlohmann::json group = vip(asked);
        return group.is_null() ? std::string() : group.at("reason").get<std::string>();
    }
    void expect_no_password() {
        EXPECT_EQ(lab().log().text().find(Bmc::kPassword), std::string::npos)
            << "a password is in the log";
    }
};

TEST_F(Fencing, a_confirmed_power_off_lets_the_other_take_over) {
    run_with({ipmi(1, at_bmc(1)), ipmi(2, at_bmc(2))});
    Bmc one(lab(), 1);
    Bmc two(lab(), 2);
    node(1).block_heartbeats(Direction::kBoth);
    cluster().wait(
        "the BMC of node1 is told to switch it off", [&] { return one.was_told_off(); }, kPatience);
    EXPECT_TRUE(node(1).holds(kVip)) << "the healthy owner goes on until then";
    EXPECT_FALSE(node(2).holds(kVip));
    cluster().wait("it does", [&] { return one.serve(); });
    cluster().wait(
        "node2 alone has the address",
        [&] { return lab().addresses().holders(kVip) == std::set<unsigned>{2}; }, kPatience);
    cluster().wait_log(2, "node node1 now reset. It is off, confirmed by fence_ipmilan");
    EXPECT_FALSE(two.was_told_off());
    const CommandResult history = cluster().hactl(2, {"fence", "history"});
    EXPECT_NE(history.out.find("off  fence_ipmilan"), std::string::npos) << history.out;
    expect_no_password();
}

TEST_F(Fencing, a_slow_bmc_is_waited_for) {
    run_with({ipmi(1, at_bmc(1))});
    Bmc one(lab(), 1);
    node(1).block_heartbeats(Direction::kBoth);
    cluster().wait(
        "the BMC of node1 is told to switch it off", [&] { return one.was_told_off(); }, kPatience);
    EXPECT_TRUE(stays([&] { return node(1).holds(kVip) && !node(2).holds(kVip); }, 5s));
    cluster().wait("it does at last", [&] { return one.serve(); });
    cluster().wait(
        "node2 alone has the address",
        [&] { return lab().addresses().holders(kVip) == std::set<unsigned>{2}; }, kPatience);
}

TEST_F(Fencing, a_wrong_password_blocks_the_takeover_until_a_human_confirms) {
    run_with({ipmi(1, at_bmc(1, "wrong-password"))});
    Bmc one(lab(), 1);
    cluster().wait_log(2, "STONITH device fence_ipmilan (for node1) not operational!");
    const CommandResult test = cluster().hactl(2, {"fence", "test", "node1"});
    EXPECT_NE(test.exit_code, 0);
    const CommandResult early = cluster().hactl(2, {"fence", "confirm", "node1"});
    EXPECT_NE(early.err.find("node1 is heard: it is not off"), std::string::npos) << early.err;

    node(1).power_off();
    cluster().wait(
        "node2 says why it waits",
        [&] {
            return reason(2).find("fencing node1 (try 1: fence_ipmilan: ") != std::string::npos;
        },
        kPatience);
    EXPECT_TRUE(stays([&] { return !node(2).holds(kVip); }));
    EXPECT_FALSE(one.was_told_off());
    const CommandResult confirmed = cluster().hactl(2, {"fence", "confirm", "node1"});
    EXPECT_EQ(confirmed.exit_code, 0) << confirmed.err;
    cluster().wait_owner(2);
    EXPECT_EQ(lab().log().text().find("wrong-password"), std::string::npos);
}

TEST_F(Fencing, an_unreachable_bmc_gives_way_when_the_node_returns) {
    run_with({ipmi(1, "ip=10.77.0.99 username=fence password=x lanplus=1 login_timeout=1")});
    node(1).block_heartbeats(Direction::kBoth);
    cluster().wait_log(2, "Resetting node node1 with [fence_ipmilan]");
    const std::size_t mark = lab().log().mark();
    node(1).open_firewall();
    cluster().wait_log(2, "node1 need not be switched off any more", mark);
    cluster().wait_settled();
    EXPECT_TRUE(node(1).holds(kVip));
}

// Both run something that the other one wants: both have a reason to shoot.
TEST_F(Fencing, a_race_of_two_has_one_survivor) {
    ClusterConfig config;
    config.groups = {{1, "10.77.0.100/24/eth0"}, {2, "10.77.0.101/24/eth0"}};
    config.more = {"fence_delay 30s"};
    run_with({ipmi(1, at_bmc(1)), ipmi(2, at_bmc(2))}, config);
    Bmc one(lab(), 1);
    Bmc two(lab(), 2);
    node(1).block_heartbeats(Direction::kBoth);
    cluster().wait(
        "one of them is switched off",
        [&] {
            one.serve();
            two.serve();
            return !node(1).is_on() || !node(2).is_on();
        },
        kPatience);
    EXPECT_TRUE(node(1).is_on()) << "the one that the node lines name first survives";
    cluster().wait(
        "it has both addresses",
        [&] { return node(1).holds(kVip) && node(1).holds("10.77.0.101"); }, kPatience);
    EXPECT_FALSE(one.was_told_off());
}

TEST_F(Fencing, levels_go_on_to_the_next_device) {
    run_with({ipmi(1, "level=1 ip=10.77.0.99 username=fence password=x lanplus=1 login_timeout=1"),
              ipmi(1, "level=2 " + at_bmc(1))});
    Bmc one(lab(), 1);
    node(1).block_heartbeats(Direction::kBoth);
    cluster().wait(
        "node2 has the address",
        [&] {
            one.serve();
            return node(2).holds(kVip);
        },
        kPatience);
    EXPECT_FALSE(node(1).is_on());
}

TEST_F(Fencing, meatware_asks_a_human) {
    run_with({"stonith_host * meatware node1 node2"});
    node(1).power_off();
    cluster().wait_log(2, "OPERATOR INTERVENTION REQUIRED to reset node1.");
    EXPECT_TRUE(stays([&] { return !node(2).holds(kVip); }));
    cluster().wait("status says what it waits for", [&] {
        return reason(2).find("waiting for a human: hactl fence confirm node1") !=
               std::string::npos;
    });
    EXPECT_EQ(cluster().hactl(2, {"fence", "confirm", "node1"}).exit_code, 0);
    cluster().wait_owner(2);
    node(1).boot();
    cluster().start(1);
    cluster().wait_settled();
}

// hb-fence dies in the middle: the new one is asked again.
TEST_F(Fencing, a_dead_hb_fence_is_asked_again) {
    run_with({ipmi(1, at_bmc(1))});
    Bmc one(lab(), 1);
    node(1).block_heartbeats(Direction::kBoth);
    cluster().wait_log(2, "Resetting node node1 with [fence_ipmilan]");
    node(2).kill("hb-fence");
    cluster().wait(
        "node2 has the address",
        [&] {
            one.serve();
            return node(2).holds(kVip);
        },
        kPatience);
    EXPECT_FALSE(node(1).is_on());
}

// The standard-input interface with the agent that switches nothing off.
TEST_F(Fencing, an_admin_fences_a_node_with_fence_dummy) {
    run_with({"stonith_host node2 fence_dummy nodes=node1 status_file=/tmp/power"});
    node(2).run({"/bin/sh", "-c", "echo -n on >/tmp/power; chmod 666 /tmp/power"});
    const CommandResult test = cluster().hactl(2, {"fence", "test", "node1"});
    EXPECT_EQ(test.out, "fence_dummy: on\n") << test.err;
    const CommandResult refused = cluster().hactl(2, {"fence", "node1"});
    EXPECT_NE(refused.err.find("node1 is heard"), std::string::npos) << refused.err;
    EXPECT_EQ(cluster().hactl(2, {"fence", "node1", "--force", "--no-wait"}).exit_code, 0);
    // It says off and the node goes on: what it said is not believed, and said aloud.
    cluster().wait_log(2, "node node1 now reset. It is off, confirmed by fence_dummy");
    EXPECT_TRUE(stays([&] { return node(1).holds(kVip) && !node(2).holds(kVip); }));
}

}  // namespace
}  // namespace hb::lab
