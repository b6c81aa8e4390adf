// Debian's OCF agents (package resource-agents), unchanged, by the real daemons: started where they
// are preferred, watched, restarted in place when what they run dies, and moved. In both forms that
// haresources has for them.
#include <fmt/format.h>

#include "tests/lab/cluster_test.hpp"

namespace hb::lab {
namespace {

constexpr const char* kApache = R"(ServerName lab
PidFile /run/apache-{0}.pid
Listen {0}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule status_module /usr/lib/apache2/modules/mod_status.so
User www-data
Group www-data
ErrorLog /run/apache-{0}.log
<Location /server-status>
SetHandler server-status
</Location>
)";

constexpr const char* kNginx = R"(pid /run/nginx-lab.pid;
error_log /run/nginx-lab.log;
events {}
http { access_log off; server { listen 8082; location / { return 200 "<html></html>\n"; } } }
)";

constexpr const char* kMakeDatabase =
    "mkdir -p /var/lib/pglab && chown postgres: /var/lib/pglab && cd / && "
    "runuser -u postgres -- /usr/lib/postgresql/15/bin/initdb --no-sync -A trust -D "
    "/var/lib/pglab/data && runuser -u postgres -- mkdir /var/lib/pglab/run && "
    "printf '%s\\n' port=5499 \"unix_socket_directories='/var/lib/pglab/run'\" >> "
    "/var/lib/pglab/data/postgresql.conf";

constexpr const char* kDatabase = R"(# of OCF::pgsql::lab
OCF_RESKEY_pgctl=/usr/lib/postgresql/15/bin/pg_ctl
OCF_RESKEY_psql=/usr/lib/postgresql/15/bin/psql
OCF_RESKEY_pgdata="/var/lib/pglab/data"
OCF_RESKEY_socketdir=/var/lib/pglab/run
OCF_RESKEY_logfile=/var/lib/pglab/log
export OCF_RESKEY_pgport=5499
)";

// What a group runs, how to see from outside that it runs, and how to take it away.
struct Case {
    std::string word;
    std::string is_there;  // for a shell
    std::string kill;
};

const std::vector<Case> kCases = {
    {.word = "ocf::heartbeat:Dummy::state=/run/dummy.state",
     .is_there = "test -e /run/dummy.state",
     .kill = "rm /run/dummy.state"},
    {.word = "ocf::heartbeat:Delay::startdelay=1::stopdelay=1::mondelay=0",
     .is_there = "ls /run/resource-agents/*Delay*",
     .kill = "rm /run/resource-agents/*Delay*"},
    {.word = "ocf::heartbeat:IPaddr2::ip=10.77.0.120::nic=eth0::cidr_netmask=24",
     .is_there = "ip addr show dev eth0 | grep -F 10.77.0.120/24",
     .kill = "ip addr del 10.77.0.120/24 dev eth0"},
    {.word = "ocf::heartbeat:Filesystem::device=tmpfs::directory=/run/srv::fstype=tmpfs",
     .is_there = "mountpoint /run/srv",
     .kill = "umount /run/srv"},
    {.word = "ocf::heartbeat:apache::configfile=/etc/apache-8080.conf::statusurl=http://127.0.0.1:"
             "8080/server-status",
     .is_there = "curl -sf http://127.0.0.1:8080/server-status",
     .kill = "pkill -9 -g $(ps -o pgid= $(cat /run/apache-8080.pid))"},
    {.word = "apache::/etc/apache-8081.conf",  // as Heartbeat's wrapper has it
     .is_there = "curl -sf http://127.0.0.1:8081/server-status",
     .kill = "pkill -9 -g $(ps -o pgid= $(cat /run/apache-8081.pid))"},
    {.word = "ocf::heartbeat:nginx::configfile=/etc/nginx-lab.conf::port=8082::status10url="
             "http://127.0.0.1:8082/",
     .is_there = "curl -sf http://127.0.0.1:8082/",
     .kill = "pkill -9 -g $(ps -o pgid= $(cat /run/nginx-lab.pid))"},
    {.word = "OCF::pgsql::lab",
     .is_there = "/usr/lib/postgresql/15/bin/psql -h /var/lib/pglab/run -p 5499 -U postgres -Atc "
                 "'select 1' template1",
     .kill = "kill -9 -- -$(head -1 /var/lib/pglab/data/postmaster.pid)"},
};

class OcfAgents : public ClusterTest {
  protected:
    void prepare() {
        ClusterConfig config;
        config.groups = {ClusterConfig::Group{}};
        for (const Case& each : kCases)
            config.groups.push_back({.preferred = 1, .resources = each.word});
        config.more = {"monitor 1s", "monitor 60min 10.77.0.100/24/eth0"};
        prepare_cluster(config);
        for (unsigned n : {1U, 2U}) {
            for (const int port : {8080, 8081})
                node(n).write_file(fmt::format("/etc/apache-{}.conf", port),
                                   fmt::format(fmt::runtime(kApache), port));
            node(n).write_file("/etc/nginx-lab.conf", kNginx);
            node(n).write_file("/etc/ha.d/conf/OCF/pgsql/lab", kDatabase);
            const CommandResult made = node(n).run({"bash", "-c", kMakeDatabase}, 60s);
            ASSERT_EQ(made.exit_code, 0) << made.out << made.err;
        }
    }
    bool is_there(unsigned n, const Case& each) {
        return node(n).run({"bash", "-c", each.is_there}).exit_code == 0;
    }
    void wait_on(unsigned here, unsigned not_there) {
        for (const Case& each : kCases) {
            cluster().wait(fmt::format("{} is on node{}", each.word, here), [&] {
                return cluster().group(here, each.word).value("state", "") == "running" &&
                       is_there(here, each);
            });
            EXPECT_FALSE(is_there(not_there, each)) << each.word;
        }
    }
};

TEST_F(OcfAgents, of_debian_start_are_watched_and_stop) {
    prepare();
    const CommandResult check = cluster().hactl(1, {"check", "--agents"});
    EXPECT_EQ(check.exit_code, 0) << check.out;
    EXPECT_EQ(check.out.find("validate-all"), std::string::npos) << check.out;
    cluster().start_all();
    cluster().wait_settled();
    wait_on(1, 2);
    for (const Case& each : kCases) {
        const CommandResult killed = node(1).run({"bash", "-c", each.kill});
        EXPECT_EQ(killed.exit_code, 0) << each.word << killed.out << killed.err;
        cluster().wait_log(1, each.word + " has failed");
        cluster().wait(each.word + " is back", [&] { return is_there(1, each); });
    }
    wait_on(1, 2);
    EXPECT_EQ(cluster().hactl(1, {"standby"}).exit_code, 0);
    cluster().wait_owner(2);
    wait_on(2, 1);
}

// What an agent of Debian's does not like, or we cannot do with it, is said where it is written.
TEST_F(OcfAgents, that_are_wrong_are_named_with_their_place) {
    ClusterConfig config;
    config.groups = {{.preferred = 1, .resources = "10.77.0.100/24/eth0"},
                     {.preferred = 1, .resources = "ocf::heartbeat:Dummy ocf::heartbeat:Stateful"}};
    prepare_cluster(config);
    const std::string refusal =
        "haresources:2:28: error: OCF agent heartbeat:Stateful runs on several nodes and is "
        "promoted on one: such agents are not supported, a group runs on one node";
    const CommandResult check = cluster().hactl(1, {"check"});
    EXPECT_EQ(check.exit_code, 6);
    EXPECT_NE(check.out.find(refusal), std::string::npos) << check.out;
    cluster().start(1);
    ASSERT_TRUE(node(1).wait_exit(cluster().master(1), Cluster::kGenerous));
    EXPECT_EQ(cluster().master(1).exit_code(), 6);

    // The file is good; the agents say otherwise, each its own.
    node(1).write_file("/etc/ha.d/haresources",
                       "node1 10.77.0.100/24/eth0 ocf::heartbeat:Filesystem::directory=/run/srv\n"
                       "node2 ocf::heartbeat:Dummy apache::/etc/nothing-there.conf\n");
    EXPECT_EQ(cluster().hactl(1, {"check"}).exit_code, 0);
    const CommandResult asked = cluster().hactl(1, {"check", "--agents"});
    EXPECT_EQ(asked.exit_code, 0) << "what starts is decided without asking them";
    for (const char* said :
         {"haresources:1:27: warning: ocf::heartbeat:Filesystem::directory=/run/srv: validate-all "
          "says not configured (6): ",
          "haresources:2:28: warning: apache::/etc/nothing-there.conf: validate-all says not "
          "installed (5): "})
        EXPECT_NE(asked.out.find(said), std::string::npos) << said << "\n" << asked.out;
}

}  // namespace
}  // namespace hb::lab
