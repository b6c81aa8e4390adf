// The table of bad scripts: each in a group of its own, all in one cluster, so that none of them
// disturbs another, and each comes to the end that docs/resources.md says.
#include <fmt/format.h>

#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

// One script for all. `thing::MODE`; what runs is a file. BAD marks what is wrong on node1 only.
constexpr const char* kThing = R"sh(#!/bin/sh
mode=$1; action=$2
state=/run/thing.$mode
here() { [ "$(uname -n)" = node1 ]; }
status() { if [ -e "$state" ]; then echo running; : > "$state.seen"; else echo stopped; fi; }
case $action-$mode in
    start-fails-here) here && { echo "cannot start, it says"; exit 7; } ;;
    start-fails)      exit 1 ;;
    start-hangs)      here && sleep 1000 ;;
    start-stubborn)   here && { trap '' TERM; while :; do sleep 1; done; } ;;
    start-signal)     here && kill -SEGV $$ ;;
    start-forks)      (while :; do sleep 1; done) & echo $! > /run/forked ;;
    start-holds)      (while :; do echo "still here"; sleep 0.1; done) & echo $! > /run/held ;;
    start-floods)     yes "a line of many" | head -c 100000000 ;;
    start-errors)     yes "an error of many" | head -c 30000000 >&2 ;;
    start-endless)    head -c 20000000 /dev/zero | tr '\0' x ;;
    start-reads)      cat; read -r line || echo "nobody answers" ;;
    start-lazy)       exit 0 ;;
    start-odd-code)   here && exit 255 ;;
    start-binary)     head -c 300000 /dev/urandom ;;
    stop-stays)       here && { echo "will not"; exit 1; } ;;
    stop-not-lsb)     rm -f "$state"; exit 1 ;;
    stop-hangs-once)  if here && [ ! -e /run/hung ]; then : > /run/hung; sleep 1000; fi ;;
    status-liar)      echo "what do I know"; exit 0 ;;
    status-silent)    exit 0 ;;
    status-stalls)    [ -e /run/stall ] && here && sleep 1000 ;;
    status-mumbles)
        echo "is it running?" >&2
        [ -e "$state" ] && { echo OK; exit 1; }
        echo "not running"; exit 1 ;;
esac
case $action in
    start)  : > "$state" ;;
    stop)   rm -f "$state" ;;
    status) status ;;
    *)      exit 2 ;;
esac
exit 0
)sh";

struct Row {
    const char* mode;
    unsigned owner;     // 0: nobody
    const char* state;  // as hactl says it
    const char* log;    // a line of node1
};

// After the start.
const Row kStarted[] = {
    {"good", 1, "running", "Running /etc/ha.d/resource.d/thing good start"},
    {"fails-here", 2, "running", "Return code 7 from /etc/ha.d/resource.d/thing"},
    {"fails", 0, "stopped", "Return code 1 from /etc/ha.d/resource.d/thing"},
    {"hangs", 2, "running", "after its time was over"},
    {"stubborn", 2, "running", "killed by signal 9 (Killed) after its time was over"},
    {"signal", 2, "running", "killed by signal 11 (Segmentation fault)"},
    {"forks", 1, "running", "Running /etc/ha.d/resource.d/thing forks start"},
    {"holds", 1, "running", "Running /etc/ha.d/resource.d/thing holds start"},
    {"floods", 1, "running", "thing::floods: a line of many"},
    {"errors", 1, "running", "thing::errors: an error of many"},
    {"endless", 1, "running", "thing::endless: xxxxxxxx"},
    {"reads", 1, "running", "thing::reads: nobody answers"},
    {"lazy", 1, "running", "thing::lazy was started well and its status does not say that it runs"},
    {"odd-code", 2, "running", "Return code 255 from /etc/ha.d/resource.d/thing"},
    {"binary", 1, "running", "Running /etc/ha.d/resource.d/thing binary start"},
    {"liar", 1, "running", "thing::liar was started well and its status does not say that it runs"},
    {"silent", 1, "running", "thing::silent was started well and its status does not say"},
    {"mumbles", 1, "running", "thing::mumbles: is it running?"},
    {"stays", 1, "running", nullptr},
    {"not-lsb", 1, "running", nullptr},
    {"hangs-once", 1, "running", nullptr},
    {"stalls", 1, "running", nullptr},
    {"dies", 1, "running", nullptr},
    {"worn", 1, "running", nullptr},
};

class Scripts : public ClusterTest {
  protected:
    void run_things() {
        ClusterConfig config;
        config.keepalive = "10ms";
        config.deadtime = "1s";
        config.groups = {ClusterConfig::Group{}};
        for (const Row& row : kStarted)
            config.groups.push_back({.preferred = 1, .resources = thing(row.mode)});
        config.more = {"monitor 500ms",
                       "restarts 2 1min",
                       "agent_timeout start 1s",
                       "agent_timeout start 60s thing::floods thing::errors thing::endless",
                       "agent_timeout stop 1s",
                       "agent_timeout status 1s"};
        prepare_cluster(config);
        for (unsigned n = 1; n <= 2; n++)
            node(n).write_file("/etc/ha.d/resource.d/thing", kThing, 0755);
        cluster().start_all();
        cluster().wait_settled();
    }
    static std::string thing(const std::string& mode) { return "thing::" + mode; }
    void wait_group(const std::string& mode, unsigned owner, const std::string& state,
                    const std::string& reason = "") {
        cluster().wait(fmt::format("{} is {} on node{}", mode, state, owner), [&] {
            const nlohmann::json g = cluster().group(2, thing(mode));
            if (g.is_null() || g.value("state", "") != state) return false;
            if (g.value("reason", "").find(reason) == std::string::npos) return false;
            return owner == 0 ||
                   (g["owner"].is_string() && g["owner"] == fmt::format("node{}", owner));
        });
    }
    [[nodiscard]] bool is_up(unsigned n, const std::string& mode) {
        return node(n).run({"test", "-e", "/run/thing." + mode}).exit_code == 0;
    }
};

TEST_F(Scripts, come_to_the_end_that_the_manual_says) {
    run_things();
    for (const Row& row : kStarted) {
        SCOPED_TRACE(row.mode);
        wait_group(row.mode, row.owner, row.state);
        if (row.log != nullptr) cluster().wait_log(1, row.log);
    }
    EXPECT_FALSE(is_up(1, "fails-here"));
    EXPECT_TRUE(is_up(2, "fails-here"));

    // What a call left running is the service: it outlives the call.
    const std::string forked = node(1).read_file("/run/forked");
    EXPECT_EQ(node(1).run({"kill", "-0", forked.substr(0, forked.find('\n'))}).exit_code, 0);

    const std::string held = node(1).read_file("/run/held");
    EXPECT_EQ(node(1).run({"kill", "-0", held.substr(0, held.find('\n'))}).exit_code, 0);
    cluster().wait_log(1, "more lines were not logged");
    EXPECT_LT(lab().log().count("node1", "a line of many"), 2000U);

    // A service that dies is back in place, and says so.
    node(1).remove_file("/run/thing.dies");
    cluster().wait_log(1, "thing::dies has failed (not running): restarting it in place (1 of 2)");
    cluster().wait("it is up again", [&] { return is_up(1, "dies"); });
    wait_group("dies", 1, "running", "thing::dies failed (not running), restarted 1 of 2 times");

    // Its status does not answer, twice in a row; nor does it before the new start.
    node(1).write_file("/run/stall", "");
    cluster().wait_log(1, "thing::stalls has failed (killed by signal 15 (Terminated) after its");
    wait_group("stalls", 2, "running");

    // It dies again and again: it moves, and where that happens everywhere it has failed.
    for (unsigned n : {1U, 2U}) {
        for (int i = 1; i <= 3; i++) {
            cluster().wait("it was seen running", [&] { return is_up(n, "worn.seen"); });
            cluster().wait("it is up", [&] { return is_up(n, "worn"); });
            wait_group("worn", n, "running");
            const std::size_t mark = lab().log().mark();
            node(n).remove_file("/run/thing.worn");
            cluster().wait_log(n, "thing::worn has failed (not running)", mark);
        }
    }
    wait_group("worn", 0, "failed", "nobody tries again before 'hactl cleanup thing::worn'");
    EXPECT_EQ(cluster().hactl(1, {"cleanup", "thing::worn"}).exit_code, 0);
    wait_group("worn", 1, "running");

    // Stops.
    const auto standby = [&](const std::string& mode) {
        return cluster().hactl(1, {"standby", "--group", thing(mode), "--no-wait"}).exit_code;
    };
    EXPECT_EQ(standby("not-lsb"), 0);
    EXPECT_EQ(standby("hangs-once"), 0);
    EXPECT_EQ(standby("stays"), 0);
    wait_group("not-lsb", 2, "running");
    cluster().wait_log(1, "Resource script for thing::not-lsb probably not LSB-compliant");
    wait_group("hangs-once", 2, "running");
    cluster().wait_log(1, "Retrying failed stop operation [thing::hangs-once]");
    wait_group("stays", 1, "failed", "nobody starts it before 'hactl cleanup thing::stays'");
    cluster().wait_log(1, "Resource STOP failure");
    EXPECT_FALSE(is_up(2, "stays")) << "started although it may still run on node1";

    // All that time the address group, and the heartbeats, did not notice.
    EXPECT_TRUE(node(1).holds(Cluster::kVip));
    EXPECT_EQ(lab().log().count("node", "Late heartbeat"), 0U);
    EXPECT_EQ(lab().log().count("node", "is dead"), 0U);
}

}  // namespace
}  // namespace hb::lab
