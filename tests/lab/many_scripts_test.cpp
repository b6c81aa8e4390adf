// Two hundred groups whose scripts take their time, with heartbeats of 10 ms: all of it is done in
// seconds, and nobody's heart misses a beat.
#include <fmt/format.h>

#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

constexpr unsigned kGroups = 200;

constexpr const char* kSlow = R"sh(#!/bin/sh
case $2 in
    start)  sleep 0.2; : > /run/slow.$1; echo it runs ;;
    stop)   sleep 0.2; rm -f /run/slow.$1 ;;
    status) [ -e /run/slow.$1 ] && echo running || echo stopped ;;
esac
)sh";

class ManyScripts : public ClusterTest {
  protected:
    void run_many() {
        ClusterConfig config;
        config.keepalive = "10ms";
        config.deadtime = "100ms";
        for (unsigned i = 0; i < kGroups; i++)
            config.groups.push_back({.preferred = 1, .resources = fmt::format("slow::{}", i)});
        prepare_cluster(config);
        for (unsigned n : {1U, 2U})
            node(n).write_file("/etc/ha.d/resource.d/slow", kSlow, 0755);
        cluster().start_all();
        cluster().wait_settled();
        wait_all(1);
    }
    // First by what the scripts say: to ask the suite over and over would be a load of its own.
    void wait_all(unsigned owner, std::size_t mark = 0) {
        cluster().wait(
            "all scripts have started",
            [&] {
                return lab().log().count(fmt::format("node{}", owner), ": it runs", mark) >=
                       kGroups;
            },
            60s);
        const std::string name = fmt::format("node{}", owner);
        cluster().wait("all groups run on " + name, [&] {
            const auto status = cluster().status(2);
            if (!status) return false;
            std::size_t running = 0;
            for (const auto& g : status->at("groups"))
                running += g.at("state") == "running" && g.at("owner") == name ? 1U : 0U;
            return running == kGroups + 1;
        });
    }
    std::size_t scripts_at_once(unsigned n) {
        std::size_t count = 0;
        for (const RunningProcess& p : node(n).processes())
            count += p.name == "slow" && p.state != 'Z' ? 1U : 0U;
        return count;
    }
};

TEST_F(ManyScripts, are_done_in_seconds_and_disturb_no_heartbeat) {
    run_many();
    const std::size_t mark = lab().log().mark();
    const LabTime asked = LabClock::now();
    ASSERT_EQ(cluster().hactl(1, {"standby", "--no-wait"}).exit_code, 0);
    std::size_t most = 0;
    cluster().wait_log(1, "Running /etc/ha.d/resource.d/slow", mark);
    most = scripts_at_once(1);
    wait_all(2, mark);
    const Duration took = LabClock::now() - asked;
    RecordProperty("milliseconds", static_cast<int>(to_ms(took)));
    std::printf("200 groups moved in %lld ms (%zu scripts seen at once)\n",
                static_cast<long long>(to_ms(took)), most);

    // From the first start on.
    EXPECT_EQ(lab().log().count("node", "Late heartbeat"), 0U);
    EXPECT_EQ(lab().log().count("node", "is dead"), 0U);
    for (const char* daemon : {"hb-comm did not run", "hb-membership stood still"})
        EXPECT_EQ(lab().log().count("node", daemon), 0U) << daemon;
    for (const LogLine& line : lab().log().lines())
        if (line.text.find("Late heartbeat") != std::string::npos)
            ADD_FAILURE() << line.source << ": " << line.text;
}

}  // namespace
}  // namespace hb::lab
