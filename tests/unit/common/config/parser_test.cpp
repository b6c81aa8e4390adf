// What golden files cannot show as well: positions, values in Settings, promises of the interface.
#include "common/config/parser.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "common/base/limits.hpp"
#include "common/config/schema.hpp"

namespace hb::config {
namespace {

std::string read(const std::string& name) {
    std::ifstream in(std::string(HB_SOURCE_ROOT) + "/" + name);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

std::string listing(const Diagnostics& diagnostics) {
    std::string all;
    for (const Diagnostic& d : diagnostics.sorted())
        all += to_string(d) + "\n";
    return all;
}

TEST(Samples, AreGoodAndWarnOfNothing) {
    Parsed parsed = parse_ha_cf(read("config/ha.cf"));
    Settings& s = parsed.settings;
    parse_haresources(read("config/haresources"), s, parsed.diagnostics);
    for (const char* own_node : {"node1", "node2"})
        validate(s, parsed.places, own_node, parsed.diagnostics);
    const ParsedKeys keys = parse_authkeys(read("config/authkeys.example"));
    EXPECT_EQ(listing(parsed.diagnostics) + listing(keys.diagnostics), "");

    EXPECT_EQ(s.nodes, (std::vector<std::string>{"node1", "node2"}));
    EXPECT_EQ(s.keepalive, 250ms);
    EXPECT_EQ(s.deadtime, 1s);
    ASSERT_EQ(s.media.size(), 1u);
    EXPECT_EQ(s.media[0].interface, "eth1");
    ASSERT_EQ(s.groups.size(), 1u);
    EXPECT_EQ(s.groups[0].name, "10.77.0.100/24");
    EXPECT_EQ(keys.keys.keys.at(1).method, AuthMethod::kHmacSha256);
}

TEST(HaCf, ValuesAndPositions) {
    const Parsed p = parse_ha_cf(
        "node a b\nudpport 5000\n bcast eth0 eth1\nucast eth2 10.0.0.2\nmcast eth0 239.0.0.1 695 2 "
        "1\n"
        "respawn hacluster /usr/lib64/heartbeat/ipfail -v\nping_group g 10.0.0.9 10.0.0.8\n"
        "auto_failback off\ndebug 2\n");
    ASSERT_TRUE(p.ok()) << listing(p.diagnostics);
    const Settings& s = p.settings;
    ASSERT_EQ(s.media.size(), 4u);
    EXPECT_EQ(s.media[0].position, (Position{"ha.cf", 3, 8}));
    EXPECT_EQ(s.media[1].position, (Position{"ha.cf", 3, 13}));
    EXPECT_EQ(s.media[1].port, 5000);
    EXPECT_EQ(s.media[2].kind, MediumKind::kUcast);
    EXPECT_EQ(s.media[2].peer, "10.0.0.2");
    EXPECT_EQ(s.media[2].port, 5000);
    EXPECT_EQ(s.media[3].port, 695);
    EXPECT_EQ(s.media[3].ttl, 2);
    EXPECT_TRUE(s.media[3].loop);
    EXPECT_EQ(s.media[3].group, IpAddress::parse("239.0.0.1"));
    ASSERT_EQ(s.respawn.size(), 1u);
    EXPECT_TRUE(s.respawn[0].is_ipfail);
    EXPECT_EQ(s.respawn[0].command, "/usr/lib64/heartbeat/ipfail -v");
    EXPECT_EQ(s.respawn[0].position, (Position{"ha.cf", 6, 19}));
    ASSERT_EQ(s.pings.size(), 1u);
    EXPECT_TRUE(s.pings[0].is_group);
    EXPECT_EQ(s.pings[0].members, (std::vector<std::string>{"10.0.0.9", "10.0.0.8"}));
    EXPECT_EQ(s.auto_failback, AutoFailback::kOff);
    EXPECT_EQ(s.debug, 2u);
    EXPECT_EQ(p.places.nodes[1], (Position{"ha.cf", 1, 8}));
}

TEST(HaCf, RawTextIsKeptAsWritten) {
    const Parsed p = parse_ha_cf("keepalive 500  ms # half\nnode a,b\nnode c\nenv A=1\nenv B=2\n");
    EXPECT_EQ(p.settings.raw.at("keepalive"), "500  ms");
    EXPECT_EQ(p.settings.raw.at("node"), "a,b\nc");
    EXPECT_EQ(p.settings.raw.at("env"), "A=1\nB=2");
    EXPECT_FALSE(p.settings.raw.contains("deadtime"));
}

TEST(HaCf, InitdeadAsHeartbeatComputesIt) {
    const std::pair<const char*, Duration> kCases[] = {
        {"1", 12s},  {"5.999", 12s},      {"6", 12s}, {"8", 16s},
        {"10", 20s}, {"10.001", 10001ms}, {"30", 30s}};
    for (const auto& [deadtime, initdead] : kCases) {
        const Settings s = parse_ha_cf("deadtime " + std::string(deadtime)).settings;
        EXPECT_EQ(s.initdead, initdead) << deadtime;
        EXPECT_EQ(s.warntime, s.deadtime / 2);
        EXPECT_EQ(s.deadping, s.deadtime);
    }
    const Settings none = parse_ha_cf("").settings;
    EXPECT_EQ(none.initdead, Settings().initdead) << "Settings' own defaults are the parser's";
    EXPECT_EQ(none.warntime, Settings().warntime);
    EXPECT_EQ(none.deadping, Settings().deadping);
}

// L1: the probe window fits between the end of the lease and the deadtime for whatever is accepted.
TEST(HaCf, EveryAcceptedDeadtimeHasRoomForItsProbes) {
    const Settings settings;
    for (std::int64_t ms = 1; ms < 60'000; ms += ms < 100 ? 1 : 37) {
        const Parsed p = parse_ha_cf(
            "node a b\nbcast eth0\nauto_failback on\nkeepalive 1ms\ninitdead 600\n"
            "deadtime " +
            std::to_string(ms) + "ms\n");
        Diagnostics diagnostics;
        validate(p.settings, p.places, "a", diagnostics);
        const Duration d = std::chrono::milliseconds(ms);
        const Duration window = std::clamp<Duration>(d / 5, 4ms, 200ms);
        EXPECT_EQ(diagnostics.has_errors(), ms < 20) << ms << listing(diagnostics);
        EXPECT_TRUE(diagnostics.has_errors() || window <= d / 4 - d / 100) << ms;
    }
}

TEST(HaCf, AShortNameIsNotTheFullOne) {
    const Parsed p = parse_ha_cf("node node1.example.org node2\nbcast eth0\nauto_failback on\n");
    Diagnostics diagnostics;
    validate(p.settings, p.places, "node1", diagnostics);
    EXPECT_TRUE(listing(diagnostics).ends_with("; 'node1.example.org' is another name\n"))
        << listing(diagnostics);
}

TEST(HaCf, LimitsHold) {
    std::string respawn;
    for (int i = 0; i < 70; i++)
        respawn += "respawn root /bin/p" + std::to_string(i) + "\n";
    EXPECT_EQ(parse_ha_cf(respawn).settings.respawn.size(), 64u);
    std::string media = "bcast";
    for (int i = 0; i < 40; i++)
        media += " e" + std::to_string(i);
    EXPECT_EQ(parse_ha_cf(media).settings.media.size(), limits::kMedia);
    EXPECT_FALSE(parse_ha_cf(media).ok());
}

TEST(HaResources, ValuesAndPositions) {
    Settings s;
    s.nodes = {"node1", "node2"};
    Diagnostics d;
    parse_haresources(
        "NODE2 10.0.0.1/24/eth0 \\\n   Filesystem::server:/x::/mnt::nfs::rw,noatime\n"
        "node1 IPv6addr::2001:db8::1/64\n",
        s, d);
    ASSERT_FALSE(d.has_errors()) << listing(d);
    ASSERT_EQ(s.groups.size(), 2u);
    const Group& g = s.groups[0];
    EXPECT_EQ(g.name, "10.0.0.1/24/eth0");
    EXPECT_EQ(g.preferred, node_id(1));
    EXPECT_EQ(g.position, (Position{"haresources", 1, 1}));
    ASSERT_EQ(g.resources.size(), 2u);
    EXPECT_EQ(g.resources[0].type, "IPaddr");
    EXPECT_EQ(g.resources[0].args, (std::vector<std::string>{"10.0.0.1/24/eth0"}));
    EXPECT_EQ(g.resources[1].type, "Filesystem");
    EXPECT_EQ(g.resources[1].args,
              (std::vector<std::string>{"server:/x", "/mnt", "nfs", "rw,noatime"}));
    EXPECT_EQ(g.resources[1].position, (Position{"haresources", 2, 4}));
    EXPECT_EQ(s.groups[1].resources[0].args, (std::vector<std::string>{"2001:db8::1/64"}));
}

TEST(HaResources, LimitsHold) {
    Settings s;
    s.nodes = {"node1"};
    std::string text;
    for (std::size_t group = 0; group < limits::kGroups + 1; group++) {
        text += "node1 g" + std::to_string(group);
        for (std::size_t i = 0; i < 9; i++)
            text +=
                " 10.1." + std::to_string(group / 25) + "." + std::to_string(group % 25 * 10 + i);
        text += "\n";
    }
    Diagnostics d;
    parse_haresources(text, s, d);
    EXPECT_EQ(s.groups.size(), limits::kGroups);
    EXPECT_NE(listing(d).find("more than 1000 groups"), std::string::npos);
    EXPECT_NE(listing(d).find("more than 8192 addresses"), std::string::npos);
}

TEST(HaResources, ScriptsWhoseWordLooksLikeIpv6AreScripts) {
    Settings s;
    s.nodes = {"node1"};
    Diagnostics d;
    parse_haresources("node1 db2::1 ad::beef\n", s, d);
    ASSERT_FALSE(d.has_errors()) << listing(d);
    EXPECT_EQ(s.groups[0].resources[0].type, "db2");
}

TEST(HaResources, WithoutNodesOneMistakeIsOneMessage) {
    Settings s;
    Diagnostics d;
    parse_haresources("node1 apache\n", s, d);
    EXPECT_EQ(listing(d), "");
}

TEST(AuthKeys, NoTextTellsAKey) {
    const std::string kKeys[] = {"hunter2hunter2", "s3cr3t"};
    for (const std::string& key : kKeys) {
        const std::string kTexts[] = {"auth 1\n1 sha1 " + key + " x\n",
                                      "auth 1\n1 blake2b x " + key + "\n",
                                      key + "\n",
                                      "auth " + key + "\n",
                                      "1 " + key + "\n",
                                      "1" + key + "\n",
                                      "auth 1 " + key + "\n",
                                      "auth 1\n1 crc " + key + "\n",
                                      "auth 1\n1 sha1 #" + key,
                                      "auth 1\n1 SHA1 " + key + "\n",
                                      "auth 1\n1 sha1 a\n1 sha1 " + key,
                                      "-" + key};
        for (const std::string& text : kTexts) {
            const ParsedKeys parsed = parse_authkeys(text);
            EXPECT_EQ(listing(parsed.diagnostics).find(key), std::string::npos) << text;
            EXPECT_FALSE(parsed.diagnostics.sorted().empty()) << text;
        }
    }
}

TEST(AuthKeys, OrderDoesNotCount) {
    const ParsedKeys a = parse_authkeys("auth 2\n2 blake2b two\n1 md5 one\n");
    const ParsedKeys b = parse_authkeys("1 md5 one\n2 blake2b two\nauth 2\n");
    EXPECT_TRUE(a.ok());
    EXPECT_EQ(a.keys, b.keys);
    EXPECT_EQ(a.keys.sign_with, 2);
    EXPECT_EQ(a.keys.keys.at(2), (AuthKey{AuthMethod::kBlake2b, "two"}));
}

// HEARTBEAT's table of directives, so that none is forgotten.
TEST(Schema, KnowsEveryDirectiveOfHeartbeat) {
    const char* kAll[] = {"node",
                          "keepalive",
                          "deadtime",
                          "warntime",
                          "initdead",
                          "deadping",
                          "auto_failback",
                          "nice_failback",
                          "udpport",
                          "bcast",
                          "ucast",
                          "ucast6",
                          "mcast",
                          "mcast6",
                          "serial",
                          "baud",
                          "hopfudge",
                          "ping",
                          "ping_group",
                          "hbaping",
                          "tipc",
                          "rds",
                          "openais",
                          "respawn",
                          "failfast",
                          "apiauth",
                          "watchdog",
                          "stonith",
                          "stonith_host",
                          "logfile",
                          "debugfile",
                          "logfacility",
                          "use_logd",
                          "conn_logd_time",
                          "syslogmsgfmt",
                          "log_badpack",
                          "debug",
                          "realtime",
                          "rtprio",
                          "memreserve",
                          "coredumps",
                          "coreroot",
                          "compression",
                          "compression_threshold",
                          "traditional_compression",
                          "msgfmt",
                          "hbgenmethod",
                          "uuidfrom",
                          "autojoin",
                          "cluster",
                          "quorum_server",
                          "crm",
                          "pacemaker",
                          "crm_daemon_dir",
                          "crmd_spawns_pengine",
                          "record_config_changes",
                          "record_pengine_inputs",
                          "enable_config_writes",
                          "use_apphbd",
                          "max_rexmit_delay",
                          "env",
                          "normalpoll"};
    for (const char* name : kAll)
        EXPECT_NE(find_directive(name), nullptr) << name;
    EXPECT_EQ(find_directive("Node"), nullptr);
}

TEST(Schema, IsCompleteAndDocumented) {
    const std::string manual = read("docs/configuration.md");
    for (const Directive& d : schema()) {
        EXPECT_FALSE(d.syntax.empty()) << d.name;
        EXPECT_TRUE(d.help.ends_with('.')) << d.name;
        EXPECT_EQ(d.effect == Effect::kFull, d.note.empty()) << d.name;
        EXPECT_EQ(d.type == ValueType::kNumber, d.most > d.least) << d.name;
        EXPECT_NE(manual.find("`" + std::string(d.name) + "`"), std::string::npos)
            << d.name << " is missing in docs/configuration.md";
    }
}

// A directive that is accepted warns exactly once, whatever else it says.
TEST(Schema, WhatIsNotInEffectSaysSoOnce) {
    for (const Directive& d : schema()) {
        if (d.effect == Effect::kFull) continue;
        const std::string line = std::string(d.name) + " x y\n";
        Diagnostics found = parse_ha_cf("auto_failback on\n" + line + line).diagnostics;
        int warnings = 0;
        for (const Diagnostic& one : found.sorted())
            warnings += one.text.find("has no effect") != std::string::npos ? 1 : 0;
        EXPECT_LE(warnings, 1) << d.name << "\n" << listing(found);
        EXPECT_TRUE(warnings == 1 || found.has_errors()) << d.name;
    }
}

}  // namespace
}  // namespace hb::config
