// A configuration that is wrong stops the start: exit code 6, every error with its place, and
// nothing half started: no process, no address, not a file that was not there.
#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

class WrongConfig : public ClusterTest {
  protected:
    // Starts node1, which must refuse; the log of that start is what is looked at.
    void expect_refusal(const std::vector<std::string>& words) {
        const std::size_t mark = lab().log().mark();
        const std::size_t addresses = lab().addresses().mark();
        const std::string files = files_of_suite();
        cluster().start(1);
        ASSERT_TRUE(node(1).wait_exit(cluster().master(1), Cluster::kGenerous));
        EXPECT_EQ(cluster().master(1).exit_code(), 6);
        EXPECT_TRUE(node(1).processes().empty());
        for (const std::string& word : words)
            cluster().wait_log(1, word, mark);
        EXPECT_TRUE(lab().addresses().events_of(Cluster::kVip, addresses).empty());
        EXPECT_EQ(files_of_suite(), files);

        const CommandResult check = cluster().hactl(1, {"check"});
        EXPECT_EQ(check.exit_code, 6);
        for (const std::string& word : words)
            EXPECT_NE(check.out.find(word), std::string::npos)
                << "hactl check says nothing of " << word << ":\n"
                << check.out;
    }
    // Everything that the suite could have left in its own places: names, sizes, times.
    std::string files_of_suite() {
        return node(1)
            .run({"find", "/run", "/var/lib/ha-suite", "/etc/ha.d", "-printf", "%p %y %s %m %T@\n"})
            .out;
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

// Heartbeat's own way to say it, and everything else that is wrong, in one go.
TEST_F(WrongConfig, in_all_three_files) {
    prepare_cluster();
    node(1).write_file("/etc/ha.d/ha.cf",
                       "node node2 node3\n"
                       "keepalive 1\n"
                       "deadtime never\n");
    node(1).write_file("/etc/ha.d/haresources", "node2 10.77.0.300\n");
    node(1).write_file("/etc/ha.d/authkeys", "auth 2\n1 sha1 a-key\n", 0600);
    expect_refusal({"node1", "ha.cf:3:", "haresources:1:", "authkeys:1:"});
}

// What only this host can tell, together with what is wrong in the files themselves.
TEST_F(WrongConfig, of_this_host_too) {
    prepare_cluster();
    node(1).write_file("/etc/ha.d/ha.cf",
                       "node node1 node2\n"
                       "keepalive soon\n"
                       "bcast eth1\n"
                       "respawn nobody-of-that-name /bin/true\n"
                       "respawn root /no/such/program\n");
    node(1).write_file("/etc/ha.d/haresources", "node1 no-such-script\n");
    expect_refusal({"ha.cf:2:", "Invalid uid [nobody-of-that-name]", "[/no/such/program]",
                    "haresources:1:", "no-such-script"});
}

// The suite has run here before: what that left is as it was.
TEST_F(WrongConfig, after_a_good_one) {
    prepare_cluster();
    cluster().start(1);
    cluster().wait_owner(1);
    EXPECT_EQ(cluster().stop(1), 0);
    node(1).write_file("/etc/ha.d/ha.cf", "node node1 node2\nkeepalive soon\nbcast eth1\n");
    expect_refusal({"ha.cf:2:"});
    cluster().write_config(1);
    cluster().start(1);
    cluster().wait_owner(1);
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
