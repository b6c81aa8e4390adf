// The configurations that people wrote about, as they stand in tests/golden/config, with the lab's
// names and addresses in place of theirs: the pair starts, hands over, and does what auto_failback
// says.
#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "tests/lab/cluster_test.hpp"
#include "tests/lab/serial_cable.hpp"
#include "tests/lab/watchdog_stand_in.hpp"

namespace hb::lab {
namespace {

constexpr const char* kVip = Cluster::kVip;

// A service, whatever its name: it runs while a file is there.
constexpr const char* kService = R"sh(#!/bin/sh
name=$(basename "$0")
[ $# -eq 1 ] || name=$name-$1
for verb in "$@"; do :; done
case $verb in
    start) : >"/run/is-$name" ;;
    stop) rm -f "/run/is-$name" ;;
    status) if [ -e "/run/is-$name" ]; then echo running; else echo stopped; exit 3; fi ;;
    *) exit 2 ;;
esac
)sh";

using Words = std::vector<std::pair<std::string, std::string>>;

struct Article {
    std::string name;
    Words lab;                          // in the order of replacing
    std::vector<std::string> services;  // scripts that are needed
    std::vector<std::string> running;   // what they leave in /run, where they run
    bool failback = true;
    bool disk = false;
    Words lab2 = {};  // on node2, before the others
};

const Words kLinuxHa = {{"linuxha1.linux-ha.org", "node1"},
                        {"linuxha2.linux-ha.org", "node2"},
                        {"192.168.85.3", kVip},
                        {"/dev/ttyS0", SerialCable::kDevice},
                        {"/dev/watchdog", WatchdogStandIn::kPath},
                        {"ping1.linux-ha.org", "10.77.0.254"},
                        {"ping2.linux-ha.org", "10.77.0.200"},
                        {"ping3.linux-ha.org", "10.88.0.200"},
                        {"ping4.linux-ha.org", "10.88.0.201"}};

const std::vector<Article>& articles() {
    static const std::vector<Article> all = {
        {.name = "050-article-nats",
         .lab = {{"node-0", "node1"}, {"node-1", "node2"}, {"192.168.40.1", kVip}},
         .services = {"nats-server"},
         .running = {"nats-server"},
         .failback = false},
        {.name = "052-article-webserver-and-disk",
         .lab = {{"192.168.60.200", kVip},
                 {"192.168.60.1", Lab::kRouterAddress},
                 {"/dev/sdb5", "/var/lib/lab/sdb5"},
                 {"::/webdata::ext3", "::/run/webdata::ext4"},
                 {"/dev/watchdog", WatchdogStandIn::kPath}},
         .services = {},
         .running = {},
         .disk = true},
        {.name = "053-article-apache-and-samba",
         .lab = kLinuxHa,
         .services = {"httpd", "smb"},
         .running = {"httpd", "smb"}},
        {.name = "054-article-drbd-0.4.9",
         .lab = kLinuxHa,
         .services = {"datadisk", "mirror"},
         .running = {"datadisk-drbd0", "datadisk-drbd1", "mirror"},
         .failback = false},
        {.name = "055-article-ping-groups",
         .lab = kLinuxHa,
         .services = {"httpd", "smb"},
         .running = {"httpd", "smb"}},
        {.name = "056-article-ucast-and-firewall",
         .lab = {{"usvr-218", "node1"},
                 {"usvr-128", "node2"},
                 {"192.168.0.128", "10.77.0.2"},
                 {"192.168.0.219", kVip},
                 {"192.168.0.1", Lab::kRouterAddress}},
         .services = {},
         .running = {},
         .lab2 = {{"192.168.0.128", "10.77.0.1"}}},
    };
    return all;
}

std::string read_source(const std::string& path) {
    std::ifstream in(fmt::format("{}/{}", LAB_SOURCE_ROOT, path));
    std::ostringstream whole;
    whole << in.rdbuf();
    std::string text = std::move(whole).str();
    if (text.empty()) throw LabError("no " + path);
    return text;
}

std::string in_words(const Words& words, std::string text) {
    for (const auto& [from, to] : words)
        for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
            text.replace(at, from.size(), to);
    return text;
}

std::string text_of(const Article& article, const char* file, unsigned node) {
    const std::string text =
        read_source(fmt::format("tests/golden/config/{}/{}", article.name, file));
    return in_words(article.lab, node == 2 ? in_words(article.lab2, text) : text);
}

// What docs/heartbeat-log-lines.md calls the same under that heading.
std::vector<std::string> same_lines(const std::string& heading) {
    std::istringstream page(read_source("docs/heartbeat-log-lines.md"));
    std::vector<std::string> same;
    bool there = false;
    for (std::string line; std::getline(page, line);) {
        if (line.starts_with("### ")) there = line == "### " + heading;
        const std::size_t end = line.find("` | same: ");
        if (there && line.starts_with("| `") && end != std::string::npos)
            same.push_back(line.substr(3, end - 3));
    }
    if (same.empty()) throw LabError("docs/heartbeat-log-lines.md: nothing under " + heading);
    return same;
}

class ArticleTest : public ClusterTest {
  protected:
    void prepare(const Article& article) {
        article_ = article;
        ClusterConfig config;
        config.ha_cf_text = text_of(article, "ha.cf", 1);
        config.haresources_text = text_of(article, "haresources", 1);
        config.authkeys = text_of(article, "authkeys", 1);
        config.groups = {
            {1, config.haresources_text->substr(config.haresources_text->find(' ') + 1)}};
        config.groups[0].resources.pop_back();
        const bool watchdog = config.ha_cf_text->find("watchdog ") != std::string::npos;
        const bool serial = config.ha_cf_text->find("serial ") != std::string::npos;
        if (watchdog) config.master_environment = WatchdogStandIn::environment();
        prepare_cluster(config);
        if (article.disk) lab().add_shared_disk("sdb5", 32 << 20);
        for (unsigned n = 1; n <= 2; ++n) {
            node(n).write_file("/etc/ha.d/ha.cf", text_of(article, "ha.cf", n));
            for (const std::string& service : article.services)
                node(n).write_file("/etc/ha.d/resource.d/" + service, kService, 0755);
            if (watchdog) dogs_[n] = std::make_unique<WatchdogStandIn>(lab(), n, 60s);
            if (article.disk) continue;  // the checker wants hb-agent where it is installed
            const CommandResult check = cluster().hactl(n, {"check"});
            EXPECT_EQ(check.exit_code, 0) << check.out << check.err;
        }
        if (serial) cable_ = std::make_unique<SerialCable>(lab(), 1, 2, 19200);
    }
    [[nodiscard]] bool runs(unsigned n) {
        if (!node(n).holds(kVip)) return false;
        for (const std::string& service : article_.running)
            if (node(n).run({"test", "-e", "/run/is-" + service}).exit_code != 0) return false;
        return !article_.disk || node(n).run({"mountpoint", "-q", "/run/webdata"}).exit_code == 0;
    }
    // Everything, and nothing of it on the other.
    [[nodiscard]] bool runs_only_on(unsigned n) {
        if (!runs(n) || node(3 - n).holds(kVip)) return false;
        for (const std::string& service : article_.running)
            if (node(3 - n).run({"test", "-e", "/run/is-" + service}).exit_code == 0) return false;
        return true;
    }
    void wait_runs_only_on(unsigned n) {
        cluster().wait(fmt::format("node{} runs it all", n), [&] { return runs_only_on(n); });
    }
    void TearDown() override {
        cable_.reset();
        dogs_.clear();  // they write into the lab's log
        ClusterTest::TearDown();
    }

    Article article_;

  private:
    std::map<unsigned, std::unique_ptr<WatchdogStandIn>> dogs_;
    std::unique_ptr<SerialCable> cable_;
};

class Articles : public ArticleTest, public ::testing::WithParamInterface<Article> {};

TEST_P(Articles, runs_as_it_was_written) {
    prepare(GetParam());
    cluster().start_all();
    cluster().wait_settled();
    wait_runs_only_on(1);
    EXPECT_EQ(cluster().stop(1), 0);
    wait_runs_only_on(2);
    cluster().start(1);
    cluster().wait_all_active();
    if (GetParam().failback)
        wait_runs_only_on(1);
    else
        EXPECT_TRUE(stays([&] { return runs_only_on(2); }));
}

INSTANTIATE_TEST_SUITE_P(Each, Articles, ::testing::ValuesIn(articles()), [](const auto& each) {
    std::string name;
    for (const char c : each.param.name.substr(12))
        name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
    return name;
});

// What docs/heartbeat-log-lines.md says of these logs, with the real daemons: each line that it
// calls the same comes, on that node, at that moment.
class ArticleLogs : public ArticleTest {
  protected:
    // An article with times that a test can wait for, and nothing that resets the host.
    static Article quick(const std::string& name, const Words& more) {
        for (Article article : articles()) {
            if (article.name != name) continue;
            Words words = {{"watchdog /dev/watchdog\n", ""},
                           {"deadtime 30", "deadtime 2"},
                           {"warntime 10", "warntime 1"},
                           {"initdead 120", "initdead 5"},
                           {"keepalive 2", "keepalive 300ms"}};
            words.insert(words.end(), more.begin(), more.end());
            article.lab.insert(article.lab.begin(), words.begin(), words.end());
            return article;
        }
        throw LabError(name + ": no such article");
    }
    void expect_same(unsigned n, const std::string& heading, std::size_t mark) {
        for (const std::string& line : same_lines(heading))
            cluster().wait_log(n, in_words(article_.lab, line), mark);
    }
};

TEST_F(ArticleLogs, of_two_nodes_with_a_ping_node) {
    prepare(quick("052-article-webserver-and-disk", {{"bcast eth1", "bcast eth1 eth0"},
                                                     {"heartbeat 2.0.8", "heartbeat "},
                                                     {"generation: 3", "generation: "}}));
    std::size_t mark = 0;
    cluster().start(1);
    wait_runs_only_on(1);
    expect_same(1, "Heartbeat 2.0.8, two nodes, a ping node, ipfail: the first one starts alone",
                mark);
    mark = lab().log().mark();
    cluster().start(2);
    cluster().wait_settled();
    expect_same(2, "The second one starts, and has nothing", mark);
    cluster().wait_log(2, "Ping node count is balanced.", mark);
    mark = lab().log().mark();
    node(1).pull(Cable::kService, Carrier::kLost);
    wait_runs_only_on(2);
    expect_same(1, "The service cable of the owner is pulled: the owner", mark);
    expect_same(2, "And the taker", mark);
}

TEST_F(ArticleLogs, of_a_serial_line) {
    prepare(quick("054-article-drbd-0.4.9", {{"0.4.9f", ""}, {"generation: 17", "generation: "}}));
    cluster().start(1);
    wait_runs_only_on(1);
    cluster().start(2);
    expect_same(
        1,
        "Heartbeat 0.4.9, with a serial line and a watchdog: the first one starts alone, the "
        "second joins",
        0);
}

}  // namespace
}  // namespace hb::lab
