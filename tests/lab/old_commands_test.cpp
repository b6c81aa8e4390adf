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

TEST_F(OldCommands, that_are_gone_say_what_is_done_instead) {
    prepare_cluster(config());
    struct Case {
        const char* name;
        const char* said;
    };
    for (const auto& [name, said] :
         {Case{"hb_addnode", "the node lines of ha.cf"},
          Case{"hb_delnode", "the node lines of ha.cf"},
          Case{"hb_setweight", "every node has one vote"},
          Case{"hb_setsite", "every node has one vote"}, Case{"ha_propagate", "hactl check --peer"},
          Case{"ResourceManager", "hactl takeover --group"}, Case{"mach_down", "hb_takeover"},
          Case{"req_resource", "hb_takeover"}}) {
        const std::string path = std::string("/var/") + name;
        node(1).make_link(path, "/media/bin/heartbeat-gone");
        const CommandResult result = node(1).run({path, "x"});
        EXPECT_EQ(result.exit_code, 1) << name;
        EXPECT_EQ(result.out, "") << name;
        EXPECT_TRUE(result.err.starts_with(std::string(name) + ": ")) << result.err;
        EXPECT_NE(result.err.find(said), std::string::npos) << result.err;
    }
}

// ---- /etc/init.d/heartbeat

class InitScript : public OldCommands {
  protected:
    // The programs of the lab are elsewhere.
    void prepare() {
        prepare_cluster(config());
        for (unsigned n = 1; n <= 2; ++n)
            node(n).write_file("/etc/default/ha-suite",
                               "libexec_dir=/media/libexec\nbin_dir=/media/bin\n"
                               "hb_standby=/media/bin/hb_standby\n");
    }
};

TEST_F(InitScript, starts_and_stops_without_systemd) {
    prepare();
    expect(1, "heartbeat-init status", 3, "heartbeat is stopped. No process\n");
    expect(1, "heartbeat-init -s", 3, "heartbeat is stopped. No process\n");
    expect(1, "heartbeat-init stop", 0, "Stopping High-Availability services: Done.\n");
    for (unsigned n = 1; n <= 2; ++n)
        expect(n, "heartbeat-init start", 0, "Starting High-Availability services: Done.\n");
    cluster().wait_settled();
    const CommandResult status = type(1, "heartbeat-init status");
    EXPECT_EQ(status.exit_code, 0);
    EXPECT_TRUE(status.out.starts_with("heartbeat OK [pid ")) << status.out;
    EXPECT_TRUE(status.out.ends_with(" et al] is running on node1 [node1]...\n")) << status.out;
    const auto pid = node(1).pid_of("hb-master");
    expect(1, "heartbeat-init start", 0, "Starting High-Availability services: Done.\n");
    EXPECT_EQ(type(1, "heartbeat-init -s").out, status.out);
    EXPECT_TRUE(type(1, "heartbeat-init -V").out.starts_with("hb-master "));
    expect(1, "heartbeat-init -r", 0, "Reloading High-Availability services: Done.\n");
    expect(1, "heartbeat-init reload", 0, "Reloading High-Availability services: Done.\n");
    expect(1, "heartbeat-init force-reload", 0, "Reloading High-Availability services: Done.\n");
    EXPECT_EQ(node(1).pid_of("hb-master"), pid);
    expect(1, "heartbeat-init standby", 0, "Attempting to enter standby mode: Done.\n");
    EXPECT_TRUE(node(2).holds(kVip)) << "it did not wait";
    expect(2, "heartbeat-init restart", 0,
           "Stopping High-Availability services: Done.\n"
           "Starting High-Availability services: Done.\n");
    cluster().wait_owner(1);
    expect(2, "heartbeat-init -k", 0, "Stopping High-Availability services: Done.\n");
    expect(2, "heartbeat-init status", 3, "heartbeat is stopped. No process\n");
    expect(2, "heartbeat-init standby", 1, "Heartbeat is not currently running.\n");
    expect(2, "heartbeat-init reload", 7,
           "Reloading High-Availability services:  Heartbeat failure [rc=7]. Failed.\n");
    EXPECT_EQ(type(2, "heartbeat-init dance").exit_code, 1);
    // Nobody else is there: it says so.
    const CommandResult alone = type(1, "heartbeat-init standby");
    EXPECT_EQ(alone.exit_code, 3) << alone.out << alone.err;
    expect(1, "heartbeat-init stop", 0, "Stopping High-Availability services: Done.\n");
}

TEST_F(InitScript, says_what_keeps_it_from_starting) {
    prepare();
    node(1).write_file("/etc/ha.d/ha.cf", "node node1 node2\nbcast eth1\nnonsense\n");
    const CommandResult wrong = type(1, "heartbeat-init start");
    EXPECT_EQ(wrong.exit_code, 6) << wrong.out << wrong.err;
    EXPECT_EQ(wrong.out,
              "Starting High-Availability services:  Heartbeat failure [rc=6]. Failed.\n");
    expect(1, "heartbeat-init status", 3, "heartbeat is stopped. No process\n");
    node(1).remove_file("/etc/ha.d/ha.cf");
    expect(1, "heartbeat-init start", 0,
           "Heartbeat not configured: /etc/ha.d/ha.cf not found. Heartbeat failure [rc=1]. "
           "Failed.\n");
}

// What it asks systemd for; that its unit does the rest is another story.
TEST_F(InitScript, leaves_it_to_systemd_where_that_is) {
    prepare();
    node(1).write_file("/var/bin/systemctl",
                       "#!/bin/sh\necho \"$*\" >>/var/said\n"
                       "[ \"$1\" != is-failed ]\n",
                       0755);
    ASSERT_EQ(node(1).run({"mkdir", "-p", "/run/systemd/system"}).exit_code, 0);
    for (const char* verb : {"start", "stop", "restart", "reload", "force-reload"})
        EXPECT_EQ(
            node(1)
                .run({"/media/bin/heartbeat-init", verb}, 30s, {{"PATH", "/var/bin:/usr/bin:/bin"}})
                .exit_code,
            0)
            << verb;
    EXPECT_EQ(
        node(1)
            .run({"/media/bin/heartbeat-init", "status"}, 30s, {{"PATH", "/var/bin:/usr/bin:/bin"}})
            .exit_code,
        3);
    EXPECT_EQ(node(1).read_file("/var/said"),
              "start ha-suite.service\nstop ha-suite.service\n"
              "stop ha-suite.service\nstart ha-suite.service\n"
              "reload ha-suite.service\nreload ha-suite.service\n"
              "is-failed --quiet ha-suite.service\n");
}

// ---- send_arp

TEST_F(OldCommands, send_arp_in_every_tongue) {
    prepare_cluster(config());
    node(1).run({"ip", "address", "add", "10.77.0.55/24", "dev", "eth0", "label", "eth0:0"});
    const std::string own = node(1).mac(Cable::kService), given = "00:11:22:aa:bb:cc";
    struct Case {
        std::string line;
        std::string heard;  // by a bystander: q for requests, a for replies
    };
    for (const auto& [line, heard] : {
             Case{"send_arp -i 20 -r 2 -p /run/arp.pid eth0 10.77.0.55 auto x ffffffffffff",
                  fmt::format("q {0} a {0} q {0} a {0} ", own)},
             Case{"send_arp 10.77.0.55 " + given + " 10.77.0.55 fffffffffff",
                  fmt::format("q {0} a {0} ", given)},
             Case{"send_arp eth0 10.77.0.55 001122AABBCC 10.77.0.55 ffffffffffff",
                  fmt::format("q {0} a {0} ", given)},
             Case{"send_arp -U -c 1 -I eth0 10.77.0.55", fmt::format("q {} ", own)},
             Case{"send_arp -A -c 1 -I eth0 10.77.0.55", fmt::format("a {} ", own)},
         }) {
        arp().restart();
        const CommandResult result = type(1, line);
        EXPECT_EQ(result.exit_code, 0) << line << result.err;
        EXPECT_EQ(result.out + result.err, "") << line;
        std::string all;
        cluster().wait(line + " is heard", [&] {
            all.clear();
            for (const Announcement& a : arp().announcements())
                if (a.address == "10.77.0.55")
                    all += fmt::format("{} {} ", a.is_reply ? "a" : "q", a.mac);
            return all.size() >= heard.size();
        });
        EXPECT_EQ(all, heard) << line;
    }
    EXPECT_NE(node(1).run({"test", "-e", "/run/arp.pid"}).exit_code, 0) << "it is left behind";
    for (const char* line :
         {"send_arp", "send_arp eth9 10.77.0.55 auto a b", "send_arp lo 127.0.0.1 auto a b",
          "send_arp eth0 10.77.0 auto a b", "send_arp 192.0.2.1 auto a b"}) {
        const CommandResult result = type(1, line);
        EXPECT_EQ(result.exit_code, 1) << line;
        EXPECT_NE(result.err, "") << line;
    }
}

// A monitoring user looks, and changes nothing.
TEST_F(OldCommands, whom_apiauth_names_may_look) {
    ClusterConfig c = config();
    c.more.emplace_back("apiauth cl_status uid=nobody");
    run_cluster(c);
    const auto as_nobody = [&](const char* program, std::vector<std::string> words) {
        Argv argv = {"setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
                     std::string("/media/bin/") + program};
        argv.insert(argv.end(), words.begin(), words.end());
        return node(1).run(argv, 60s);
    };
    CommandResult result = as_nobody("cl_status", {"nodestatus", "node2"});
    EXPECT_EQ(result.out, "active\n") << result.err;
    EXPECT_EQ(result.exit_code, 0);
    result = as_nobody("hactl", {"status"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    result = as_nobody("hactl", {"standby"});
    EXPECT_NE(result.exit_code, 0);
    EXPECT_NE(result.err.find("only root and members of haclient may ask for that"),
              std::string::npos)
        << result.out << result.err;
    wait_word(1, "local");
}

}  // namespace
}  // namespace hb::lab
