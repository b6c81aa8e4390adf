// A firewall on udp/694 makes nodes deaf or mute while their kernels still answer for what they
// have: the classic way to two owners, and here to none.
#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

constexpr const char* kVip = Cluster::kVip;

struct Case {
    const char* name;
    unsigned node;
    Direction direction;
};

class Firewall : public ClusterTest, public ::testing::WithParamInterface<Case> {};

TEST_P(Firewall, gives_a_reason_and_never_a_second_owner) {
    run_cluster();
    const std::size_t addresses = lab().addresses().mark();
    const std::size_t log = lab().log().mark();
    node(GetParam().node).block_heartbeats(GetParam().direction);

    // Whoever does not hear calls the other dead, and is refused the address.
    const bool node1_deaf = (GetParam().node == 1 && GetParam().direction != Direction::kOut) ||
                            (GetParam().node == 2 && GetParam().direction != Direction::kIn);
    const bool node2_deaf = (GetParam().node == 2 && GetParam().direction != Direction::kOut) ||
                            (GetParam().node == 1 && GetParam().direction != Direction::kIn);
    if (node1_deaf) cluster().wait_log(1, "node node2: is dead", log);
    if (node2_deaf) {
        cluster().wait_log(2, "node node1: is dead", log);
        const std::string name = cluster().config().groups[0].resources;
        cluster().wait("node2 says why it does not start the group", [&] {
            const nlohmann::json group = cluster().group(2, name);
            return group.is_object() && group.at("state") != "running" &&
                   group.at("reason").get<std::string>().find("held by") != std::string::npos;
        });
        cluster().wait_log(2, "is held by", log);
    }
    // Mute: it hears that the other one has the address, and says so, and why it keeps off.
    if (node1_deaf && !node2_deaf) {
        const std::string name = cluster().config().groups[0].resources;
        cluster().wait("node2 says why it does not start the group", [&] {
            const nlohmann::json group = cluster().group(2, name);
            return group.is_object() && group.at("owner") == "node1" &&
                   group.at("reason").get<std::string>().find(
                       "node1 is heard, but does not hear us") != std::string::npos;
        });
    }
    // The side that still hears names the likely cause.
    if (node1_deaf != node2_deaf)
        cluster().wait_log(node1_deaf ? 2 : 1, "does not hear us on eth1", log);
    EXPECT_TRUE(stays([&] { return node(1).holds(kVip) && !node(2).holds(kVip); }));

    node(GetParam().node).open_firewall();
    cluster().wait_settled();
    EXPECT_TRUE(lab().addresses().events_of(kVip, addresses).empty()) << "the address moved";
}

INSTANTIATE_TEST_SUITE_P(
    Each, Firewall,
    ::testing::Values(Case{"deaf_other", 2, Direction::kIn}, Case{"mute_other", 2, Direction::kOut},
                      Case{"deaf_owner", 1, Direction::kIn}, Case{"mute_owner", 1, Direction::kOut},
                      Case{"silence", 2, Direction::kBoth}),
    [](const ::testing::TestParamInfo<Case>& each) { return each.param.name; });

}  // namespace
}  // namespace hb::lab
