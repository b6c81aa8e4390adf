// hactl net: what one does with arp, tcpdump and iptables by hand when heartbeats do not arrive.
#include <fmt/format.h>

#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

constexpr const char* kVip = Cluster::kVip;
constexpr const char* kVip2 = "10.77.0.101";

class HactlNet : public ClusterTest {
  protected:
    static ClusterConfig config() {
        ClusterConfig config;
        config.groups = {{1, std::string(kVip) + "/24/eth0"}, {2, std::string(kVip2) + "/24/eth0"}};
        return config;
    }
    void expect(const CommandResult& result, int code, const std::vector<std::string>& lines) {
        EXPECT_EQ(result.exit_code, code) << result.out << result.err;
        for (const std::string& line : lines)
            EXPECT_NE(result.out.find(line), std::string::npos) << line << "\n" << result.out;
    }
};

TEST_F(HactlNet, shows_who_answers_and_who_sends) {
    run_cluster(config());
    expect(cluster().hactl(1, {"net"}), 0,
           {fmt::format("  {}: group {}/24/eth0, running on node1\n    here, on eth0:0\n"
                        "    on eth0 nobody else answers for it\n",
                        kVip, kVip),
            fmt::format("running on node2\n    not here\n    on eth0 {} answers for it\n",
                        node(2).mac(Cable::kService)),
            "  eth1, udp/694\n", "sent from here\n",
            fmt::format("from {} (node2), key 1\n", node(2).address(Cable::kHeartbeat))});
    // Without the suite it still listens.
    cluster().stop(1);
    cluster().wait_owner(2);
    expect(cluster().hactl(1, {"net"}), 7,
           {"  ! ha-suite is not running on this node",
            fmt::format("from {} (node2), key 1\n", node(2).address(Cable::kHeartbeat))});
}

TEST_F(HactlNet, finds_the_firewall) {
    run_cluster(config());
    node(1).block_heartbeats(Direction::kIn);
    cluster().wait_log(1, "node node2: is dead");
    expect(cluster().hactl(1, {"net"}), 7,
           {"  ! they reach eth1, but hb-comm hears nothing of node2 on it: something on this host "
            "drops udp/694 that comes in\n",
            "udp dport 694 drop\n"});
    // The other side sees that it is not heard.
    expect(cluster().hactl(2, {"net"}), 7, {"  ! node1 does not hear us on eth1"});
    node(1).open_firewall();
    cluster().wait_settled();
}

// Heartbeats over IPv6 only, an address of that family: asked for by NDP, frames found in IPv6.
TEST_F(HactlNet, over_ipv6) {
    const std::string vip = Cluster::kVipV6;
    const std::string vip2 = "fd77::101";
    ClusterConfig with;
    with.media = {"ucast6 eth1 fd77:0:0:1::1", "ucast6 eth1 fd77:0:0:1::2"};
    with.groups = {{1, fmt::format("IPv6addr::{}/64/eth0", vip)},
                   {2, fmt::format("IPv6addr::{}/64/eth0", vip2)}};
    run_cluster(with);
    expect(cluster().hactl(1, {"net"}), 0,
           {fmt::format("  {0}: group IPv6addr::{0}/64/eth0, running on node1\n    here, on eth0\n"
                        "    on eth0 nobody else answers for it\n",
                        vip),
            fmt::format("running on node2\n    not here\n    on eth0 {} answers for it\n",
                        node(2).mac(Cable::kService)),
            "  eth1, udp/694\n", "sent from here\n",
            fmt::format("from {} (node2), key 1\n", node(2).address_v6(Cable::kHeartbeat))});
    node(1).block_heartbeats(Direction::kIn);
    cluster().wait_log(1, "node node2: is dead");
    expect(cluster().hactl(1, {"net"}), 7,
           {"  ! they reach eth1, but hb-comm hears nothing of node2 on it: something on this host "
            "drops udp/694 that comes in\n"});
    node(1).open_firewall();
    cluster().wait_settled();
}

TEST_F(HactlNet, finds_another_key) {
    ClusterConfig with = config();
    prepare_cluster(with);
    node(2).write_file("/etc/ha.d/authkeys", "auth 1\n1 sha1 another-key\n", 0600);
    two_owners_are_allowed();  // they cannot know of each other
    cluster().start_all();
    cluster().wait("node1 is up", [&] { return cluster().node_status(1, 1) == "active"; });
    const CommandResult result = cluster().hactl(1, {"net"});
    expect(result, 7,
           {fmt::format("from {}: wrong key 1 (sha1)\n", node(2).address(Cable::kHeartbeat)),
            "  ! nothing genuine from node2: frames that are refused may be its\n"});
}

}  // namespace
}  // namespace hb::lab
