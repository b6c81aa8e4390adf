#include "common/config/reload_plan.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <set>

#include "common/config/parser.hpp"
#include "common/config/schema.hpp"

namespace hb::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kHaCf = "keepalive 1s\ndeadtime 10s\nudpport 694\nbcast eth0\nnode a b\n";
constexpr const char* kGroups = "a 10.0.0.5/24/eth0 web\nb 10.0.0.6/24/eth0\n";
constexpr const char* kKeys = "auth 1\n1 hmac-sha256 secret-one\n";

struct Files {
    std::string ha_cf = kHaCf;
    std::string haresources = kGroups;
    std::string authkeys = kKeys;
};

Loaded load(const Files& files) {
    Parsed parsed = parse_ha_cf(files.ha_cf);
    parse_haresources(files.haresources, parsed.settings, parsed.diagnostics);
    ParsedKeys keys = parse_authkeys(files.authkeys);
    for (const Diagnostic& d : parsed.diagnostics.sorted())
        EXPECT_NE(d.severity, Severity::kError) << to_string(d);
    EXPECT_TRUE(keys.ok());
    Loaded loaded;
    loaded.settings = std::move(parsed.settings);
    loaded.places = std::move(parsed.places);
    loaded.keys = std::move(keys.keys);
    loaded.own_node = "a";
    loaded.self = node_id(0);
    return loaded;
}

std::vector<std::string> changes(const Files& before, const Files& after) {
    std::vector<std::string> texts;
    for (const ReloadChange& c : plan_reload(load(before), load(after)))
        texts.push_back(fmt::format("{}: {}: '{}' -> '{}'{}", c.at, c.what, c.before, c.after,
                                    c.refused.empty() ? "" : " refused"));
    return texts;
}

TEST(ReloadPlan, EveryDirectiveThatMeansSomethingIsClassified) {
    std::set<std::string_view> classified;
    for (const ReloadRule& rule : reload_rules()) {
        EXPECT_TRUE(classified.insert(rule.directive).second) << rule.directive << " twice";
        const Directive* d = find_directive(rule.directive);
        ASSERT_NE(d, nullptr) << rule.directive << " is no directive";
        EXPECT_NE(d->effect, Effect::kAccepted) << rule.directive << " has no effect";
        EXPECT_TRUE(rule.effect == OnReload::kInPlace || !rule.text.empty()) << rule.directive;
    }
    for (const Directive& d : schema()) {
        EXPECT_EQ(classified.contains(d.name), d.effect != Effect::kAccepted)
            << "say in reload_plan.cpp what a reload does with '" << d.name << "'";
    }
}

TEST(ReloadPlan, TheSameInOtherWordsIsNoChange) {
    EXPECT_THAT(changes({}, {.ha_cf = "node a\nnode b\nkeepalive 1000ms\ndeadtime 10\n"
                                      "warntime 5\nbcast eth0\n"}),
                IsEmpty());
}

TEST(ReloadPlan, ATimeAndWhatIsDerivedFromIt) {
    EXPECT_THAT(changes({}, {.ha_cf = "keepalive 1s\ndeadtime 8s\nudpport 694\nbcast eth0\n"
                                      "node a b\n"}),
                ElementsAre("ha.cf:2:10: deadtime: '10s' -> '8s'", ": deadping: '10s' -> '8s'",
                            ": initdead: '20s' -> '16s'", ": warntime: '5s' -> '4s'"));
}

TEST(ReloadPlan, LinesThatComeAndGoAreNamedOneByOne) {
    const std::string pings = std::string(kHaCf) + "ping 10.0.0.1\nping 10.0.0.2\n";
    const std::string others = std::string(kHaCf) + "ping 10.0.0.2\nping 10.0.0.3\n";
    const auto found = changes({.ha_cf = pings}, {.ha_cf = others});
    EXPECT_THAT(found, ElementsAre(testing::StartsWith("ha.cf:7:6: ping: '' -> '10.0.0.3'"),
                                   testing::StartsWith(": ping: '10.0.0.1' -> ''")));
}

// Their order is their number, over lines of several directives.
TEST(ReloadPlan, AnotherOrderIsAChange) {
    const auto moved = [](const char* one, const char* other) {
        return replaced_by(plan_reload(load({.ha_cf = std::string(kHaCf) + one + other}),
                                       load({.ha_cf = std::string(kHaCf) + other + one})));
    };
    using ipc::Program;
    EXPECT_EQ(moved("ping 10.0.0.1\n", "ping_group g 10.0.0.2\n"),
              (std::set{Program::kComm, Program::kIpfail}));
    EXPECT_EQ(moved("ucast eth1 10.0.0.9\n", "mcast eth2 225.0.0.1 694 1 0\n"),
              std::set{Program::kComm});
}

TEST(ReloadPlan, WhatNeedsARestartSaysWhy) {
    const Loaded before = load({});
    const Loaded after = load({.ha_cf = "keepalive 1s\ndeadtime 10s\nudpport 695\nbcast eth0\n"
                                        "node a b c\n"});
    const std::vector<ReloadChange> found = plan_reload(before, after);
    EXPECT_TRUE(is_refused(found));
    for (const ReloadChange& c : found) {
        if (c.what != "node" && c.what != "udpport") continue;
        EXPECT_FALSE(c.refused.empty()) << c.what;
        EXPECT_FALSE(c.at.empty()) << c.what;
    }
    EXPECT_FALSE(is_refused(
        plan_reload(before, load({.ha_cf = std::string(kHaCf) + "auto_failback off\n"}))));
}

TEST(ReloadPlan, AWatchdogHoldsDeadtime) {
    const std::string with = std::string(kHaCf) + "watchdog /dev/watchdog\n";
    const std::string other =
        "keepalive 1s\ndeadtime 9s\nudpport 694\nbcast eth0\nnode a b\n"
        "watchdog /dev/watchdog\n";
    EXPECT_THAT(changes({.ha_cf = with}, {.ha_cf = other}),
                testing::Contains("ha.cf:2:10: deadtime: '10s' -> '9s' refused"));
}

TEST(ReloadPlan, WhatHasNoEffectIsNoReason) {
    EXPECT_THAT(changes({}, {.ha_cf = std::string(kHaCf) + "coredumps on\n"}),
                ElementsAre("ha.cf:6:11: coredumps: '' -> 'on'"));
}

TEST(ReloadPlan, NoKeyAndNoPasswordIsQuoted) {
    const std::string fence = "stonith_host * fence_ipmilan ip=10.0.0.9 password=hush nodes=b\n";
    const std::string other = "stonith_host * fence_ipmilan ip=10.0.0.9 password=other nodes=b\n";
    for (const ReloadChange& c :
         plan_reload(load({.ha_cf = kHaCf + fence}),
                     load({.ha_cf = kHaCf + other,
                     .authkeys = "auth 2\n1 hmac-sha256 secret-one\n2 sha1 secret-two\n"}))) {
        for (const std::string& text : {c.before, c.after, c.note, c.refused}) {
            EXPECT_EQ(text.find("hush"), std::string::npos);
            EXPECT_EQ(text.find("other p"), std::string::npos);
            EXPECT_EQ(text.find("=other"), std::string::npos);
            EXPECT_EQ(text.find("secret"), std::string::npos);
        }
    }
    EXPECT_THAT(changes({}, {.authkeys = "auth 2\n1 hmac-sha256 secret\n2 sha1 secret-two\n"}),
                ElementsAre("authkeys: key 1: 'there' -> 'another one'",
                            "authkeys: key 2: '' -> 'there'", "authkeys: auth: '1' -> '2'"));
}

TEST(ReloadPlan, WhoIsStartedAnew) {
    const auto replaced = [](const std::string& more_before, const std::string& more_after) {
        return replaced_by(
            plan_reload(load({.ha_cf = kHaCf + more_before}), load({.ha_cf = kHaCf + more_after})));
    };
    using ipc::Program;
    EXPECT_THAT(replaced("", "auto_failback off\n"), IsEmpty());
    EXPECT_THAT(replaced("", "bcast eth1\n"), ElementsAre(Program::kComm));
    EXPECT_THAT(replaced("ping 10.0.0.1\n", "ping 10.0.0.2\n"),
                ElementsAre(Program::kComm, Program::kIpfail));
    EXPECT_THAT(
        replaced("stonith_host * meatware a b\n", "stonith_host * meatware a b\nfence_delay 9s\n"),
        ElementsAre(Program::kFence));
}

TEST(ReloadPlan, ADaemonOfTheSuiteComesOnlyWithIt) {
    EXPECT_THAT(
        changes({}, {.ha_cf = std::string(kHaCf) + "respawn hacluster /usr/lib/heartbeat/ipfail\n"
                                                   "respawn root /bin/true\n"}),
        ElementsAre(testing::EndsWith("ipfail' refused"),
                    "ha.cf:7:14: respawn: '' -> 'root /bin/true'"));
    EXPECT_THAT(changes({}, {.ha_cf = std::string(kHaCf) + "stonith_host * meatware a b\n"}),
                testing::Contains(testing::StartsWith("ha.cf:6:16: stonith_host")));
    EXPECT_TRUE(is_refused(plan_reload(
        load({}), load({.ha_cf = std::string(kHaCf) + "stonith_host * meatware a b\n"}))));
}

TEST(ReloadPlan, GroupsComeAndGoAndChangeTheirPreferredNode) {
    const Files before;
    const auto refused = [&](const std::string& haresources) {
        return is_refused(plan_reload(load(before), load({.haresources = haresources})));
    };
    EXPECT_THAT(changes({}, {.haresources = "b 10.0.0.5/24/eth0 web\nb 10.0.0.7/24/eth0\n"}),
                ElementsAre(": group 10.0.0.6/24/eth0: 'b 10.0.0.6/24/eth0' -> ''",
                            "haresources:1:1: group 10.0.0.5/24/eth0: 'a 10.0.0.5/24/eth0 web' -> "
                            "'b 10.0.0.5/24/eth0 web'",
                            "haresources:2:1: group 10.0.0.7/24/eth0: '' -> 'b 10.0.0.7/24/eth0'"));
    EXPECT_FALSE(refused("b 10.0.0.5/24/eth0 web\nb 10.0.0.7/24/eth0\n"));
    EXPECT_FALSE(refused("a 10.0.0.5/24/eth0 db\nb 10.0.0.6/24/eth0\n"));
    EXPECT_FALSE(refused("a 10.0.0.5/24/eth0 web db\nb 10.0.0.6/24/eth0\n"));
    // Another node may still run it in the group that it was in.
    EXPECT_TRUE(refused("a 10.0.0.5/24/eth0\nb 10.0.0.6/24/eth0 web\n"));
    EXPECT_TRUE(refused("a 10.0.0.7/24/eth0 web\nb 10.0.0.6/24/eth0\n"));
}

}  // namespace
}  // namespace hb::config
