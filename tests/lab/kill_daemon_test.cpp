// A crash of one daemon is not an outage: it is back, its neighbours never noticed, nothing moved.
#include <algorithm>
#include <random>

#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

constexpr const char* kVip = Cluster::kVip;
constexpr const char* kDaemons[] = {"hb-comm", "hb-membership", "hb-resource", "hb-ipfail",
                                    "hb-fence"};
constexpr std::size_t kTimes = 50;  // each

class KillDaemon : public ClusterTest {
  protected:
    std::map<std::string, pid_t> pids(unsigned n) {
        std::map<std::string, pid_t> found;
        for (const RunningProcess& p : node(n).processes())
            if (p.name.starts_with("hb-") && p.state != 'Z') found[p.name] = p.pid;
        return found;
    }

    void kill_and_see_it_back(unsigned n, const std::string& daemon) {
        const std::map<std::string, pid_t> before = pids(n);
        ASSERT_EQ(before.size(), std::size(kDaemons) + 1) << "not all daemons run on node" << n;
        node(n).kill(daemon);
        cluster().wait(daemon + " is back", [&] {
            const std::map<std::string, pid_t> now = pids(n);
            return now.contains(daemon) && now.at(daemon) != before.at(daemon);
        });
        cluster().wait_all_active();
        cluster().wait_owner(1);
        std::map<std::string, pid_t> now = pids(n);
        for (const auto& [name, pid] : before) {
            if (name == daemon) continue;
            EXPECT_EQ(now[name], pid) << name << " was restarted too";
        }
    }
};

TEST_F(KillDaemon, in_random_order_on_both_nodes) {
    ClusterConfig config;
    config.more = {"respawn hacluster /usr/lib/heartbeat/ipfail",
                   "stonith_host * meatware node1 node2"};
    run_cluster(config);
    std::vector<std::string> order;
    for (const char* daemon : kDaemons)
        order.insert(order.end(), kTimes, daemon);
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    std::shuffle(order.begin(), order.end(), random);

    const std::size_t mark = lab().addresses().mark();
    for (const std::string& daemon : order) {
        const unsigned where = random() % 3 == 0 ? 2 : 1;  // mostly on the owner
        ASSERT_NO_FATAL_FAILURE(kill_and_see_it_back(where, daemon)) << daemon;
    }
    EXPECT_TRUE(lab().addresses().events_of(kVip, mark).empty()) << "the address was touched";
}

}  // namespace
}  // namespace hb::lab
