// A node that stands still: SIGSTOP to every process, while its kernel goes on and answers.
#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

constexpr const char* kVip = Cluster::kVip;

class Freeze : public ClusterTest {
  protected:
    // The kernel of the frozen owner answers for the address: the other refuses, says why, and when
    // the owner goes on it has lost nothing that anybody took.
    void freeze_owner(Duration how_long) {
        run_cluster();
        const std::size_t log = lab().log().mark();
        const LabTime end = LabClock::now() + how_long;
        node(1).freeze();
        cluster().wait_log(2, "node node1: is dead", log);
        cluster().wait_log(2, "is held by", log);
        EXPECT_FALSE(lab().wakeup().wait(end - LabClock::now(), [&] {
            return node(2).holds(kVip);
        })) << "node2 took what node1's kernel answers for";
        node(1).thaw();
        cluster().wait_settled();
        cluster().wait_log(1, "stood still for", log);
    }
};

TEST_F(Freeze, of_one_and_a_half_deadtimes) {
    freeze_owner(1500ms);
}

TEST_F(Freeze, of_five_deadtimes) {
    freeze_owner(5s);
}

// The service cable of the frozen owner is out as well: the other takes over, and the owner lets go
// before it says anything else.
TEST_F(Freeze, behind_a_dead_cable_lets_go_at_the_thaw) {
    two_owners_are_allowed();  // the frozen one is off the service network, and its kernel keeps it
    ClusterConfig config;
    config.auto_failback = "off";
    run_cluster(config);
    node(1).freeze();
    node(1).pull(Cable::kService, Carrier::kKept);
    cluster().wait("node2 has the address", [&] { return node(2).holds(kVip); });
    const std::size_t log = lab().log().mark();
    const std::size_t addresses = lab().addresses().mark();
    node(1).thaw();
    cluster().wait("node1 has let go", [&] { return !node(1).holds(kVip); });
    EXPECT_TRUE(node(2).holds(kVip));
    for (const AddressEvent& event : lab().addresses().events_of(kVip, addresses))
        EXPECT_EQ(event.node, 1U) << "node2 lost what it had taken";
    cluster().wait_log(1, "stood still for", log);
    node(1).plug(Cable::kService);
    arp().restart();
    cluster().wait_all_active();
    cluster().wait_owner(2);
    EXPECT_TRUE(arp().double_owners().empty());
}

}  // namespace
}  // namespace hb::lab
