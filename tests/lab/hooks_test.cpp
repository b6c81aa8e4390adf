// Programs that are told what happens, and Heartbeat's hooks: told, in order, as the right user,
// and never waited for.
#include <fmt/format.h>

#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

using nlohmann::json;

constexpr const char* kTell = R"sh(#!/bin/sh
id -un > /tmp/told.by
while read -r line; do echo "$line" >> /tmp/told; done
echo the end >> /tmp/told
)sh";
constexpr const char* kOneLine = R"sh(#!/bin/sh
read -r line && echo "$line" >> /tmp/told.once
)sh";
constexpr const char* kStatus = R"sh(#!/bin/sh
echo "$1: $HA_t $HA_src $HA_OSTATUS-$HA_st $HA_CURHOST $HA_keepalive $HA_DIR $(id -un)" >> /run/hook
)sh";
constexpr const char* kTaken = R"sh(#!/bin/sh
echo "$HA_ipaddr $HA_ok" >> /run/hook.taken
)sh";

class Hooks : public ClusterTest {
  protected:
    std::vector<json> told(unsigned n, const std::string& file = "/tmp/told") {
        std::vector<json> lines;
        std::istringstream in(node(n).run({"cat", file}).out);
        for (std::string line; std::getline(in, line);)
            if (json::accept(line)) lines.push_back(json::parse(line));
        return lines;
    }
    bool was_told(unsigned n, const json& part, const std::string& file = "/tmp/told") {
        for (const json& line : told(n, file)) {
            bool all = true;
            for (const auto& [key, value] : part.items())
                all = all && line.value(key, json()) == value;
            if (all) return true;
        }
        return false;
    }
    bool has_line(unsigned n, const std::string& file, const std::string& line) {
        return node(n).run({"grep", "-Fx", line, file}).exit_code == 0;
    }
};

TEST_F(Hooks, are_told_what_happens) {
    ClusterConfig config;
    config.more = {"notify /etc/ha.d/tell", "notify root /etc/ha.d/one-line"};
    prepare_cluster(config);
    for (unsigned n : {1U, 2U}) {
        node(n).write_file("/etc/ha.d/tell", kTell, 0755);
        node(n).write_file("/etc/ha.d/one-line", kOneLine, 0755);
    }
    node(2).write_file("/etc/ha.d/rc.d/status", kStatus, 0755);
    node(2).write_file("/etc/ha.d/rc.d/ip-request-resp", kTaken, 0755);
    cluster().start_all();
    cluster().wait_settled();
    cluster().wait("a snapshot", [&] { return was_told(2, {{"event", "snapshot"}}); });
    EXPECT_EQ(node(2).read_file("/tmp/told.by"), "hacluster\n");

    node(1).power_off();
    cluster().wait_owner(2);
    cluster().wait("the program is told", [&] {
        return was_told(2, {{"event", "node"}, {"node", "node1"}, {"status", "dead"}}) &&
               was_told(2, {{"event", "group"}, {"node", "node2"}, {"state", "running"}}) &&
               was_told(2, {{"event", "link"}, {"node", "node1"}, {"status", "dead"}});
    });
    // In order, none missing, and the same to a program that reads one line a time.
    std::uint64_t last = 0;
    for (const json& line : told(2)) {
        EXPECT_EQ(line.at("version"), 1);
        EXPECT_EQ(line.at("host"), "node2");
        EXPECT_GT(line.at("number"), last) << line;
        last = line.at("number");
    }
    cluster().wait("so is the other", [&] {
        return was_told(2, {{"event", "node"}, {"node", "node1"}, {"status", "dead"}},
                        "/tmp/told.once");
    });
    cluster().wait("the hook ran", [&] {
        return has_line(2, "/run/hook",
                        "status: status node1 active-dead node2 250ms /etc/ha.d root");
    });
    cluster().wait("the other hook ran",
                   [&] { return has_line(2, "/run/hook.taken", "10.77.0.100/24/eth0 OK"); });
    cluster().wait_log(2, "Running /etc/ha.d/rc.d/status status");

    // The last word is not lost.
    EXPECT_EQ(cluster().stop(2), 0);
    EXPECT_TRUE(has_line(2, "/tmp/told", "the end"));
}

TEST_F(Hooks, delay_nothing) {
    ClusterConfig config;
    config.more = {"notify root /bin/sleep 1000", "notify root /bin/false"};
    prepare_cluster(config);
    node(2).write_file("/etc/ha.d/rc.d/status", "#!/bin/sh\nsleep 1000\n", 0755);
    node(2).write_file("/etc/ha.d/rc.d/ip-request-resp",
                       "#!/bin/sh\n$HA_BIN/ResourceManager takegroup $HA_ipaddr\n", 0755);
    cluster().start_all();
    cluster().wait_settled();
    cluster().wait_log(2, "/bin/false exited with return code 1: it is started again in 1 s");
    const LabTime cut = node(1).power_off();
    cluster().wait_owner(2);
    EXPECT_LT(lab().addresses().events_of(Cluster::kVip).back().at - cut, 3s);
    cluster().wait_log(2, "ip-request-resp is not run: it calls 'ResourceManager'");
    EXPECT_EQ(cluster().stop(2), 0);
    for (const RunningProcess& p : node(2).processes())
        EXPECT_NE(p.name, "sleep") << "left behind";
}

}  // namespace
}  // namespace hb::lab
