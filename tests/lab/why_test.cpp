// `hactl why`: where a group is, since when, and what happened before that, the same on both nodes.
#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

constexpr const char* kVip = Cluster::kVip;

class Why : public ClusterTest {
  protected:
    [[nodiscard]] std::string group() { return cluster().config().groups[0].resources; }
    [[nodiscard]] nlohmann::json why(unsigned number) {
        const CommandResult said = cluster().hactl(number, {"why", group(), "--json"});
        EXPECT_EQ(said.exit_code, 0) << said.out << said.err;
        return nlohmann::json::parse(said.out, nullptr, /*allow_exceptions=*/false);
    }
    [[nodiscard]] static bool saw(const nlohmann::json& why, const std::string& node,
                                  const std::string& state, const std::string& transition) {
        return std::ranges::any_of(why.at("history"), [&](const nlohmann::json& moment) {
            return moment.at("kind") == "state" && moment.at("node") == node &&
                   moment.at("state") == state && moment.at("transition") == transition;
        });
    }
};

TEST_F(Why, a_move_has_one_id_on_both_nodes) {
    run_cluster();
    const std::size_t log = lab().log().mark();
    const nlohmann::json before = why(1);
    ASSERT_EQ(cluster().hactl(1, {"standby"}).exit_code, 0);
    cluster().wait_owner(2);
    const auto running = [&](unsigned asked) {
        const nlohmann::json said = why(asked);
        return said.at("owner") == "node2" && said.at("state") == "running";
    };
    cluster().wait("both say that it runs on node2", [&] { return running(1) && running(2); });
    const nlohmann::json at1 = why(1), at2 = why(2);
    const std::string id = at1.at("transition");
    const std::string id_before = before.at("transition");
    EXPECT_NE(id, id_before);
    EXPECT_EQ(at2.at("transition").get<std::string>(), id);
    for (const nlohmann::json& said : {at1, at2}) {
        EXPECT_TRUE(saw(said, "node1", "stopping", id)) << said.dump(2);
        EXPECT_TRUE(saw(said, "node2", "starting", id)) << said.dump(2);
        EXPECT_TRUE(said.at("since_ms").is_number()) << said.dump(2);
    }
    EXPECT_TRUE(saw(at1, "node1", "running", id_before)) << at1.dump(2);
    cluster().wait_log(1, "[" + id + "]", log);
    cluster().wait_log(2, "[" + id + "]", log);
    const CommandResult text = cluster().hactl(2, {"why", group()});
    EXPECT_TRUE(text.out.starts_with(group() + " runs on node2, since ")) << text.out;
}

TEST_F(Why, a_group_that_is_nowhere_waits_for_something) {
    run_cluster();
    const std::size_t log = lab().log().mark();
    node(2).block_heartbeats(Direction::kBoth);
    cluster().wait_log(2, "is held by", log);
    const nlohmann::json said = why(2);
    EXPECT_NE(said.at("state"), "running");
    const auto& words = said.at("nodes");
    const auto word = [&](const std::string& name) {
        return *std::ranges::find_if(
            words, [&](const nlohmann::json& w) { return w.at("node") == name; });
    };
    EXPECT_FALSE(word("node1").at("heard"));
    EXPECT_EQ(word("node1").at("state"), "running");
    EXPECT_NE(word("node2").at("waits_for").get<std::string>().find("held by"), std::string::npos);
    EXPECT_TRUE(std::ranges::any_of(said.at("history"), [](const nlohmann::json& moment) {
        return moment.at("kind") == "waits" && moment.at("node") == "node2";
    })) << said.dump(2);
    EXPECT_TRUE(std::ranges::any_of(said.at("history"), [](const nlohmann::json& moment) {
        return moment.at("kind") == "silent" && moment.at("node") == "node1";
    })) << said.dump(2);
    const CommandResult text = cluster().hactl(2, {"why", group()});
    EXPECT_NE(text.out.find("It waits for that since "), std::string::npos) << text.out;
    EXPECT_TRUE(node(1).holds(kVip));
    node(2).open_firewall();
    cluster().wait_settled();
    EXPECT_TRUE(saw(why(1), "node1", "running", why(1).at("transition"))) << "it never moved";
}

TEST_F(Why, a_group_that_is_none_is_named) {
    run_cluster();
    const CommandResult refused = cluster().hactl(1, {"why", "web"});
    EXPECT_EQ(refused.exit_code, 3) << refused.out << refused.err;
    EXPECT_NE(refused.err.find(group()), std::string::npos) << refused.err;
}

}  // namespace
}  // namespace hb::lab
