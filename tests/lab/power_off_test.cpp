// A host loses its power: no goodbye, no kernel that still answers.
#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

constexpr const char* kVip = Cluster::kVip;

class PowerOff : public ClusterTest {};

TEST_F(PowerOff, of_the_owner_moves_the_address_and_its_return_brings_it_back) {
    run_cluster();
    Probe probe(lab().client(), kVip);
    node(1).power_off();
    cluster().wait_owner(2);
    const LabTime moved = LabClock::now();
    cluster().wait("the client is answered by node2", [&] { return probe.answered_since(moved); });
    cluster().wait("the bystander hears node2",
                   [&] { return arp().owner(kVip) == node(2).mac(Cable::kService); });
    cluster().wait_log(2, "node node1: is dead");
    cluster().wait("node2 calls node1 dead", [&] { return cluster().node_status(2, 1) == "dead"; });

    node(1).boot();
    cluster().start(1);
    cluster().wait_settled();
}

TEST_F(PowerOff, of_the_owner_without_failback_leaves_the_address_where_it_went) {
    ClusterConfig config;
    config.auto_failback = "off";
    run_cluster(config);
    node(1).power_off();
    cluster().wait_owner(2);
    node(1).boot();
    cluster().start(1);
    cluster().wait_all_active();
    EXPECT_TRUE(stays([&] { return node(2).holds(kVip) && !node(1).holds(kVip); }));
}

TEST_F(PowerOff, of_the_other_moves_nothing) {
    run_cluster();
    const std::size_t mark = lab().addresses().mark();
    node(2).power_off();
    cluster().wait_log(1, "node node2: is dead");
    EXPECT_TRUE(stays([&] { return node(1).holds(kVip); }));
    EXPECT_TRUE(lab().addresses().events_of(kVip, mark).empty());
}

TEST_F(PowerOff, of_both_and_one_comes_back_alone) {
    run_cluster();
    node(2).power_off();
    node(1).power_off();
    node(2).boot();
    cluster().start(2);  // hears nobody: takes the address when initdead is over
    cluster().wait_owner(2);
    EXPECT_EQ(cluster().node_status(2, 1), "dead");
}

}  // namespace
}  // namespace hb::lab
