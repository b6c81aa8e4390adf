// Links one by one: a cut, a flapping and an asymmetric one of two are named, and nothing more
// comes of them.
#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

constexpr const char* kVip = Cluster::kVip;

class Links : public ClusterTest {
  protected:
    void run(const std::string& keepalive) {
        ClusterConfig with;
        with.media = {"bcast eth0 eth1"};
        with.keepalive = keepalive;
        run_cluster(with);
        cluster().wait("both links are measured", [&] {
            return measured(1, "eth0") && measured(1, "eth1") && measured(2, "eth0") &&
                   measured(2, "eth1");
        });
        log_ = lab().log().mark();
        addresses_ = lab().addresses().mark();
        view_ = view();
    }
    // The link to the other node as `asked` sees it.
    nlohmann::json link(unsigned asked, const std::string& name) {
        const auto status = cluster().status(asked);
        if (!status) return {};
        for (const nlohmann::json& node : status->at("nodes"))
            for (const nlohmann::json& each : node.at("links"))
                if (each.at("name") == name) return each;
        return {};
    }
    bool measured(unsigned asked, const std::string& name) {
        const nlohmann::json seen = link(asked, name);
        return seen.is_object() && seen.at("status") == "up" && seen.at("judged") >= 50 &&
               seen.at("round_trip_us").is_number() && seen.at("lost_there_percent").is_number();
    }
    // The newest hundred frames of both came, in both directions.
    bool clean(const std::string& name) {
        for (unsigned asked = 1; asked <= 2; ++asked) {
            const nlohmann::json seen = link(asked, name);
            if (!seen.is_object() || seen.at("judged") != 100 || seen.at("lost") != 0 ||
                seen.at("lost_there_percent") != 0)
                return false;
        }
        return true;
    }
    nlohmann::json view() {
        const auto status = cluster().status(1);
        return status ? status->at("view") : nlohmann::json();
    }
    // Nobody left or came, nothing moved, nobody was started anew.
    void nothing_happened() {
        EXPECT_EQ(view(), view_);
        EXPECT_TRUE(lab().addresses().events_of(kVip, addresses_).empty()) << "the address moved";
        for (const char* name : {"node1", "node2"}) {
            EXPECT_FALSE(lab().log().find(name, "is dead", log_));
            EXPECT_FALSE(lab().log().find(name, "started hb-", log_));
        }
    }

    std::size_t log_ = 0, addresses_ = 0;
    nlohmann::json view_;
};

TEST_F(Links, one_of_two_is_a_warning_and_nothing_more) {
    run("50ms");
    const nlohmann::json before = link(1, "eth1");
    EXPECT_LT(before.at("newest_ms_ago"), 5000);
    EXPECT_LT(before.at("round_trip_us"), 100000);
    node(1).pull(Cable::kHeartbeat, Carrier::kKept);
    for (unsigned n = 1; n <= 2; ++n) {
        cluster().wait_log(n, "is reached over eth0 only: eth1 does not work", log_);
        cluster().wait("what came last on it is said", [&] {
            const nlohmann::json seen = link(n, "eth1");
            return seen.is_object() && seen.at("status") == "dead" &&
                   seen.at("fault") == "silent" && seen.at("newest_ms_ago") > 1000 &&
                   seen.at("lost") > 50 && seen.at("round_trip_us").is_null();
        });
        EXPECT_EQ(link(n, "eth0").at("lost"), 0);
    }
    nothing_happened();
    node(1).plug(Cable::kHeartbeat);
    for (unsigned n = 1; n <= 2; ++n)
        cluster().wait_log(n, n == 1 ? "Link node2:eth1 up." : "Link node1:eth1 up.", log_);
    cluster().wait("it is good again", [&] { return clean("eth1"); });
    for (const char* name : {"node1", "node2"})
        EXPECT_FALSE(lab().log().find(name, "is lost, and", log_)) << "the cut was no loss";
    nothing_happened();
}

TEST_F(Links, one_that_flaps_is_named_once) {
    run("50ms");
    for (int i = 1; i <= 5; ++i) {
        node(1).pull(Cable::kHeartbeat, Carrier::kKept);
        cluster().wait("it is dead", [&] { return link(2, "eth1").value("flaps", 0) == i; });
        node(1).plug(Cable::kHeartbeat);
        cluster().wait("it is up", [&] { return link(2, "eth1").value("status", "") == "up"; });
    }
    std::size_t deaths = 0, ups = 0;
    for (const LogLine& line : lab().log().lines(log_)) {
        if (!line.source.starts_with("node2")) continue;
        deaths += line.text.contains("Link node1:eth1 dead.") ? 1U : 0U;
        ups += line.text.contains("Link node1:eth1 up.") ? 1U : 0U;
    }
    EXPECT_EQ(deaths, 2U);
    EXPECT_EQ(ups, 2U);
    cluster().wait_log(2, "Link node1:eth1 flaps: dead for the 3rd time in 10 minutes", log_);
    nothing_happened();
}

TEST_F(Links, one_that_loses_in_one_direction_is_named_on_both_sides) {
    run("50ms");
    cluster().wait("nothing is lost yet", [&] { return clean("eth1"); });
    log_ = lab().log().mark();
    node(1).lose_packets(Cable::kHeartbeat, 45);
    cluster().wait_log(1,
                       "% of what node2 sends on eth1 is lost, and 0 % of what we send: one "
                       "direction is bad",
                       log_);
    const LogLine other = cluster().wait_log(2, " of what node1 sends on eth1 is lost, and ", log_);
    EXPECT_TRUE(other.text.contains(" 0 % of what node1 sends")) << other.text;
    cluster().wait("both say how much", [&] {
        return link(1, "eth1").value("lost", 0) > 20 &&
               link(2, "eth1").value("lost_there_percent", 0) > 20;
    });
    EXPECT_EQ(link(2, "eth1").at("lost"), 0);
    EXPECT_EQ(link(1, "eth1").at("status"), "up");
    node(1).open_firewall();
    for (unsigned n = 1; n <= 2; ++n)
        cluster().wait_log(n, ":eth1 loses hardly any frames any more.", log_);
    nothing_happened();
}

}  // namespace
}  // namespace hb::lab
