// Heartbeat's commands, as hands and monitoring know them: what they print, and their exit codes.
#include <fmt/format.h>

#include <sstream>

#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

constexpr const char* kVip = Cluster::kVip;
constexpr const char* kVip2 = "10.77.0.101";
constexpr const char* kRouter = Lab::kRouterAddress;

class OldCommands : public ClusterTest {
  protected:
    static ClusterConfig config() {
        ClusterConfig config;
        config.keepalive = "200ms";
        config.more = {std::string("ping ") + kRouter,
                       "respawn hacluster /usr/lib/heartbeat/ipfail"};
        config.groups = {{1, std::string(kVip) + "/24/eth0"}, {2, std::string(kVip2) + "/24/eth0"}};
        return config;
    }
    // What is typed: a program and its words.
    CommandResult type(unsigned n, const std::string& line) {
        std::istringstream in("/media/bin/" + line);
        Argv argv;
        for (std::string word; in >> word;)
            argv.push_back(word);
        return node(n).run(argv, 60s);
    }
    void expect(unsigned n, const std::string& line, int code, const std::string& out) {
        const CommandResult result = type(n, line);
        EXPECT_EQ(result.exit_code, code) << line << ": " << result.err;
        EXPECT_EQ(result.out, out) << line << ": " << result.err;
        if (code < 11) return;
        EXPECT_NE(result.err, "") << line << ": an error without a word";
    }
    void wait_word(unsigned n, const std::string& word) {
        cluster().wait(fmt::format("cl_status rscstatus on node{} says {}", n, word),
                       [&] { return type(n, "cl_status rscstatus").out == word + "\n"; });
    }
};

TEST_F(OldCommands, cl_status_of_a_pair) {
    run_cluster(config());
    cluster().wait(std::string(kRouter) + " answers", [&] {
        return type(1, std::string("cl_status nodestatus ") + kRouter).out == "ping\n";
    });
    const std::string router = kRouter;
    expect(1, "cl_status hbstatus", 0, "Heartbeat is running on this machine.\n");
    expect(1, "cl_status listnodes", 0, router + "\nnode2\nnode1\n");
    expect(1, "cl_status listnodes -n", 0, "node2\nnode1\n");
    expect(1, "cl_status listnodes -p", 0, router + "\n");
    const std::string verbose = fmt::format(
        "\n{0}\tping\t(nodetype: ping)\n\t{0}\tup\n"
        "\nnode2\tactive\t(nodetype: normal)\n\teth1\tup\n"
        "\nnode1\tactive\t(nodetype: normal)\n\teth1\tup\n",
        router);
    expect(1, "cl_status listnodes -v", 0, verbose);
    EXPECT_TRUE(type(1, "cl_status hbstatus -v").out.ends_with(verbose));
    expect(1, "cl_status nodestatus node2", 0, "active\n");
    expect(1, "cl_status nodestatus -m node2", 0, "The cluster node node2 is active\n");
    expect(1, "cl_status nodestatus node9", 11, "");
    expect(1, "cl_status nodetype node2", 0, "normal\n");
    expect(1, "cl_status nodetype " + router, 0, "ping\n");
    expect(1, "cl_status nodeweight node2", 0, "100\n");
    expect(1, "cl_status nodesite node2", 0, "\n");
    expect(1, "cl_status listhblinks node2", 0, "\teth1\n");
    expect(1, "cl_status hblinkstatus node2 eth1", 0, "up\n");
    expect(1, "cl_status hblinkstatus node2 eth9", 13, "");
    expect(1, "cl_status clientstatus node2 ipfail", 0, "online\n");
    expect(1, "cl_status clientstatus node2 dopd", 1, "offline\n");
    expect(1, "cl_status rscstatus", 0, "local\n");
    expect(2, "cl_status rscstatus -m", 0, "This node is holding local resources.\n");
    expect(1, "cl_status hbparameter -p deadtime", 0, "1s\n");
    expect(1, "cl_status hbparameter -p udpport", 0, "694\n");
    expect(1, "cl_status hbparameter -p logfile", 1, "");
    expect(1, "cl_status hbparameter", 11, "");
    expect(1, "cl_status nonsense", 11, "");
    EXPECT_EQ(type(1, "cl_status").exit_code, 0);

    // One of two is dead.
    cluster().stop(2);
    cluster().wait_owner(1, kVip2);
    wait_word(1, "all");
    cluster().wait("node1 says that node2 is dead",
                   [&] { return type(1, "cl_status nodestatus node2").out == "dead\n"; });
    expect(1, "cl_status nodestatus node2", 1, "dead\n");
    expect(1, "cl_status hblinkstatus node2 eth1", 1, "dead\n");
    expect(1, "cl_status clientstatus node2 ipfail", 1, "offline\n");

    // Here, too.
    cluster().stop(1);
    expect(1, "cl_status hbstatus", 1, "Heartbeat is stopped on this machine.\n");
    for (const char* line :
         {"cl_status listnodes", "cl_status nodestatus node1", "cl_status nodetype node1",
          "cl_status listhblinks node1", "cl_status hblinkstatus node2 eth1",
          "cl_status clientstatus node1 ipfail", "cl_status rscstatus",
          "cl_status hbparameter -p deadtime"}) {
        expect(1, line, 1, "");
        EXPECT_TRUE(type(1, line).err.starts_with("cl_status: ERROR: Cannot signon with heartbeat"))
            << line;
    }
    expect(1, "cl_status nonsense", 11, "");
    EXPECT_EQ(type(1, "hb_standby").exit_code, 1);
    EXPECT_EQ(type(1, "hb_takeover").exit_code, 1);
}

TEST_F(OldCommands, hb_standby_and_hb_takeover_wait_and_say_the_truth) {
    run_cluster(config());
    const auto said = [&](unsigned n, const std::string& line) {
        const CommandResult result = type(n, line);
        EXPECT_EQ(result.exit_code, 0) << line << ": " << result.out << result.err;
        return result.out;
    };
    EXPECT_TRUE(said(1, "hb_standby").starts_with("Going standby [all].\n"));
    EXPECT_TRUE(node(2).holds(kVip)) << "it did not wait";
    EXPECT_TRUE(node(2).holds(kVip2));
    wait_word(1, "none");
    wait_word(2, "all");
    // What is foreign to node2 goes back to node1.
    EXPECT_TRUE(said(2, "hb_standby failback").starts_with("Going standby [foreign].\n"));
    EXPECT_TRUE(node(1).holds(kVip));
    EXPECT_TRUE(node(2).holds(kVip2));
    said(1, "hb_takeover foreign");
    EXPECT_TRUE(node(1).holds(kVip2));
    wait_word(1, "all");
    said(2, "hb_takeover failback");
    EXPECT_TRUE(node(2).holds(kVip2));
    said(2, "hb_takeover all");
    EXPECT_TRUE(node(2).holds(kVip));

    const CommandResult wrong = type(2, "hb_standby some");
    EXPECT_EQ(wrong.exit_code, 1);
    EXPECT_NE(wrong.err.find("wrong resources(some)."), std::string::npos) << wrong.err;
    EXPECT_EQ(type(2, "hb_standby all foreign").exit_code, 1);

    // Nobody could take what it would give: Heartbeat said 0 all the same.
    cluster().stop(1);
    const CommandResult refused = type(2, "hb_standby");
    EXPECT_EQ(refused.exit_code, 3) << refused.out << refused.err;
    EXPECT_TRUE(node(2).holds(kVip));
}

}  // namespace
}  // namespace hb::lab
