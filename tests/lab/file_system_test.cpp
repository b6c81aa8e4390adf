// A group with a file system and the real daemons: mounted by hb-agent under hb-resource's
// privileges, seen by everybody on its node, put back when somebody takes it away, and moved.
#include <fmt/format.h>

#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

class FileSystem : public ClusterTest {
  protected:
    [[nodiscard]] bool is_mounted(unsigned n) {
        return node(n).run({"mountpoint", "-q", "/run/srv"}).exit_code == 0;
    }
};

TEST_F(FileSystem, is_mounted_on_one_node_kept_and_moved) {
    const std::string word = "Filesystem::tmpfs::/run/srv::tmpfs::size=1m";
    ClusterConfig config;
    config.keepalive = "10ms";
    config.deadtime = "1s";
    config.groups = {ClusterConfig::Group{}, {.preferred = 1, .resources = word}};
    config.more = {"monitor 60min"};
    prepare_cluster(config);
    cluster().start_all();
    cluster().wait_settled();
    cluster().wait("it is mounted on node1", [&] { return is_mounted(1) && !is_mounted(2); });

    EXPECT_EQ(node(1).run({"umount", "/run/srv"}).exit_code, 0);
    cluster().wait_log(1, word + " has failed (not running): restarting it in place (1 of 3)");
    cluster().wait("it is put back", [&] { return is_mounted(1); });

    // hb-resource dies; its successor finds what is there.
    cluster().wait_settled();
    EXPECT_EQ(node(1).kill("hb-resource"), 1U);
    cluster().wait_settled();
    EXPECT_TRUE(is_mounted(1));

    EXPECT_EQ(cluster().hactl(1, {"standby"}).exit_code, 0);
    cluster().wait("it has moved", [&] { return is_mounted(2) && !is_mounted(1); });
}

}  // namespace
}  // namespace hb::lab
