// The configuration is changed on a running cluster: `hactl reload`. What may take effect does,
// without a lost heartbeat and without touching what runs; what may not is refused whole, with its
// reason.
#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

constexpr const char* kVip = Cluster::kVip;

class Reload : public ClusterTest {
  protected:
    void write_ha_cf(unsigned n, const ClusterConfig& config) {
        node(n).write_file("/etc/ha.d/ha.cf", config.ha_cf(), 0644);
    }
    // What it printed, on either stream.
    std::string hactl(unsigned n, Argv arguments, int code) {
        const CommandResult result = cluster().hactl(n, std::move(arguments));
        EXPECT_EQ(result.exit_code, code) << result.out << result.err;
        return result.out + result.err;
    }
    void reload(unsigned n, const ClusterConfig& config) {
        write_ha_cf(n, config);
        hactl(n, {"reload"}, 0);
    }
    void begin() {
        log_ = lab().log().mark();
        addresses_ = lab().addresses().mark();
    }
    void expect_nothing_noticed(const std::string& given_up = "giving up") {
        for (const char* n : {"node1", "node2"})
            for (const std::string text :
                 {"Late heartbeat", "is dead", "stood still", given_up.c_str()})
                EXPECT_FALSE(lab().log().find(n, text, log_)) << n << " said: " << text;
        EXPECT_TRUE(lab().addresses().events_of(kVip, addresses_).empty());
    }

    std::size_t log_ = 0;
    std::size_t addresses_ = 0;
};

TEST_F(Reload, changes_times_without_a_lost_heartbeat) {
    ClusterConfig config;
    run_cluster(config);
    begin();
    // Shorter on one node, then on the other; longer again, the other way round.
    for (const auto& [keepalive, deadtime, first] :
         {std::tuple{"100ms", "600ms", 1U}, {"250ms", "2s", 2U}, {"200ms", "1s", 1U}}) {
        config.keepalive = keepalive;
        config.deadtime = deadtime;
        for (const unsigned n : {first, 3 - first}) {
            write_ha_cf(n, config);
            const std::string text = hactl(n, {"reload"}, 0);
            EXPECT_NE(text.find(std::string("-> ") + deadtime), std::string::npos) << text;
            EXPECT_NE(text.find("in effect: "), std::string::npos) << text;
        }
        EXPECT_TRUE(stays([&] { return node(1).holds(kVip); }, 1s));
    }
    expect_nothing_noticed();
    // And they are in effect: the newest of them decides how soon a lost node is noticed.
    const std::size_t mark = lab().log().mark();
    node(1).power_off();
    cluster().wait_log(2, "node node1: is dead", mark);
    cluster().wait_owner(2);
}

TEST_F(Reload, that_is_wrong_is_refused_whole_and_says_where) {
    ClusterConfig config;
    run_cluster(config);
    begin();
    config.keepalive = "100ms";
    config.more = {"deadtimer 5"};
    write_ha_cf(1, config);
    const std::string wrong = hactl(1, {"reload"}, 6);
    EXPECT_NE(wrong.find("ha.cf:"), std::string::npos) << wrong;
    EXPECT_NE(wrong.find("what runs stays as it is"), std::string::npos) << wrong;
    // The old way of asking, too.
    node(1).signal(cluster().master(1), SIGHUP);
    cluster().wait_log(1, "the configuration is not taken", log_);

    config.more = {"realtime off"};
    write_ha_cf(1, config);
    for (const char* option : {"--dry-run", "--json"}) {
        const std::string text = hactl(1, {"reload", option}, 3);
        EXPECT_NE(text.find("realtime"), std::string::npos) << text;
        EXPECT_NE(text.find("keepalive"), std::string::npos) << text;
    }
    // Keepalive could have changed, and did not either.
    config.more.clear();
    config.keepalive = ClusterConfig{}.keepalive;
    write_ha_cf(1, config);
    const std::string none = hactl(1, {"reload", "--dry-run"}, 0);
    EXPECT_NE(none.find("nothing has changed"), std::string::npos) << none;
    expect_nothing_noticed();
}

// Before all could have it, nothing has changed; and a late answer is none to the next question.
TEST_F(Reload, that_one_daemon_does_not_answer_changes_nothing) {
    ClusterConfig config;
    config.keepalive = "200ms";
    config.more = {std::string("ping ") + Lab::kRouterAddress,
                   "respawn hacluster /usr/lib/heartbeat/ipfail"};
    run_cluster(config);
    begin();
    const std::string before = cluster().hactl(1, {"reload", "--dry-run"}).out;
    config.keepalive = "150ms";
    write_ha_cf(1, config);
    node(1).signal("hb-ipfail", SIGSTOP);
    const std::string late = hactl(1, {"reload"}, 3);
    EXPECT_NE(late.find("hb-ipfail does not answer: what runs stays as it is"), std::string::npos)
        << late;
    // It goes on, answers the first question late and the second one in time.
    node(1).signal("hb-ipfail", SIGCONT);
    hactl(1, {"reload"}, 0);

    config.keepalive = "180ms";
    write_ha_cf(1, config);
    node(1).signal("hb-ipfail", SIGSTOP);
    const std::size_t mark = lab().log().mark();
    node(1).signal(cluster().master(1), SIGHUP);
    cluster().wait_log(1, "reading the configuration again", mark);
    node(1).kill("hb-ipfail");
    cluster().wait_log(1, "hb-ipfail died meanwhile: what runs stays as it is", mark);
    cluster().wait_log(1, "started hb-ipfail", mark);
    cluster().wait("the reload that is asked for again",
                   [&] { return cluster().hactl(1, {"reload"}).exit_code == 0; });
    expect_nothing_noticed();
    EXPECT_EQ(hactl(1, {"reload", "--dry-run"}, 0), before) << "nothing is left to change";
}

TEST_F(Reload, is_known_to_whoever_is_respawned_later) {
    ClusterConfig config;
    run_cluster(config);
    begin();
    config.keepalive = "200ms";
    config.deadtime = "1500ms";
    for (const unsigned n : {1U, 2U})
        reload(n, config);
    for (const char* daemon : {"hb-comm", "hb-membership", "hb-resource"}) {
        node(1).kill(daemon);
        cluster().wait_log(1, std::string("started ") + daemon, log_);
        cluster().wait_all_active();
        cluster().wait_owner(1);
    }
    const CommandResult said = node(1).run({"cl_status", "hbparameter", "-p", "deadtime"});
    EXPECT_EQ(said.out, "1500ms\n") << said.err;
    EXPECT_NE(hactl(1, {"reload", "--dry-run"}, 0).find("nothing has changed"), std::string::npos);
    EXPECT_TRUE(lab().addresses().events_of(kVip, addresses_).empty());
}

TEST_F(Reload, of_log_files_writes_to_the_new_ones) {
    ClusterConfig config;
    config.more = {"logfile /run/first.log"};
    run_cluster(config);
    config.more = {"logfile /run/second.log", "auto_failback off"};
    config.auto_failback = "off";
    config.more.pop_back();
    reload(1, config);
    cluster().wait("the new file", [&] {
        const std::string text = node(1).run({"cat", "/run/second.log"}).out;
        return text.find("the configuration was read again") != std::string::npos;
    });
}

TEST_F(Reload, adds_and_removes_a_medium_without_a_lost_heartbeat) {
    ClusterConfig config;
    config.keepalive = "200ms";
    run_cluster(config);
    const auto links = [&](unsigned n) {
        const auto status = cluster().status(n);
        std::string names;
        if (status)
            for (const auto& link : (*status)["nodes"][2 - n]["links"])
                names +=
                    link["name"].get<std::string>() + " " + link["status"].get<std::string>() + " ";
        return names;
    };
    begin();
    config.media = {"bcast eth1", "bcast eth0"};
    for (const unsigned n : {1U, 2U})
        reload(n, config);
    for (const unsigned n : {1U, 2U})
        cluster().wait("two links", [&] { return links(n) == "eth1 up eth0 up "; });
    config.media = {"bcast eth0"};
    for (const unsigned n : {1U, 2U})
        reload(n, config);
    for (const unsigned n : {1U, 2U})
        cluster().wait("one link", [&] { return links(n) == "eth0 up "; });
    EXPECT_TRUE(stays([&] { return node(1).holds(kVip); }));
    expect_nothing_noticed();
}

TEST_F(Reload, adds_ping_nodes_and_removes_them) {
    ClusterConfig config;
    run_cluster(config);
    begin();
    const auto pings = [&](unsigned n) {
        const auto status = cluster().status(n);
        std::string names;
        if (status)
            for (const auto& ping : (*status)["ping_nodes"])
                names +=
                    ping["name"].get<std::string>() + " " + ping["status"].get<std::string>() + " ";
        return names;
    };
    // The client answers; nobody has the other one.
    config.keepalive = "150ms";
    config.more = {"ping 10.77.0.254", "ping 10.77.0.99"};
    for (const unsigned n : {1U, 2U})
        reload(n, config);
    for (const unsigned n : {1U, 2U})
        cluster().wait("both are judged",
                       [&] { return pings(n) == "10.77.0.254 ping 10.77.0.99 dead "; });
    config.more = {"ping 10.77.0.99", "ping 10.77.0.254"};
    reload(1, config);
    cluster().wait("in another order",
                   [&] { return pings(1) == "10.77.0.99 dead 10.77.0.254 ping "; });
    config.more.clear();
    for (const unsigned n : {1U, 2U})
        reload(n, config);
    cluster().wait("none is left", [&] { return pings(1).empty() && pings(2).empty(); });
    EXPECT_TRUE(stays([&] { return node(1).holds(kVip); }));
    for (const char* n : {"node1", "node2"})
        for (const char* text : {"Late heartbeat", "node node", "giving up", "isolated"})
            EXPECT_FALSE(lab().log().find(n, text, log_)) << n << " said: " << text;
    EXPECT_TRUE(lab().addresses().events_of(kVip, addresses_).empty());
}

TEST_F(Reload, starts_and_ends_programs_of_changed_lines_only) {
    ClusterConfig config;
    config.more = {"respawn root /bin/sleep 1001", "respawn root /bin/sleep 1002"};
    run_cluster(config);
    const auto sleepers = [&] {
        std::map<std::string, pid_t> found;
        for (const RunningProcess& p : node(1).processes()) {
            if (p.name != "sleep" || p.state == 'Z') continue;
            const std::string line =
                node(1).run({"cat", "/proc/" + std::to_string(p.pid) + "/cmdline"}).out;
            found[line.substr(line.size() - 5, 4)] = p.pid;
        }
        return found;
    };
    cluster().wait("both run", [&] { return sleepers().size() == 2; });
    const pid_t stays_there = sleepers().at("1002");
    config.more = {"respawn root /bin/sleep 1002", "respawn root /bin/sleep 1003"};
    reload(1, config);
    cluster().wait("the new one, without the first", [&] {
        const auto now = sleepers();
        return now.size() == 2 && now.contains("1003") && now.contains("1002");
    });
    EXPECT_EQ(sleepers().at("1002"), stays_there);
}

TEST_F(Reload, of_the_preferred_node_lets_the_group_go_there) {
    ClusterConfig config;
    run_cluster(config);
    const std::string resources = config.groups[0].resources;
    for (const unsigned n : {1U, 2U}) {
        node(n).write_file("/etc/ha.d/haresources", "node2 " + resources + "\n", 0644);
    }
    for (const unsigned n : {1U, 2U})
        hactl(n, {"reload"}, 0);
    cluster().wait_owner(2);
}

TEST_F(Reload, adds_a_group_and_takes_it_out_again) {
    ClusterConfig config;
    run_cluster(config);
    begin();
    const std::string line = "node1 " + config.groups[0].resources + "\n";
    const std::string more = line + "node2 10.77.0.101/24/eth0\n";
    const auto write = [&](unsigned n, const std::string& text) {
        node(n).write_file("/etc/ha.d/haresources", text, 0644);
        hactl(n, {"reload"}, 0);
    };
    write(2, more);
    // Nobody starts what the other one does not know.
    EXPECT_TRUE(stays([&] { return !node(2).holds("10.77.0.101"); }, 1s));
    write(1, more);
    cluster().wait_owner(2, "10.77.0.101");
    // Taken out where it runs first: it is stopped there, and nobody else has it.
    write(2, line);
    cluster().wait("it is down", [&] { return !node(2).holds("10.77.0.101"); });
    EXPECT_TRUE(stays([&] { return !node(1).holds("10.77.0.101"); }, 2s));
    write(1, line);
    // And there again, the other way round; out again on the idle one first.
    write(1, more);
    write(2, more);
    cluster().wait_owner(2, "10.77.0.101");
    write(1, line);
    EXPECT_TRUE(stays([&] { return node(2).holds("10.77.0.101"); }, 1s));
    // The daemon that has to stop it dies over it: its successor does.
    write(2, line);
    node(2).kill("hb-resource");
    cluster().wait("it is down", [&] { return !node(2).holds("10.77.0.101"); });
    EXPECT_TRUE(node(1).holds(kVip));
    for (const char* n : {"node1", "node2"})
        for (const char* text : {"Late heartbeat", "is dead"})
            EXPECT_FALSE(lab().log().find(n, text, log_)) << n << " said: " << text;
    EXPECT_TRUE(lab().addresses().events_of(kVip, addresses_).empty());
}

constexpr const char* kThing = R"(#!/bin/sh
# What it was asked for, but for its status, is in a log.
me=$(basename "$0")
case "$1" in
    start)  : >/run/$me.runs; echo "start $me" >>/run/things.log ;;
    stop)   [ -e /run/$me.stuck ] && exit 1
            [ -e /run/$me.slow ] && [ -e /run/$me.runs ] && sleep 2
            rm -f /run/$me.runs; echo "stop $me" >>/run/things.log ;;
    status) if [ -e /run/$me.runs ]; then echo running; else echo stopped; fi ;;
esac
)";

class ReloadResources : public Reload {
  protected:
    void SetUp() override {
        Reload::SetUp();
        config.groups[0].resources += " one two";
        prepare_cluster(config);
        for (const unsigned n : {1U, 2U})
            for (const char* thing : {"one", "two", "three"})
                node(n).write_file(std::string("/etc/ha.d/resource.d/") + thing, kThing, 0755);
        cluster().start_all();
        cluster().wait("all of it runs",
                       [&] { return done(1).find("start two") != std::string::npos; });
        begin();
        for (const unsigned n : {1U, 2U})
            node(n).write_file("/run/things.log", "");
    }
    std::string reload_line(unsigned n, const std::string& line, int code = 0) {
        node(n).write_file("/etc/ha.d/haresources", "node1 " + line + "\n", 0644);
        return hactl(n, {"reload"}, code);
    }
    std::string done(unsigned n) { return node(n).run({"cat", "/run/things.log"}).out; }

    ClusterConfig config;
    const std::string vip = std::string(kVip) + "/24/eth0";
};

TEST_F(ReloadResources, touches_only_what_changed) {
    const std::string line = vip + " one three 10.77.0.102/24/eth0";
    reload_line(1, line);
    cluster().wait("the new ones are there", [&] { return node(1).holds("10.77.0.102"); });
    EXPECT_EQ(done(1), "stop two\nstart three\n");
    EXPECT_EQ(done(2), "");
    expect_nothing_noticed("giving up " + vip + ":");
    // The other node, which has the line before, takes it over, and is told then.
    hactl(1, {"standby"}, 0);
    cluster().wait_owner(2);
    EXPECT_FALSE(node(1).holds("10.77.0.102"));
    cluster().wait("the old ones are there", [&] { return done(2) == "start one\nstart two\n"; });
    begin();
    reload_line(2, line);
    cluster().wait("the new ones are there", [&] { return node(2).holds("10.77.0.102"); });
    EXPECT_EQ(done(2), "start one\nstart two\nstop two\nstart three\n");
    expect_nothing_noticed("giving up " + vip + ":");
}

TEST_F(ReloadResources, leaves_alone_what_is_in_maintenance) {
    hactl(1, {"maintenance", "on"}, 0);
    node(1).write_file("/etc/ha.d/haresources", "node1 " + vip + " one\n", 0644);
    for (const Argv& command : {Argv{"reload", "--dry-run"}, Argv{"reload"}})
        EXPECT_NE(hactl(1, command, 3).find("is in maintenance"), std::string::npos);
    EXPECT_EQ(done(1), "");
    hactl(1, {"maintenance", "off"}, 0);
    cluster().wait("it may", [&] {
        return cluster().hactl(1, {"reload", "--dry-run"}).exit_code == 0;
    });
    EXPECT_EQ(done(1), "");
    hactl(1, {"reload"}, 0);
    cluster().wait("it is stopped", [&] { return done(1) == "stop two\n"; });
}

TEST_F(ReloadResources, blocks_the_group_when_what_is_gone_does_not_stop) {
    node(1).write_file("/run/two.stuck", "");
    reload_line(1, vip + " one three");
    const auto status = [&] { return cluster().hactl(1, {"status"}).out; };
    cluster().wait("it is said", [&] {
        return status().find("what was taken out of it does not stop") != std::string::npos;
    });
    EXPECT_TRUE(node(1).holds(kVip));
    EXPECT_EQ(done(1), "") << "three waits, one is not touched";
    EXPECT_NE(reload_line(1, vip + " one", 3).find("is not gone yet"), std::string::npos);
    // Nor does the group go elsewhere: the other node's line has what is still here.
    hactl(1, {"standby", "--no-wait"}, 0);
    EXPECT_TRUE(stays([&] { return node(1).holds(kVip) && !node(2).holds(kVip); }, 1s));
    node(1).remove_file("/run/two.stuck");
    hactl(1, {"cleanup"}, 0);
    cluster().wait("it is stopped", [&] { return done(1).starts_with("stop two\n"); });
    cluster().wait_owner(2);  // as was asked for
}

TEST_F(ReloadResources, takes_nothing_out_that_it_could_not_remember) {
    node(1).run({"mkdir", "/run/ha-suite/groups.new"});
    EXPECT_NE(reload_line(1, vip + " one", 3).find("groups.new"), std::string::npos);
    EXPECT_EQ(done(1), "");
    node(1).run({"rmdir", "/run/ha-suite/groups.new"});
    reload_line(1, vip + " one");
    cluster().wait("it is stopped", [&] { return done(1) == "stop two\n"; });
}

TEST_F(ReloadResources, stops_what_is_gone_over_the_death_of_its_daemon) {
    node(1).write_file("/run/two.slow", "");
    reload_line(1, vip + " one");
    node(1).kill("hb-resource");
    cluster().wait("it is stopped", [&] { return done(1).find("stop two") != std::string::npos; });
    EXPECT_TRUE(node(1).holds(kVip));
    EXPECT_EQ(done(1).find("one"), std::string::npos) << done(1);
    EXPECT_TRUE(lab().addresses().events_of(kVip, addresses_).empty());
}

TEST_F(ReloadResources, moves_nothing_from_one_group_to_another_at_once) {
    const std::string text = reload_line(1, vip + " one\nnode2 10.77.0.102 two", 3);
    EXPECT_NE(text.find("two was in group " + vip), std::string::npos) << text;
    EXPECT_EQ(done(1), "");
    // In two steps it may, when all nodes have done the first.
    reload_line(1, vip + " one");
    cluster().wait("it is stopped", [&] { return done(1) == "stop two\n"; });
    const std::string second = vip + " one\nnode2 10.77.0.102/24/eth0 two";
    EXPECT_NE(reload_line(1, second, 3).find("node2: it may still run two in group"),
              std::string::npos);
    reload_line(2, vip + " one");
    reload_line(1, second);
    reload_line(2, second);
    cluster().wait_owner(2, "10.77.0.102");
    cluster().wait("all of it", [&] { return done(2).find("start two") != std::string::npos; });
    EXPECT_TRUE(node(1).holds(kVip));
}

}  // namespace
}  // namespace hb::lab
