// Resource operations in control groups of their own: what one starts dies with it when it must be
// killed, however far it ran from its process group, and lives on when it has done its work.
#include <fmt/format.h>

#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

// `thing::MODE`. Every child is in a session of its own, an orphan, and deaf to SIGTERM.
constexpr const char* kThing = R"sh(#!/bin/sh
mode=$1; action=$2
state=/run/thing.$mode
runaway() { setsid sh -c "trap '' TERM HUP; sh -c 'echo \$\$ > /run/$1; exec sleep 1000' &" & }
runs() { [ -s /run/$1 ] && kill -0 $(cat /run/$1) 2>/dev/null; }
case $action-$mode in
    start-service) runs service || { runaway service; while ! runs service; do :; done; } ;;
    stop-service)  runs service && kill -9 $(cat /run/service); while runs service; do :; done ;;
    start-stuck)
        [ "$(uname -n)" = node1 ] || { : > "$state"; exit 0; }
        runaway stuck; while ! runs stuck; do :; done; sleep 1000 ;;
    start-slow)    [ -e /run/quick ] || { runaway slow; sleep 1000; } ;;
esac
case $action in
    start)  : > "$state" ;;
    stop)   rm -f "$state" ;;
    status) [ -e "$state" ] && echo running || echo stopped ;;
esac
exit 0
)sh";

class ControlGroups : public ClusterTest {
  protected:
    void run_thing(const std::string& mode, bool cgroups = true) {
        ClusterConfig config;
        config.cgroups = cgroups;
        config.groups = {{.preferred = 1, .resources = "thing::" + mode}};
        config.more = {"agent_timeout start 60s"};
        if (mode == "stuck") config.more = {"agent_timeout start 1s"};
        prepare_cluster(config);
        has_cgroups_ = !node(1).cgroup().empty();
        for (unsigned n : {1U, 2U})
            node(n).write_file("/etc/ha.d/resource.d/thing", kThing, 0755);
        cluster().start_all();
    }
    // -1: it has not said.
    pid_t pid_of(const std::string& name) {
        const CommandResult said = node(1).run({"cat", "/run/" + name});
        return said.exit_code == 0 && !said.out.empty() ? std::stoi(said.out) : -1;
    }
    bool lives(pid_t pid) {
        for (const RunningProcess& p : node(1).processes())
            if (p.pid == pid && p.state != 'Z') return true;
        return false;
    }
    std::string cgroup_of(pid_t pid) {
        return node(1).run({"grep", "^0::", fmt::format("/proc/{}/cgroup", pid)}).out;
    }
    // The directories of the suite.
    std::string tree() {
        return node(1)
            .run({"sh", "-c", "cd /sys/fs/cgroup && find . -mindepth 1 -type d | sort"})
            .out;
    }
    pid_t wait_for_runaway(const std::string& name) {
        cluster().wait(name + " runs", [&] { return pid_of(name) > 0; });
        return pid_of(name);
    }
    void wait_running(const std::string& mode, unsigned owner) {
        cluster().wait("it runs", [&] {
            const nlohmann::json g = cluster().group(2, "thing::" + mode);
            return !g.is_null() && g.value("state", "") == "running" &&
                   g["owner"] == fmt::format("node{}", owner);
        });
    }
    bool has_cgroups_ = false;
};

TEST_F(ControlGroups, what_a_start_leaves_is_in_the_groups_own) {
    run_thing("service");
    wait_running("service", 1);
    const pid_t service = pid_of("service");
    EXPECT_TRUE(lives(service));
    if (!has_cgroups_) GTEST_SKIP() << "no control groups on this machine";
    EXPECT_EQ(cgroup_of(service), "0::/ha-suite/group-thing::service\n");
    EXPECT_EQ(tree(), "./ha-suite\n./ha-suite/group-thing::service\n");

    // hb-resource dies and is back: the service goes on, and is known.
    const std::size_t mark = lab().log().mark();
    node(1).kill("hb-resource");
    cluster().wait_log(1, "started hb-resource", mark);
    wait_running("service", 1);
    EXPECT_EQ(pid_of("service"), service);
    EXPECT_TRUE(lives(service));

    // An orderly end leaves nothing, not even directories.
    EXPECT_EQ(cluster().stop(1), 0);
    EXPECT_FALSE(lives(service));
    EXPECT_EQ(tree(), "");
}

TEST_F(ControlGroups, a_call_that_must_be_killed_is_killed_with_its_runaways) {
    run_thing("stuck");
    if (!has_cgroups_) GTEST_SKIP() << "no control groups on this machine";
    const pid_t runaway = wait_for_runaway("stuck");
    EXPECT_TRUE(cgroup_of(runaway).starts_with("0::/ha-suite/call-")) << cgroup_of(runaway);
    cluster().wait_log(1, "after its time was over");
    wait_running("stuck", 2);
    EXPECT_FALSE(lives(runaway)) << "started on node2 while node1 still had a part of it";
    EXPECT_EQ(tree(), "./ha-suite\n");
}

TEST_F(ControlGroups, an_unfinished_call_of_a_dead_hb_resource_is_gone_before_the_next) {
    run_thing("slow");
    if (!has_cgroups_) GTEST_SKIP() << "no control groups on this machine";
    const pid_t runaway = wait_for_runaway("slow");
    node(1).write_file("/run/quick", "");
    const std::size_t mark = lab().log().mark();
    node(1).kill("hb-resource");
    cluster().wait_log(1, "started hb-resource", mark);
    EXPECT_FALSE(lives(runaway));
    wait_running("slow", 1);
}

TEST_F(ControlGroups, so_is_one_of_a_suite_that_died) {
    run_thing("slow");
    if (!has_cgroups_) GTEST_SKIP() << "no control groups on this machine";
    const pid_t runaway = wait_for_runaway("slow");
    node(1).write_file("/run/quick", "");
    // All of the suite, nothing of its children.
    node(1).freeze();
    for (const char* daemon : {"hb-master", "hb-resource", "hb-membership", "hb-comm"})
        node(1).kill(daemon);
    node(1).thaw();
    cluster().wait("the suite is dead", [&] {
        for (const RunningProcess& p : node(1).processes())
            if (p.name.starts_with("hb-") && p.state != 'Z') return false;
        return true;
    });
    EXPECT_TRUE(lives(runaway));
    // As if the master had died before it read of the call: that takes a moment.
    ASSERT_EQ(node(1).run({"rm", "/run/ha-suite/calls"}).exit_code, 0);
    const std::size_t mark = lab().log().mark();
    cluster().start(1);
    cluster().wait_log(1, "killing an unfinished resource operation of the last run", mark);
    cluster().wait_log(1, "started hb-resource", mark);
    EXPECT_FALSE(lives(runaway));
    wait_running("slow", 1);
}

TEST_F(ControlGroups, without_them_process_groups_do) {
    run_thing("service", false);
    wait_running("service", 1);
    EXPECT_TRUE(lives(pid_of("service")));
    cluster().wait_log(1, "no control group can be made");
    EXPECT_EQ(cluster().stop(1), 0);
    EXPECT_FALSE(lives(pid_of("service")));
}

}  // namespace
}  // namespace hb::lab
