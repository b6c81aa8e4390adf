// An administrator moves the address by command.
#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

constexpr const char* kVip = Cluster::kVip;

class Standby : public ClusterTest {};

TEST_F(Standby, gives_the_address_away_once_and_takeover_fetches_it) {
    run_cluster();
    const CommandResult standby = cluster().hactl(1, {"standby"});
    EXPECT_EQ(standby.exit_code, 0) << standby.out << standby.err;
    cluster().wait_owner(2);
    // A move that somebody asked for is not undone by auto_failback.
    EXPECT_TRUE(stays([&] { return node(2).holds(kVip); }));
    const CommandResult takeover = cluster().hactl(1, {"takeover"});
    EXPECT_EQ(takeover.exit_code, 0) << takeover.out << takeover.err;
    cluster().wait_owner(1);
}

TEST_F(Standby, that_stays_ends_with_active) {
    run_cluster();
    EXPECT_EQ(cluster().hactl(1, {"standby", "--stay"}).exit_code, 0);
    cluster().wait_owner(2);
    EXPECT_TRUE(stays([&] { return node(2).holds(kVip); }));
    EXPECT_EQ(cluster().hactl(1, {"active"}).exit_code, 0);
    cluster().wait_owner(1);  // auto_failback
}

TEST_F(Standby, is_refused_when_nobody_else_could_have_it) {
    run_cluster();
    cluster().stop(2);
    const CommandResult refused = cluster().hactl(1, {"standby"});
    EXPECT_EQ(refused.exit_code, 3) << refused.out << refused.err;
    EXPECT_TRUE(node(1).holds(kVip));
}

}  // namespace
}  // namespace hb::lab
