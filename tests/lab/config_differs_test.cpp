// Two nodes whose files differ say so, as long as it lasts.
#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

class ConfigDiffers : public ClusterTest {};

TEST_F(ConfigDiffers, is_said_and_shown_until_it_is_over) {
    prepare_cluster();
    std::string other = cluster().config().ha_cf();
    const std::string keepalive = "keepalive 250ms";
    const std::size_t at = other.find(keepalive);
    ASSERT_NE(at, std::string::npos) << other;
    node(2).write_file("/etc/ha.d/ha.cf", other.replace(at, keepalive.size(), "keepalive 200ms"));
    const std::size_t log = lab().log().mark();
    cluster().start_all();
    cluster().wait_settled();
    cluster().wait_log(1, "not the same as here: ha.cf of node2;", log);
    cluster().wait_log(2, "not the same as here: ha.cf of node1;", log);
    const auto differs = [&](unsigned asked, unsigned about) {
        const auto status = cluster().status(asked);
        return status ? status->at("nodes").at(about - 1).at("config_differs") : nlohmann::json();
    };
    EXPECT_EQ(differs(1, 2), nlohmann::json::array({"ha.cf"}));
    EXPECT_EQ(differs(1, 1), nlohmann::json::array());
    EXPECT_EQ(differs(2, 1), nlohmann::json::array({"ha.cf"}));
    EXPECT_NE(cluster().hactl(1, {"status"}).out.find("hactl check --peer node2=DIR"),
              std::string::npos);

    cluster().stop(2);
    cluster().write_config(2);
    cluster().start(2);
    cluster().wait_log(1, "ha.cf and haresources of node2 are the same as here", log);
    cluster().wait_settled();
    EXPECT_EQ(differs(1, 2), nlohmann::json::array());
    EXPECT_EQ(lab().log().count("node1", "not the same as here", log), 1U);
}

}  // namespace
}  // namespace hb::lab
