// One of two cables is pulled and the interface notices: the link is dead at once, says why, and
// what runs stays where it is.
#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

constexpr const char* kVip = Cluster::kVip;

class PulledCable : public ClusterTest {
  protected:
    // The service link to node2, as node1 sees it.
    nlohmann::json link() {
        const auto status = cluster().status(1);
        if (!status) return {};
        for (const nlohmann::json& node : status->at("nodes"))
            if (node.at("name") == "node2")
                for (const nlohmann::json& each : node.at("links"))
                    if (each.at("name") == "eth0") return each;
        return {};
    }
    [[nodiscard]] bool link_is(const char* state, const char* fault) {
        const nlohmann::json seen = link();
        return seen.is_object() && seen.at("status") == state && seen.at("fault") == fault;
    }
};

TEST_F(PulledCable, is_a_dead_link_at_once_and_moves_nothing) {
    ClusterConfig config;
    config.media = {"bcast eth1 eth0"};
    config.deadtime = "20s";  // nothing below can have waited for it
    config.initdead = "20s";
    run_cluster(config);
    cluster().wait("both links are up", [&] { return link_is("up", "none"); });
    const std::size_t addresses = lab().addresses().mark();
    const std::size_t log = lab().log().mark();

    node(1).pull(Cable::kService, Carrier::kLost);
    cluster().wait_log(1, "eth0 has no carrier", log);
    cluster().wait_log(1, "Link node2:eth0 dead.", log);
    cluster().wait(
        "hactl says so", [&] { return link_is("dead", "no-carrier"); }, 10s);
    // The other end of the switch is lit: there it is silence, and one deadtime away.
    EXPECT_FALSE(lab().log().find("node2", "no carrier", log));

    node(1).plug(Cable::kService);
    cluster().wait(
        "the link is up again", [&] { return link_is("up", "none"); }, 10s);
    EXPECT_FALSE(lab().log().find("node1", "is dead", log));
    EXPECT_TRUE(lab().addresses().events_of(kVip, addresses).empty()) << "the address moved";
}

}  // namespace
}  // namespace hb::lab
