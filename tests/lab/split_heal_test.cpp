// The nodes do not hear each other any more, and then they do.
#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

constexpr const char* kVip = Cluster::kVip;

class Split : public ClusterTest {};

// Only the heartbeat network: the service network shows who has the address.
TEST_F(Split, of_the_heartbeats_alone_moves_nothing) {
    run_cluster();
    const std::size_t addresses = lab().addresses().mark();
    const std::size_t log = lab().log().mark();
    node(2).pull(Cable::kHeartbeat, Carrier::kKept);
    cluster().wait_log(1, "node node2: is dead", log);
    cluster().wait_log(2, "is held by", log);
    EXPECT_TRUE(stays([&] { return node(1).holds(kVip) && !node(2).holds(kVip); }));
    node(2).plug(Cable::kHeartbeat);
    cluster().wait_settled();
    EXPECT_TRUE(lab().addresses().events_of(kVip, addresses).empty()) << "the address moved";
}

// All networks, without ping nodes, fencing or quorum: the one case in which both own, as
// docs/protocol.md says in advance. The heal ends it.
TEST_F(Split, of_everything_ends_with_one_owner_that_announces_itself) {
    two_owners_are_allowed();
    run_cluster();
    lab().split({1}, {2});
    cluster().wait("both have the address",
                   [&] { return lab().addresses().holders(kVip) == std::set<unsigned>{1, 2}; });
    const std::size_t announced = arp().announcements().size();
    lab().heal();
    cluster().wait_settled();
    cluster().wait("node1 announces the address again", [&] {
        const std::vector<Announcement> all = arp().announcements();
        for (std::size_t i = announced; i < all.size(); ++i)
            if (all[i].mac == node(1).mac(Cable::kService)) return true;
        return false;
    });
    arp().restart();
    EXPECT_TRUE(stays([&] { return arp().double_owners().empty(); }));
    EXPECT_EQ(arp().owner(kVip), node(1).mac(Cable::kService));
}

}  // namespace
}  // namespace hb::lab
