// SIGKILL to the master, and to everything at once. What the kernel still holds, nobody else takes.
#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

constexpr const char* kVip = Cluster::kVip;

class MasterKill : public ClusterTest {
  protected:
    [[nodiscard]] bool suite_is_gone(unsigned n) {
        for (const RunningProcess& p : node(n).processes())
            if (p.name.starts_with("hb-") && p.state != 'Z') return false;
        return true;
    }
};

TEST_F(MasterKill, makes_its_children_let_go_and_leave) {
    run_cluster();
    node(1).kill("hb-master");
    cluster().wait("every daemon of node1 has ended", [&] { return suite_is_gone(1); });
    cluster().wait_owner(2);
    cluster().start(1);
    cluster().wait_settled();
}

TEST_F(MasterKill, with_all_at_once_leaves_the_address_and_nobody_takes_it) {
    run_cluster();
    const std::size_t addresses = lab().addresses().mark();
    const std::size_t log = lab().log().mark();
    node(1).kill_all();
    cluster().wait_log(2, "node node1: is dead", log);
    cluster().wait_log(2, "is held by " + node(1).mac(Cable::kService), log);
    EXPECT_TRUE(stays([&] { return node(1).holds(kVip) && !node(2).holds(kVip); }));

    cluster().start(1);
    cluster().wait_settled();
    EXPECT_TRUE(lab().addresses().events_of(kVip, addresses).empty()) << "the address moved";
}

TEST_F(MasterKill, with_all_at_once_and_then_the_power) {
    run_cluster();
    node(1).kill_all();
    cluster().wait_log(2, "is held by");
    node(1).power_off();
    cluster().wait_owner(2);
}

}  // namespace
}  // namespace hb::lab
