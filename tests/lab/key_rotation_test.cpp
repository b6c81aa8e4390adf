// Keys are changed on a running cluster without a lost heartbeat; a wrong key is refused and said.
#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

constexpr const char* kVip = Cluster::kVip;

class Keys : public ClusterTest {
  protected:
    void reload(unsigned n, const std::string& authkeys) {
        const std::size_t mark = lab().log().mark();
        node(n).write_file("/etc/ha.d/authkeys", authkeys, 0600);
        node(n).signal(cluster().master(n), SIGHUP);
        cluster().wait_log(n, "Authentication keys read again", mark);
    }
};

TEST_F(Keys, rotate_without_a_lost_heartbeat) {
    run_cluster();
    const std::size_t addresses = lab().addresses().mark();
    const std::size_t log = lab().log().mark();
    const std::string both = "1 sha1 a-key-of-the-lab\n2 hmac-sha256 a-newer-key-of-the-lab\n";
    for (const unsigned n : {1U, 2U})
        reload(n, "auth 1\n" + both);
    for (const unsigned n : {1U, 2U})
        reload(n, "auth 2\n" + both);
    for (const unsigned n : {1U, 2U})
        reload(n, "auth 2\n2 hmac-sha256 a-newer-key-of-the-lab\n");
    EXPECT_TRUE(stays([&] { return node(1).holds(kVip); }));
    for (const char* n : {"node1", "node2"})
        for (const char* text : {"Late heartbeat", "is dead", "bad frame"})
            EXPECT_FALSE(lab().log().find(n, text, log)) << n << " said: " << text;
    EXPECT_TRUE(lab().addresses().events_of(kVip, addresses).empty());
}

TEST_F(Keys, that_are_wrong_are_refused_at_a_bounded_rate_and_put_right) {
    run_cluster();
    const std::size_t addresses = lab().addresses().mark();
    const std::size_t log = lab().log().mark();
    reload(2, "auth 1\n1 sha1 not-the-key\n");
    cluster().wait_log(1, "bad frame", log);
    cluster().wait_log(1, "node node2: is dead", log);
    cluster().wait_log(2, "is held by", log);
    EXPECT_TRUE(stays([&] { return node(1).holds(kVip) && !node(2).holds(kVip); }));
    EXPECT_LT(lab().log().count("node1", "bad frame", log), 20U);
    reload(2, cluster().config().authkeys);
    cluster().wait_settled();
    EXPECT_TRUE(lab().addresses().events_of(kVip, addresses).empty());
}

}  // namespace
}  // namespace hb::lab
