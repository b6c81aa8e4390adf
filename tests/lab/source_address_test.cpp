// What a node sends begins with the address of its group, and the address is announced on another
// cable, too: with hb-resource's own privileges, there and back, and over the death of processes.
#include <fmt/format.h>

#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

constexpr const char* kSource = "IPsrcaddr::10.77.0.100";

class SourceAddress : public ClusterTest {
  protected:
    std::string default_route(unsigned n) {
        std::string text = node(n).run({"ip", "route", "show", "default"}).out;
        text.erase(text.find_last_not_of(" \n") + 1);
        return text;
    }
    bool sends_from_it(unsigned n) {
        return default_route(n) ==
               fmt::format("default via {} dev eth0 src 10.77.0.100", Lab::kRouterAddress);
    }
    bool sends_as_before(unsigned n) {
        return default_route(n) == fmt::format("default via {} dev eth0", Lab::kRouterAddress);
    }
};

TEST_F(SourceAddress, goes_where_its_group_goes) {
    ClusterConfig config;
    config.groups = {{.preferred = 1,
                      .resources = fmt::format("10.77.0.100/24/eth0 {} "
                                               "SendArp::10.77.0.100/eth1",
                                               kSource)}};
    config.more = {"monitor 60min"};
    prepare_cluster(config);
    cluster().start_all();
    cluster().wait_settled();
    cluster().wait("node1 sends from it", [&] { return sends_from_it(1) && sends_as_before(2); });
    cluster().wait_log(1, "SendArp::10.77.0.100/eth1: announcing 10.77.0.100 on eth1 at " +
                              node(1).mac(Cable::kHeartbeat));

    // The kernel takes the routes along with it; all come back.
    EXPECT_EQ(node(1).run({"ip", "addr", "del", "10.77.0.100/24", "dev", "eth0"}).exit_code, 0);
    cluster().wait_log(1, "restarting it in place (1 of 3)");
    cluster().wait("node1 sends from it again", [&] { return sends_from_it(1); });
    cluster().wait_settled();

    EXPECT_EQ(cluster().hactl(1, {"standby"}).exit_code, 0);
    cluster().wait("node2 sends from it, and node1 as before",
                   [&] { return sends_from_it(2) && sends_as_before(1); });
    cluster().wait_owner(2);

    // hb-resource dies; its successor finds what is there, and remembers what was there before.
    EXPECT_EQ(node(2).kill("hb-resource"), 1U);
    cluster().wait_owner(2);
    EXPECT_TRUE(sends_from_it(2));
    cluster().stop(2);
    cluster().wait("node1 sends from it again, and node2 as before",
                   [&] { return sends_from_it(1) && sends_as_before(2); });
}

}  // namespace
}  // namespace hb::lab
