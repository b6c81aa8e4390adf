// The suite is stopped as the service manager stops it: resources released, peers told.
#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

constexpr const char* kVip = Cluster::kVip;

class OrderlyStop : public ClusterTest {
  protected:
    bool nothing_runs(unsigned n) {
        for (const RunningProcess& p : node(n).processes())
            if (p.name.starts_with("hb-") && p.state != 'Z') return false;
        return true;
    }
};

TEST_F(OrderlyStop, of_the_owner_hands_the_address_over) {
    run_cluster();
    Probe probe(lab().client(), kVip);
    EXPECT_EQ(cluster().stop(1), 0);
    cluster().wait_owner(2);
    const LabTime moved = LabClock::now();
    cluster().wait("the client is answered by node2", [&] { return probe.answered_since(moved); });
    EXPECT_TRUE(nothing_runs(1));
    // It said goodbye: nobody had to wait for a silence.
    EXPECT_FALSE(lab().log().find("node2", "Late heartbeat"));

    cluster().start(1);
    cluster().wait_settled();
}

TEST_F(OrderlyStop, of_the_other_moves_nothing) {
    run_cluster();
    const std::size_t mark = lab().addresses().mark();
    EXPECT_EQ(cluster().stop(2), 0);
    EXPECT_TRUE(stays([&] { return node(1).holds(kVip); }));
    cluster().start(2);
    cluster().wait_all_active();
    EXPECT_TRUE(lab().addresses().events_of(kVip, mark).empty());
}

TEST_F(OrderlyStop, of_all_leaves_the_address_nowhere) {
    run_cluster();
    EXPECT_EQ(cluster().stop(2), 0);
    EXPECT_EQ(cluster().stop(1), 0);
    EXPECT_TRUE(lab().addresses().holders(kVip).empty());
    EXPECT_TRUE(nothing_runs(1));
    EXPECT_TRUE(nothing_runs(2));
    cluster().start_all();
    cluster().wait_settled();
}

}  // namespace
}  // namespace hb::lab
