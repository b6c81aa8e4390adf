// A configuration that is wrong stops the start: exit code 6, every error with its place, and not a
// process left behind.
#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

class WrongConfig : public ClusterTest {
  protected:
    // Starts node1, which must refuse; the log of that start is what is looked at.
    void expect_refusal(const std::vector<std::string>& words) {
        const std::size_t mark = lab().log().mark();
        cluster().start(1);
        ASSERT_TRUE(node(1).wait_exit(cluster().master(1), Cluster::kGenerous));
        EXPECT_EQ(cluster().master(1).exit_code(), 6);
        EXPECT_TRUE(node(1).processes().empty());
        for (const std::string& word : words)
            cluster().wait_log(1, word, mark);
        EXPECT_TRUE(lab().addresses().holders(Cluster::kVip).empty());
    }
};

TEST_F(WrongConfig, all_errors_at_once_with_their_places) {
    prepare_cluster();
    node(1).write_file("/etc/ha.d/ha.cf",
                       "node node1 node2\n"
                       "keepalive soon\n"
                       "bcast eth1\n"
                       "auto_fallback on\n");
    node(1).write_file("/etc/ha.d/haresources", "node3 10.77.0.100/24/eth0\n");
    expect_refusal({"ha.cf:2:", "ha.cf:4:", "auto_failback", "haresources:1:"});
}

TEST_F(WrongConfig, no_authkeys) {
    prepare_cluster();
    node(1).remove_file("/etc/ha.d/authkeys");
    expect_refusal({"authkeys"});
}

TEST_F(WrongConfig, authkeys_that_others_can_read) {
    prepare_cluster();
    node(1).write_file("/etc/ha.d/authkeys", cluster().config().authkeys, 0644);
    expect_refusal({"authkeys"});
}

TEST_F(WrongConfig, a_deadtime_below_the_least) {
    ClusterConfig config;
    config.keepalive = "2ms";
    config.deadtime = "10ms";
    prepare_cluster(config);
    expect_refusal({"ha.cf:3:", "Dead time"});
}

}  // namespace
}  // namespace hb::lab
