// The promises of IPv4 addresses, kept for IPv6 ones: moved when the owner is gone, never on two
// nodes, neighbours told.
#include <fmt/format.h>

#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

constexpr const char* kVip = Cluster::kVipV6;

// One group with addresses of both families.
ClusterConfig both_families() {
    ClusterConfig config;
    config.groups = {
        {.preferred = 1, .resources = "10.77.0.100/24/eth0 IPv6addr::fd77::100/64/eth0"}};
    return config;
}

class Ipv6 : public ClusterTest {
  protected:
    void wait_answered_by(unsigned n) {
        cluster().wait(fmt::format("the bystander hears node{}", n),
                       [&] { return arp().owner(kVip) == node(n).mac(Cable::kService); });
    }
};

TEST_F(Ipv6, PowerOffOfTheOwnerMovesTheAddressAndItsReturnBringsItBack) {
    run_cluster(both_families());
    Probe probe(lab().client(), kVip);
    arp().restart();
    node(1).power_off();
    cluster().wait_owner(2, kVip);
    cluster().wait_owner(2, Cluster::kVip);
    const LabTime moved = LabClock::now();
    cluster().wait("the client is answered by node2", [&] { return probe.answered_since(moved); });
    wait_answered_by(2);
    bool announced = false;
    for (const Announcement& a : arp().announcements())
        announced |= a.address == kVip && a.mac == node(2).mac(Cable::kService);
    EXPECT_TRUE(announced);

    node(1).boot();
    cluster().start(1);
    cluster().wait_settled();
    wait_answered_by(1);
}

TEST_F(Ipv6, AnOrderlyStopHandsTheAddressOver) {
    run_cluster(both_families());
    Probe probe(lab().client(), kVip);
    EXPECT_EQ(cluster().stop(1), 0);
    cluster().wait_owner(2, kVip);
    const LabTime moved = LabClock::now();
    cluster().wait("the client is answered by node2", [&] { return probe.answered_since(moved); });
    EXPECT_FALSE(lab().log().find("node2", "Late heartbeat"));
    cluster().start(1);
    cluster().wait_settled();
}

// Nothing may take the square of it.
class Thousand : public ClusterTest, public ::testing::WithParamInterface<bool> {};

TEST_P(Thousand, AddressesMove) {
    const auto nth = [](unsigned i) {
        return GetParam() ? fmt::format("fd77::1:{:x}", i)
                          : fmt::format("10.77.{}.{}", 2 + i / 250, 1 + i % 250);
    };
    ClusterConfig config;
    std::string resources;
    for (unsigned i = 1; i <= 1000; i++)
        resources += GetParam() ? fmt::format(" IPv6addr::{}/64/eth0", nth(i))
                                : fmt::format(" {}/16/eth0", nth(i));
    // Watched are the first and the last: a question for each in every period is a flood.
    config.groups.clear();
    config.haresources_text = "node1" + resources + "\n";
    prepare_cluster(config);
    ArpWatch watch(lab().client(), {nth(1), nth(1000)});
    lab().client().ip("addr add 10.77.0.202/16 dev eth0\n");
    cluster().start_all();
    cluster().wait_owner(1, nth(1000));
    cluster().wait_all_active();
    Probe probe(lab().client(), nth(1000));
    node(1).power_off();
    cluster().wait_owner(2, nth(1000));
    cluster().wait_owner(2, nth(1));
    const LabTime moved = LabClock::now();
    cluster().wait("the client is answered by node2", [&] { return probe.answered_since(moved); });
    EXPECT_TRUE(watch.double_owners().empty());
    EXPECT_TRUE(lab().addresses().overlaps(nth(1000)).empty());
    std::printf("outage of the last of 1000 addresses, deadtime 1 s: %.0f ms\n",
                to_ms(probe.report().outage));
}

INSTANTIATE_TEST_SUITE_P(Each, Thousand, ::testing::Bool(),
                         [](const ::testing::TestParamInfo<bool>& each) {
                             return std::string(each.param ? "IPv6" : "IPv4");
                         });

// Its interface is set down and up: the kernel drops IPv6 addresses then.
TEST_F(Ipv6, TheAddressComesBackWithItsInterface) {
    run_cluster(both_families());
    node(1).network().ip("link set eth0 down\n");
    cluster().wait_log(1, "eth0 was set down, and IPv6 addresses with it");
    node(1).network().ip("link set eth0 up\n");
    cluster().wait("somebody has it again",
                   [&] { return lab().addresses().holders(kVip).size() == 1; });
    cluster().wait_settled();
}

struct Case {
    const char* name;
    unsigned node;
    Direction direction;
};
class Ipv6Firewall : public ClusterTest, public ::testing::WithParamInterface<Case> {};

// Only an IPv6 address, so that it is NDP and nothing else that says whose it is.
TEST_P(Ipv6Firewall, GivesAReasonAndNeverASecondOwner) {
    ClusterConfig config;
    config.groups = {{.preferred = 1, .resources = "IPv6addr::fd77::100/64/eth0"}};
    run_cluster(config);
    const std::size_t addresses = lab().addresses().mark();
    const std::size_t log = lab().log().mark();
    node(GetParam().node).block_heartbeats(GetParam().direction);
    const bool node2_deaf = (GetParam().node == 2 && GetParam().direction != Direction::kOut) ||
                            (GetParam().node == 1 && GetParam().direction != Direction::kIn);
    if (node2_deaf) {
        cluster().wait_log(2, "node node1: is dead", log);
        cluster().wait_log(2, "is held by", log);
    } else {
        cluster().wait_log(1, "node node2: is dead", log);
    }
    EXPECT_TRUE(stays([&] { return node(1).holds(kVip) && !node(2).holds(kVip); }));
    node(GetParam().node).open_firewall();
    cluster().wait_settled();
    EXPECT_TRUE(lab().addresses().events_of(kVip, addresses).empty()) << "the address moved";
}

INSTANTIATE_TEST_SUITE_P(
    Each, Ipv6Firewall,
    ::testing::Values(Case{"deaf_other", 2, Direction::kIn}, Case{"mute_other", 2, Direction::kOut},
                      Case{"mute_owner", 1, Direction::kOut}, Case{"silence", 2, Direction::kBoth}),
    [](const ::testing::TestParamInfo<Case>& each) { return each.param.name; });

}  // namespace
}  // namespace hb::lab
