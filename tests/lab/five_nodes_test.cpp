// Five nodes, five addresses: any two die, and everything is where the rules say.
#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

std::string address(unsigned n) {
    return "10.77.0." + std::to_string(100 + n);
}

class FiveNodes : public ClusterTest {
  protected:
    void run_five() {
        ClusterConfig config;
        config.nodes = 5;
        config.keepalive = "200ms";  // with a majority to lose, deadtime has to be five of them
        config.groups.clear();
        for (unsigned n = 1; n <= 5; ++n)
            config.groups.push_back({n, address(n) + "/24/eth0"});
        run_cluster(config);
    }

    // Both lose their power; each address is found where the rules say, and again when they return.
    void two_die(unsigned a, unsigned b) {
        node(a).power_off();
        node(b).power_off();
        for (unsigned n = 1; n <= 5; ++n) {
            if (n != a && n != b) {
                cluster().wait_owner(n, address(n));
                continue;
            }
            cluster().wait("one living node has " + address(n), [&] {
                const std::set<unsigned> holders = lab().addresses().holders(address(n));
                return holders.size() == 1 && !holders.contains(a) && !holders.contains(b);
            });
        }
        for (const unsigned n : {a, b}) {
            node(n).boot();
            cluster().start(n);
        }
        cluster().wait_settled();
    }
};

TEST_F(FiveNodes, any_two_die_and_the_others_have_it_all) {
    run_five();
    for (unsigned a = 1; a <= 5; ++a) {
        for (unsigned b = a + 1; b <= 5; ++b) {
            SCOPED_TRACE("node" + std::to_string(a) + " and node" + std::to_string(b));
            two_die(a, b);
            ASSERT_FALSE(HasFailure());
        }
    }
}

TEST_F(FiveNodes, three_die_and_the_two_that_are_no_majority_take_nothing) {
    run_five();
    for (const unsigned n : {3U, 4U, 5U})
        node(n).power_off();
    // They let go of what they had as well: the others might live behind a cut.
    for (const unsigned n : {1U, 2U})
        cluster().wait(address(n) + " is nowhere",
                       [&] { return lab().addresses().holders(address(n)).empty(); });
    EXPECT_TRUE(stays([&] {
        for (unsigned n = 1; n <= 5; ++n)
            if (!lab().addresses().holders(address(n)).empty()) return false;
        return true;
    }));
    const nlohmann::json group = cluster().group(1, address(1) + "/24/eth0");
    EXPECT_NE(group.at("reason").get<std::string>().find("majority"), std::string::npos) << group;
    const auto quorum = [&](unsigned n) { return cluster().status(n).value().at("quorum"); };
    using Json = nlohmann::json;
    EXPECT_EQ(quorum(1),
              Json({{"present", 2}, {"needed", 3}, {"held", false}, {"ignored", false}}));

    // An admin who knows that the three are off says so, to each of the two.
    for (const unsigned n : {1U, 2U}) {
        cluster().hactl(n, {"quorum", "ignore"});
        cluster().wait_owner(n, address(n));
        EXPECT_EQ(quorum(n),
                  Json({{"present", 2}, {"needed", 3}, {"held", false}, {"ignored", true}}));
    }
    node(3).boot();
    cluster().start(3);
    for (const unsigned n : {1U, 2U, 3U})
        cluster().wait_owner(n, address(n));
}

}  // namespace
}  // namespace hb::lab
