// Ping nodes: who cannot reach them is the one that is cut off, and knows it before anybody takes
// over from it.
#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

constexpr const char* kVip = Cluster::kVip;
constexpr const char* kRouter = Lab::kRouterAddress;

class PingNodes : public ClusterTest {
  protected:
    static ClusterConfig config() {
        ClusterConfig config;
        config.keepalive = "200ms";
        config.more = {std::string("ping ") + kRouter, "ping_group others 10.77.0.222 10.77.0.200"};
        return config;
    }
    // "ping", "dead"; empty: it cannot be said.
    std::string ping_status(unsigned asked, const std::string& name) {
        const auto all = cluster().status(asked);
        if (!all) return {};
        for (const auto& entry : all->at("ping_nodes"))
            if (entry.at("name") == name) return entry.at("status");
        return {};
    }
    void wait_ping(unsigned asked, const std::string& name, const std::string& status) {
        cluster().wait(name + " is " + status, [&] { return ping_status(asked, name) == status; });
    }
};

TEST_F(PingNodes, are_shown_with_heartbeats_lines) {
    run_cluster(config());
    for (unsigned n = 1; n <= 2; ++n) {
        wait_ping(n, kRouter, "ping");
        wait_ping(n, "others", "ping");  // one of the two answers
        cluster().wait_log(n, "ping heartbeat started.");
        cluster().wait_log(n, std::string("Link ") + kRouter + ":" + kRouter + " up.");
        cluster().wait_log(n, std::string("Status update for node ") + kRouter + ": status ping");
    }
    // The cable of node1 towards them, its carrier kept: nobody but its pings notices.
    const std::size_t log = lab().log().mark();
    node(1).pull(Cable::kService, Carrier::kKept);
    wait_ping(1, kRouter, "dead");
    cluster().wait_log(1, std::string("node ") + kRouter + ": is dead", log);
    EXPECT_EQ(ping_status(2, kRouter), "ping");
    node(1).plug(Cable::kService);
    wait_ping(1, kRouter, "ping");
}

TEST_F(PingNodes, a_node_off_all_cables_lets_go_before_the_other_takes) {
    run_cluster(config());
    const std::size_t log = lab().log().mark();
    const std::size_t addresses = lab().addresses().mark();
    node(1).pull(Cable::kHeartbeat, Carrier::kKept);
    node(1).pull(Cable::kService, Carrier::kKept);
    cluster().wait_log(1, "no ping node answers and nobody acknowledges us", log);
    cluster().wait_owner(2);
    const auto events = lab().addresses().events_of(kVip, addresses);
    ASSERT_GE(events.size(), 2U);
    EXPECT_EQ(events[0].node, 1U) << "it lets go first";
    EXPECT_EQ(events[1].node, 2U);
    node(1).plug(Cable::kHeartbeat);
    node(1).plug(Cable::kService);
    cluster().wait_settled();
}

TEST_F(PingNodes, a_split_that_both_survive_moves_nothing) {
    run_cluster(config());
    const std::size_t log = lab().log().mark();
    const std::size_t addresses = lab().addresses().mark();
    node(2).pull(Cable::kHeartbeat, Carrier::kKept);
    cluster().wait_log(2, "is held by", log);
    EXPECT_TRUE(stays([&] { return node(1).holds(kVip) && !node(2).holds(kVip); }));
    node(2).plug(Cable::kHeartbeat);
    cluster().wait_settled();
    EXPECT_TRUE(lab().addresses().events_of(kVip, addresses).empty()) << "the address moved";
}

// Nobody reaches a ping node: whoever is silent may be healthy for all anybody knows.
TEST_F(PingNodes, nobody_takes_over_while_none_answers) {
    ClusterConfig blind = config();
    blind.more = {"ping 10.77.0.222"};  // nobody has it
    run_cluster(blind);
    wait_ping(2, "10.77.0.222", "dead");
    node(1).power_off();
    cluster().wait("node2 says that it is isolated", [&] {
        const auto all = cluster().status(2);
        return all && all->at("nodes").at(1).at("isolated") == true;
    });
    EXPECT_TRUE(stays([&] { return !node(2).holds(kVip); }));
}

}  // namespace
}  // namespace hb::lab
