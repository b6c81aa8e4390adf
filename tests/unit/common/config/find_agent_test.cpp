#include "common/config/find_agent.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "common/config/parser.hpp"

namespace hb::config {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class FindAgent : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "/hb-agents-XXXXXX";
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        dir_ = pattern;
        directories_ = {.resource_d = dir_ / "resource.d",
                        .init_d = dir_ / "init.d",
                        .ocf_root = dir_ / "ocf",
                        .ocf_instances = dir_ / "conf/OCF",
                        .hb_agent = dir_ / "hb-agent",
                        .units = {dir_ / "etc-units", dir_ / "lib-units"}};
    }
    void TearDown() override { fs::remove_all(dir_); }

    void write(const std::string& name, mode_t mode = 0755, const std::string& text = "x\n") {
        fs::create_directories((dir_ / name).parent_path());
        std::ofstream(dir_ / name) << text;
        ASSERT_EQ(chmod((dir_ / name).c_str(), mode), 0);
    }
    // Through the parser, as users write it; then in words.
    std::string find(const std::string& word) {
        Settings settings;
        settings.nodes = {"n"};
        Diagnostics problems;
        parse_haresources("n " + word + "\n", settings, problems);
        if (settings.groups.empty() || problems.has_errors()) return "not parsed";
        const auto found = find_agent(settings.groups[0].resources.at(0), directories_);
        if (!found) return "error: " + found.error().text;
        std::string text;
        switch (found->kind) {
            case AgentKind::kBuiltIn:
                text = "built in";
                break;
            case AgentKind::kScript:
                text = fs::relative(found->path, dir_).string();
                for (const std::string& arg : found->args)
                    text += " " + arg;
                break;
            case AgentKind::kOcf:
                text = fs::relative(found->path, dir_).string();
                for (const std::string& arg : found->args)
                    text += " " + arg;
                text += fmt::format(" {}:{}", found->provider, found->type);
                for (const auto& [name, value] : found->parameters)
                    text += fmt::format(" {}={}", name, value);
                break;
            case AgentKind::kUnit:
                text = found->unit;
                break;
        }
        return found->warning.empty() ? text : text + ", warning: " + found->warning;
    }

    fs::path dir_;
    AgentDirectories directories_;
};

TEST_F(FindAgent, LooksInHeartbeatsOrderThenForAgentsThatHeartbeatDidNotKnow) {
    EXPECT_EQ(find("10.0.0.1"), "built in");
    write("lib-units/apache.service", 0644);
    EXPECT_EQ(find("apache"), "apache.service");
    write("ocf/resource.d/heartbeat/apache");
    EXPECT_EQ(find("apache::/etc/a.conf"),
              "ocf/resource.d/heartbeat/apache heartbeat:apache configfile=/etc/a.conf");
    write("init.d/apache");
    EXPECT_EQ(find("apache::/etc/a.conf"), "init.d/apache /etc/a.conf");
    write("resource.d/apache", 0644);
    EXPECT_EQ(find("apache"), "init.d/apache") << "not executable: not there";
    write("resource.d/apache");
    EXPECT_EQ(find("apache::a::b"), "resource.d/apache a b");
    EXPECT_THAT(find("nowhere"), HasSubstr("Cannot locate resource script nowhere (not in "));
}

TEST_F(FindAgent, WhatIsOursComesFirstAndRunsInItsOwnProcess) {
    EXPECT_THAT(find("Filesystem::/dev/sdb1::/srv"), HasSubstr("error: no "));
    write("hb-agent");
    write("ocf/resource.d/heartbeat/Filesystem");
    EXPECT_EQ(find("Filesystem::/dev/sdb1::/srv::ext4::rw,noatime"),
              "hb-agent Filesystem ha-suite:Filesystem device=/dev/sdb1 directory=/srv "
              "fstype=ext4 options=rw,noatime");
    EXPECT_EQ(find("Filesystem::[2001:db8::1]:/x::/srv::nfs4"),
              "hb-agent Filesystem ha-suite:Filesystem device=[2001:db8::1]:/x directory=/srv "
              "fstype=nfs4");
    EXPECT_EQ(find("Filesystem::directory=/srv::/dev/sdb1"),
              "hb-agent Filesystem ha-suite:Filesystem device=/dev/sdb1 directory=/srv");
    write("ocf/resource.d/ha-suite/Filesystem");
    EXPECT_EQ(find("ocf::ha-suite:Filesystem::device=tmpfs::directory=/srv"),
              "ocf/resource.d/ha-suite/Filesystem ha-suite:Filesystem device=tmpfs "
              "directory=/srv")
        << "by its name as an OCF agent, too";
    write("resource.d/Filesystem");
    EXPECT_THAT(find("Filesystem::/dev/sdb1::/srv"),
                HasSubstr("warning: Filesystem is built in: " + (dir_ / "resource.d").string() +
                          "/Filesystem is not used"));
}

TEST_F(FindAgent, NamesTheParametersOfOcfAgents) {
    write("ocf/resource.d/heartbeat/nginx");
    write("ocf/resource.d/mine/thing");
    EXPECT_EQ(find("ocf::heartbeat:nginx::configfile=/etc/n.conf::httpd=/usr/sbin/nginx"),
              "ocf/resource.d/heartbeat/nginx heartbeat:nginx configfile=/etc/n.conf "
              "httpd=/usr/sbin/nginx");
    EXPECT_EQ(find("ocf:mine:thing"), "ocf/resource.d/mine/thing mine:thing");
    EXPECT_EQ(find("ocf::nginx"), "ocf/resource.d/heartbeat/nginx heartbeat:nginx");
    EXPECT_EQ(find("ocf::mine:thing::address=2001:db8::1::n=2"),
              "ocf/resource.d/mine/thing mine:thing address=2001:db8::1 n=2");
    EXPECT_THAT(find("ocf::mine:thing::oops"), HasSubstr("'oops' is no parameter"));
    EXPECT_THAT(find("ocf::mine:nothing"), HasSubstr("resource.d/mine/nothing"));
    EXPECT_THAT(find("ocf::a:b:c"), HasSubstr("names no OCF agent"));
    EXPECT_THAT(find("ocf::../../x:thing"), HasSubstr("names no OCF agent")) << "no paths";
}

TEST_F(FindAgent, ReadsParametersOfAnOcfInstanceFromItsFile) {
    write("ocf/resource.d/heartbeat/pgsql");
    EXPECT_THAT(find("OCF::pgsql::db1"), HasSubstr("no parameters for it in "));
    write("conf/OCF/pgsql/db1", 0644,
          "# a database\nOCF_RESKEY_pgdata=\"/var/lib/pg\"\nexport pgport=5433\n");
    EXPECT_EQ(find("OCF::pgsql::db1"),
              "ocf/resource.d/heartbeat/pgsql heartbeat:pgsql pgdata=/var/lib/pg pgport=5433");
}

TEST_F(FindAgent, GivesArgumentsThePlacesOfHeartbeatsWrappers) {
    for (const char* type : {"AudibleAlarm", "WAS", "ids", "portblock"})
        write(fmt::format("ocf/resource.d/heartbeat/{}", type));
    const auto parameters = [&](const std::string& word) {
        const std::string found = find(word);
        return found.substr(std::min(found.find(' ', found.find(':')) + 1, found.size()));
    };
    EXPECT_EQ(parameters("portblock::tcp::80::block"), "protocol=tcp portno=80 action=block");
    EXPECT_EQ(parameters("ids::/opt/ids::one::onconfig.one"),
              "informixdir=/opt/ids informixserver=one onconfig=onconfig.one");
    EXPECT_EQ(parameters("WAS::/etc/was.xml"), "config=/etc/was.xml");
    EXPECT_EQ(parameters("WAS::9080"), "port=9080");
    EXPECT_EQ(parameters("AudibleAlarm::node1::node2"), "nodelist=node1 node2");
}

TEST_F(FindAgent, KnowsWhatIsBuiltInByItsOtherName) {
    for (const char* type : {"IPaddr2", "Filesystem"})
        write(fmt::format("ocf/resource.d/ha-suite/{}", type));
    EXPECT_EQ(find("ocf::ha-suite:Filesystem::device=/dev/sdb1::directory=/srv"),
              "ocf/resource.d/ha-suite/Filesystem ha-suite:Filesystem device=/dev/sdb1 "
              "directory=/srv");
    EXPECT_EQ(find("ocf::ha-suite:Filesystem::device=/dev/sdb1"),
              "error: Filesystem wants a directory: mount point");
    EXPECT_EQ(find("ocf::ha-suite:Filesystem::device=/dev/sdb1::directory=/srv::fs=ext4"),
              "error: Filesystem has no parameter 'fs'");
    EXPECT_EQ(find("ocf::ha-suite:IPaddr2::ip=10.0.0.300"), "error: '10.0.0.300' is no IP address");
    write("ocf/resource.d/heartbeat/IPaddr2");
    EXPECT_EQ(find("ocf::heartbeat:IPaddr2::ip=10.0.0.5"),
              "ocf/resource.d/heartbeat/IPaddr2 heartbeat:IPaddr2 ip=10.0.0.5, warning: "
              "ocf::heartbeat:IPaddr2::ip=10.0.0.5: nobody asks the network whether its address is "
              "free before it is started, as is done for IPaddr2::...");
    write("hb-agent");
    EXPECT_EQ(find("SendArp::10.0.0.5/eth1"),
              "hb-agent SendArp ha-suite:SendArp ip=10.0.0.5 "
              "nic=eth1");
    EXPECT_EQ(find("IPsrcaddr::fd00::5"),
              "hb-agent IPsrcaddr ha-suite:IPsrcaddr "
              "ipaddress=fd00::5");
}

TEST_F(FindAgent, RefusesWhatItCannotRun) {
    write("ocf/resource.d/heartbeat/Stateful");
    EXPECT_THAT(find("ocf::heartbeat:Stateful"), HasSubstr("promoted on one: such agents are not"));
    write("ocf/resource.d/heartbeat/LVM");
    EXPECT_THAT(find("LVM::vg::more"), HasSubstr("LVM has no argument 2: 'more'"));
    write("ocf/resource.d/heartbeat/redis");
    EXPECT_THAT(find("ocf::redis"), HasSubstr("promoted on one: such agents are not"));
    write("ocf/resource.d/heartbeat/pgsql");
    EXPECT_THAT(find("ocf::pgsql::rep_mode=sync"), HasSubstr("promoted on one: that is not"));
    EXPECT_THAT(find("ocf::pgsql::rep_mode=none"), HasSubstr("rep_mode=none"));
    write("lib-units/masked.service", 0644);
    fs::create_directories(dir_ / "etc-units");
    fs::create_symlink("/dev/null", dir_ / "etc-units/masked.service");
    EXPECT_THAT(find("masked"), HasSubstr("is masked: 'systemctl unmask masked.service'"));
    write("lib-units/nats-server.service", 0644);
    EXPECT_THAT(find("nats-server::arg"), HasSubstr("takes no arguments"));
}

TEST_F(FindAgent, KnowsUnits) {
    write("lib-units/nats-server.service", 0644);
    write("lib-units/app@.service", 0644);
    write("lib-units/data.mount", 0644);
    EXPECT_EQ(find("nats-server"), "nats-server.service");
    EXPECT_EQ(find("nats-server.service"), "nats-server.service");
    EXPECT_EQ(find("app@blue"), "app@blue.service");
    EXPECT_EQ(find("data.mount"), "data.mount");
    EXPECT_THAT(find("data"), HasSubstr("Cannot locate"));
    fs::create_directories(dir_ / "etc-units/multi-user.target.wants");
    fs::create_symlink(dir_ / "lib-units/nats-server.service",
                       dir_ / "etc-units/multi-user.target.wants/nats-server.service");
    EXPECT_THAT(
        find("nats-server"),
        HasSubstr("warning: unit nats-server.service is enabled: systemd starts it at boot"));
}

}  // namespace
}  // namespace hb::config
