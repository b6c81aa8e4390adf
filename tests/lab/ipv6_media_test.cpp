// Heartbeats over IPv6 and nothing else: mcast6 and ucast6, by address, link-local address and
// name.
#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

constexpr const char* kVip = Cluster::kVip;

struct Case {
    const char* name;
    std::vector<std::string> media;
    std::size_t links = 1;
};
class Ipv6Media : public ClusterTest, public ::testing::WithParamInterface<Case> {
  protected:
    [[nodiscard]] bool nothing_moved_since(std::size_t addresses) {
        return lab().addresses().events_of(kVip, addresses).empty();
    }
    // As `n` sees those to its peer: each heard, and hearing.
    [[nodiscard]] std::size_t good_links(unsigned n) {
        const auto status = cluster().status(n);
        if (!status) return 0;
        std::size_t good = 0;
        for (const nlohmann::json& node : status->at("nodes"))
            for (const nlohmann::json& link : node.at("links"))
                good += link.at("status") == "up" && link.at("fault") == "none" ? 1U : 0U;
        return good;
    }
};

TEST_P(Ipv6Media, CarriesACluster) {
    ClusterConfig config;
    config.media = GetParam().media;
    run_cluster(config);
    for (const unsigned n : {1U, 2U})
        cluster().wait("all links are up", [&] { return good_links(n) == GetParam().links; });
    for (const char* n : {"node1", "node2"}) {
        // Both ways: one that works one way only is named. And the line with the own address.
        EXPECT_FALSE(lab().log().find(n, "does not hear us"));
        EXPECT_FALSE(lab().log().find(n, "Unable to send"));
    }
    const std::size_t addresses = lab().addresses().mark();

    // The cable is out, and in again.
    std::size_t log = lab().log().mark();
    node(2).pull(Cable::kHeartbeat, Carrier::kLost);
    cluster().wait_log(2, "eth1 has no carrier", log);
    cluster().wait_log(2, "Link node1:eth1 dead.", log);
    cluster().wait_log(1, "node node2: is dead", log);
    EXPECT_TRUE(stays([&] { return node(1).holds(kVip) && !node(2).holds(kVip); }));
    node(2).plug(Cable::kHeartbeat);
    cluster().wait_settled();
    EXPECT_TRUE(nothing_moved_since(addresses));

    // A firewall that lets them through one way.
    log = lab().log().mark();
    node(2).block_heartbeats(Direction::kIn);
    cluster().wait_log(2, "node node1: is dead", log);
    cluster().wait_log(1, "does not hear us on eth1", log);
    EXPECT_TRUE(stays([&] { return node(1).holds(kVip) && !node(2).holds(kVip); }));
    node(2).open_firewall();
    cluster().wait_settled();
    EXPECT_TRUE(nothing_moved_since(addresses));

    node(1).power_off();
    cluster().wait_owner(2);
}

INSTANTIATE_TEST_SUITE_P(
    Each, Ipv6Media,
    ::testing::Values(
        Case{"mcast6", {"mcast6 eth1 ff12::1:2:3:4 694 1 0"}},
        Case{"ucast6", {"ucast6 eth1 fd77:0:0:1::1", "ucast6 eth1 fd77:0:0:1::2"}},
        Case{"names", {"ucast6 eth1 node1-hb", "ucast6 eth1 node2-hb"}},
        // What the kernel makes of the MAC addresses 02:00:0a:4d:01:01 and :02.
        Case{"link_local",
             {"ucast6 eth1 fe80::aff:fe4d:101%eth1", "ucast6 eth1 fe80::aff:fe4d:102"}},
        Case{"all",
             {"bcast eth1", "mcast eth1 239.77.0.1 694 1 0", "mcast6 eth1 ff12::1:2:3:4 694 1 0",
              "ucast6 eth1 fd77:0:0:1::1", "ucast6 eth1 fd77:0:0:1::2"},
             4}),
    [](const ::testing::TestParamInfo<Case>& each) { return std::string(each.param.name); });

// The interface is set down and up. The group is still joined, and while the kernel makes sure that
// its addresses are nobody else's, nothing can be sent and nobody complains.
class Ipv6Interface : public ClusterTest {};

TEST_F(Ipv6Interface, Mcast6ComesBackWithItsInterface) {
    ClusterConfig config;
    config.media = {"mcast6 eth1 ff12::1:2:3:4 694 1 0"};
    run_cluster(config);
    const std::size_t log = lab().log().mark();
    node(2).network().sysctl("ipv6/conf/eth1/accept_dad", "1");
    node(2).network().ip("link set eth1 down\n");
    cluster().wait_log(2, "Link node1:eth1 dead.", log);
    node(2).network().ip("link set eth1 up\n");
    cluster().wait_log(2, "Link node1:eth1 up.", log);
    cluster().wait_log(1, "Link node2:eth1 up.", log);
    cluster().wait_settled();
    EXPECT_FALSE(lab().log().find("node2", "Unable to send", log));
}

}  // namespace
}  // namespace hb::lab
