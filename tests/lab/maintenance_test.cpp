// The suite is stopped and started in maintenance: what runs, runs on; nobody else takes it.
#include <fmt/format.h>

#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

constexpr const char* kVip = Cluster::kVip;
constexpr const char* kGroup = "10.77.0.100/24/eth0";

class Maintenance : public ClusterTest {
  protected:
    void maintenance(const char* what) {
        const CommandResult done = cluster().hactl(1, {"maintenance", what});
        EXPECT_EQ(done.exit_code, 0) << done.err;
    }
    void wait_group(unsigned asked, const std::string& state, const std::string& reason) {
        cluster().wait(fmt::format("node{} says: {}, {}", asked, state, reason), [&] {
            const nlohmann::json g = cluster().group(asked, kGroup);
            return !g.is_null() && g.value("state", "") == state &&
                   g.value("reason", "").find(reason) != std::string::npos;
        });
    }
};

TEST_F(Maintenance, the_suite_of_the_owner_restarts_without_a_gap) {
    run_cluster();
    maintenance("on");
    EXPECT_TRUE(cluster().group(2, kGroup).value("maintenance", false));
    Probe probe(lab().client(), kVip);
    const std::size_t mark = lab().addresses().mark();
    EXPECT_EQ(cluster().stop(1), 0);
    wait_group(2, "unknown", "node1 kept it in maintenance and has not come back");
    EXPECT_TRUE(stays([&] { return node(1).holds(kVip) && !node(2).holds(kVip); }));
    cluster().start(1);
    cluster().wait_all_active();
    wait_group(2, "running", "in maintenance");
    maintenance("off");
    wait_group(1, "running", "");
    EXPECT_FALSE(cluster().group(1, kGroup).value("maintenance", true));
    EXPECT_TRUE(lab().addresses().events_of(kVip, mark).empty()) << lab().addresses().text(kVip);
    EXPECT_EQ(probe.report().lost(), 0U);
}

TEST_F(Maintenance, all_suites_restart_at_once_and_nothing_moves) {
    run_cluster();
    EXPECT_EQ(cluster().hactl(1, {"standby"}).exit_code, 0);
    cluster().wait_owner(2);
    maintenance("on");
    const std::size_t mark = lab().addresses().mark();
    EXPECT_EQ(cluster().stop(2), 0);
    EXPECT_EQ(cluster().stop(1), 0);
    EXPECT_TRUE(node(2).holds(kVip));
    cluster().start_all();
    cluster().wait_all_active();
    wait_group(1, "running", "in maintenance");
    EXPECT_TRUE(stays([&] { return node(2).holds(kVip); }));
    EXPECT_TRUE(lab().addresses().events_of(kVip, mark).empty()) << lab().addresses().text(kVip);
}

TEST_F(Maintenance, nobody_takes_over_from_a_dead_node_before_it_ends_and_that_is_known) {
    run_cluster();
    maintenance("on");
    node(1).power_off();
    wait_group(2, "unknown", "node1 kept it in maintenance");
    EXPECT_TRUE(stays([&] { return !node(2).holds(kVip); }));
    const CommandResult off = cluster().hactl(2, {"maintenance", "off"});
    EXPECT_NE(off.out.find("starts nowhere before node1 is back"), std::string::npos) << off.out;
    EXPECT_TRUE(stays([&] { return !node(2).holds(kVip); }));
    node(1).boot();
    cluster().start(1);
    cluster().wait_settled();
}

TEST_F(Maintenance, a_crash_of_everything_is_cleaned_up_without_it) {
    run_cluster();
    maintenance("on");
    node(1).kill_all();
    EXPECT_EQ(
        node(1).run({"/media/libexec/hb-resource", "--release-all", "--log", "stderr"}).exit_code,
        0);
    EXPECT_TRUE(node(1).holds(kVip));
    cluster().start(1);
    cluster().wait_all_active();
    maintenance("off");
    cluster().wait_settled();
}

TEST_F(Maintenance, what_fails_is_shown_and_not_touched) {
    ClusterConfig config;
    config.groups = {{.preferred = 1, .resources = "10.77.0.100/24/eth0 thing"}};
    config.more = {"monitor 300ms"};
    prepare_cluster(config);
    for (unsigned n = 1; n <= 2; n++)
        node(n).write_file("/etc/ha.d/resource.d/thing",
                           "#!/bin/sh\ncase $1 in\nstart) echo x >> /run/starts; : > /run/thing;;\n"
                           "stop) rm -f /run/thing;;\nstatus) if [ -e /run/thing ]; then "
                           "echo x >> /run/seen; echo running; else echo stopped; fi;;\nesac\n",
                           0755);
    cluster().start_all();
    cluster().wait_settled();
    // Asked again: so the first answer was heard, and its status is believed.
    cluster().wait("thing is monitored", [&] {
        return node(1).run({"sh", "-c", "[ $(wc -l < /run/seen) -ge 2 ]"}).exit_code == 0;
    });
    maintenance("on");
    node(1).remove_file("/run/thing");
    wait_group(2, "running", "thing has failed (not running)");
    EXPECT_EQ(node(1).run({"ip", "addr", "del", "10.77.0.100/24", "dev", "eth0"}).exit_code, 0);
    EXPECT_TRUE(stays([&] { return !node(1).holds(kVip) && !node(2).holds(kVip); }));
    EXPECT_EQ(node(1).read_file("/run/starts"), "x\n");
    maintenance("off");
    cluster().wait_settled();
    cluster().wait("thing is restarted", [&] {
        return node(1).run({"test", "-e", "/run/thing"}).exit_code == 0;
    });
}

}  // namespace
}  // namespace hb::lab
