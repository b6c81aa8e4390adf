// hb-ipfail: the node that clients reach keeps or gets the resources; as little moves as must.
#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

constexpr const char* kVip = Cluster::kVip;
constexpr const char* kOther = "10.77.1.100";  // on the heartbeat network
constexpr const char* kRouter = Lab::kRouterAddress;

class Ipfail : public ClusterTest {
  protected:
    static ClusterConfig config(const std::string& failback = "on") {
        ClusterConfig config;
        config.keepalive = "200ms";
        config.auto_failback = failback;
        config.more = {std::string("ping ") + kRouter,
                       "respawn hacluster /usr/lib64/heartbeat/ipfail"};
        return config;
    }
    void run(ClusterConfig with) {
        run_cluster(std::move(with));
        // Both have an opinion, and are told that of the other.
        for (unsigned n = 1; n <= 2; ++n)
            cluster().wait_log(n, "Ping node count is balanced.");
    }
    std::vector<AddressEvent> moves(const std::string& address, std::size_t since) {
        return lab().addresses().events_of(address, since);
    }
};

// The router is behind eth0, too: that it is lost says nothing of what lives on eth1.
TEST_F(Ipfail, loss_of_carrier_moves_what_lives_there_and_nothing_else) {
    ClusterConfig with = config();
    with.groups.push_back({1, std::string(kOther) + "/24/eth1"});
    run(with);
    const std::size_t since = lab().addresses().mark();
    const std::size_t log = lab().log().mark();
    node(1).pull(Cable::kService, Carrier::kLost);
    cluster().wait_owner(2);
    cluster().wait_log(1, "eth0 has no carrier: no client reaches", log);
    cluster().wait_log(1, "goes to node2: node1 has no carrier for it", log);
    cluster().wait_log(1, "NS: We are dead. :<", log);
    EXPECT_TRUE(stays([&] { return node(1).holds(kOther); }));
    EXPECT_TRUE(moves(kOther, since).empty());
    node(1).plug(Cable::kService);
    cluster().wait_log(1, "is no worse connected than node2 any more", log);
    cluster().wait_settled();  // auto_failback, once node1 was no worse for a while
    EXPECT_EQ(moves(kVip, since).size(), 4U) << "there and back, once";
}

// The article's second test: the switch is reached, and nothing behind it.
TEST_F(Ipfail, fewer_ping_nodes_move_the_group_in_heartbeats_words) {
    run(config());
    const std::size_t log = lab().log().mark();
    node(1).pull(Cable::kService, Carrier::kKept);
    cluster().wait_owner(2);
    cluster().wait_log(1, std::string("Link ") + kRouter + ":" + kRouter + " dead.", log);
    cluster().wait_log(1, std::string("Status update: Node ") + kRouter + " now has status dead",
                       log);
    cluster().wait_log(1, "NS: We are dead. :<", log);
    cluster().wait_log(1, "Giving up because we have less visible ping nodes.", log);
    cluster().wait_log(2, "Telling other node that we have more visible ping nodes.", log);
    cluster().wait_log(1, "goes to node2: it reaches more ping nodes", log);
    node(1).plug(Cable::kService);
    cluster().wait_log(1, "A ping node just came up.", log);
    cluster().wait_settled();
}

TEST_F(Ipfail, both_blind_moves_nothing) {
    run(config());
    const std::size_t since = lab().addresses().mark();
    const std::size_t log = lab().log().mark();
    for (unsigned n = 1; n <= 2; ++n)
        node(n).pull(Cable::kService, Carrier::kKept);
    for (unsigned n = 1; n <= 2; ++n)
        cluster().wait_log(n, "NS: We are dead. :<", log);
    EXPECT_TRUE(stays([&] { return node(1).holds(kVip); }));
    for (unsigned n = 1; n <= 2; ++n)
        node(n).plug(Cable::kService);
    for (unsigned n = 1; n <= 2; ++n)
        cluster().wait_log(n, "A ping node just came up.", log);
    EXPECT_TRUE(stays([&] { return node(1).holds(kVip); }));
    EXPECT_TRUE(moves(kVip, since).empty()) << "the address moved";
}

TEST_F(Ipfail, a_ping_node_that_comes_and_goes_moves_once) {
    run(config("off"));
    const std::size_t since = lab().addresses().mark();
    for (int i = 0; i < 3; ++i) {
        const std::size_t log = lab().log().mark();
        node(1).pull(Cable::kService, Carrier::kKept);
        cluster().wait_log(1, "NS: We are dead. :<", log);
        cluster().wait_owner(2);
        node(1).plug(Cable::kService);
        cluster().wait_log(1, "A ping node just came up.", log);
    }
    EXPECT_TRUE(stays([&] { return node(2).holds(kVip); }));
    EXPECT_EQ(moves(kVip, since).size(), 2U);
}

TEST_F(Ipfail, one_of_two_heartbeat_links_is_a_warning_and_nothing_more) {
    ClusterConfig with = config();
    with.media = {"bcast eth0 eth1"};
    run(with);
    const std::size_t since = lab().addresses().mark();
    const std::size_t log = lab().log().mark();
    node(1).pull(Cable::kHeartbeat, Carrier::kKept);
    cluster().wait_log(1, "Link node2:eth1 dead.", log);
    cluster().wait_log(1, "Link Status update: Link node2/eth1 now has status dead", log);
    cluster().wait_log(1, "Ping node count is balanced.", log);
    EXPECT_TRUE(stays([&] { return node(1).holds(kVip) && !node(2).holds(kVip); }));
    node(1).plug(Cable::kHeartbeat);
    cluster().wait_log(1, "Link node2:eth1 up.", log);
    EXPECT_TRUE(moves(kVip, since).empty()) << "the address moved";
}

}  // namespace
}  // namespace hb::lab
