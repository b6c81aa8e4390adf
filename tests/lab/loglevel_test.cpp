// How much is logged is changed while the suite runs, in Heartbeat's way and by hactl.
#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

// hb-membership says that at debug level only.
constexpr const char* kDropped = "control client dropped";

class LogLevel : public ClusterTest {
  protected:
    // Something that hb-membership has to say for debugging.
    void send_garbage() {
        node(1).run({"python3", "-c",
                     "import socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); "
                     "s.connect('/run/ha-suite/control'); s.send(b'garbage'); s.recv(1000); "
                     "s.recv(1000)"});
    }
};

TEST_F(LogLevel, goes_up_and_down_by_signal) {
    run_cluster();
    const std::size_t log = lab().log().mark();
    send_garbage();
    node(1).signal(cluster().master(1), SIGUSR1);
    cluster().wait_log(1, "debug level is 1 now (SIGUSR1)", log);
    EXPECT_FALSE(lab().log().find("node1", kDropped, log));
    cluster().wait("a daemon says what is for debugging", [&] {
        send_garbage();
        return lab().log().find("node1", kDropped, log).has_value();
    });
    node(1).signal(cluster().master(1), SIGUSR2);
    cluster().wait_log(1, "debug level is 0 now (SIGUSR2)", log);
    EXPECT_EQ(cluster().hactl(1, {"loglevel"}).out.substr(0, 14), "debug level 0:");
}

TEST_F(LogLevel, is_set_by_command_and_kept_by_who_is_respawned) {
    run_cluster();
    const std::size_t log = lab().log().mark();
    const CommandResult set = cluster().hactl(1, {"loglevel", "2"});
    EXPECT_EQ(set.exit_code, 0) << set.err;
    EXPECT_EQ(set.out, "debug level 2: lines for debugging are logged\n");
    EXPECT_TRUE(lab().log().find("node1", "debug level is 2 now (root", log));
    node(1).run({"sh", "-c", "kill -9 $(pidof hb-membership)"});
    cluster().wait_all_active();
    cluster().wait("the newcomer says what is for debugging", [&] {
        send_garbage();
        return lab().log().find("node1", kDropped, log).has_value();
    });
    EXPECT_EQ(cluster().hactl(1, {"loglevel"}).out, set.out);
    EXPECT_EQ(cluster().hactl(1, {"loglevel", "256"}).exit_code, 2);
}

}  // namespace
}  // namespace hb::lab
