#include "common/config/compare.hpp"

#include <gmock/gmock.h>

#include "common/config/parser.hpp"

namespace hb::config {
namespace {

constexpr const char* kHaCf = "node a b\nkeepalive 1s\ndeadtime 10s\nbcast eth0\n";
constexpr const char* kGroups = "a 10.0.0.5/24/eth0 web\nb 10.0.0.6/24/eth0\n";
constexpr const char* kKeys = "auth 1\n1 hmac-sha256 secret-one\n";

struct Files {
    std::string ha_cf = kHaCf;
    std::string haresources = kGroups;
    std::string authkeys = kKeys;
};

std::vector<std::string> differences(const Files& a, const Files& b) {
    const auto parse = [](const Files& files, AuthKeys& keys) {
        Parsed parsed = parse_ha_cf(files.ha_cf);
        parse_haresources(files.haresources, parsed.settings, parsed.diagnostics);
        const ParsedKeys parsed_keys = parse_authkeys(files.authkeys);
        EXPECT_TRUE(parsed.ok() && parsed_keys.ok());
        keys = parsed_keys.keys;
        return parsed.settings;
    };
    AuthKeys keys_a, keys_b;
    const Settings settings_a = parse(a, keys_a), settings_b = parse(b, keys_b);
    std::vector<std::string> texts;
    for (const Diagnostic& d : compare({"a", settings_a, keys_a}, {"b", settings_b, keys_b}))
        texts.push_back(to_string(d));
    return texts;
}

TEST(Compare, TheSameInOtherWordsIsNoDifference) {
    EXPECT_THAT(differences({}, {.ha_cf = "node a\nnode b\nbcast eth0\nkeepalive 1000ms\n"
                                          "deadtime 10\nwarntime 5\n"}),
                testing::IsEmpty());
}

TEST(Compare, ATimeIsAWarningWhatIsEachNodesOwnANote) {
    EXPECT_THAT(
        differences({.ha_cf = std::string(kHaCf) + "watchdog /dev/watchdog\n"},
                    {.ha_cf = "node a b\nkeepalive 2s\ndeadtime 10s\nwarntime 5s\nbcast eth1\n"}),
        testing::ElementsAre("ha.cf: note: bcast is 'eth0' on a, and 'eth1' on b",
                             "ha.cf: warning: keepalive is '1s' on a, and '2s' on b",
                             "ha.cf: note: watchdog is '/dev/watchdog' on a, and not given on b"));
}

TEST(Compare, TheOrderOfNodesCounts) {
    EXPECT_THAT(differences({}, {.ha_cf = "node b a\nkeepalive 1s\ndeadtime 10s\nbcast eth0\n"}),
                testing::ElementsAre("ha.cf: error: the nodes, in their order, are 'a', 'b' on a, "
                                     "and 'b', 'a' on b: nodes with different lists do not talk "
                                     "to each other"));
}

TEST(Compare, GroupsByTheirNames) {
    EXPECT_THAT(
        differences({}, {.haresources = "a 10.0.0.5/24/eth0 db\nb 10.0.0.7/24/eth0\n"}),
        testing::ElementsAre(
            "haresources: error: group 10.0.0.5/24/eth0 is 'a 10.0.0.5/24/eth0 web' on a, and 'a "
            "10.0.0.5/24/eth0 db' on b: after a takeover it is another one",
            "haresources: error: group 10.0.0.6/24/eth0 is on a and not on b: nobody may start it",
            "haresources: error: group 10.0.0.7/24/eth0 is on b and not on a: nobody may start "
            "it"));
}

TEST(Compare, FencePasswordsAndKeysAreNotShown) {
    const std::string fence =
        std::string(kHaCf) + "stonith_host * external/ipmi b 10.0.0.2 admin hush";
    for (const std::string& text :
         differences({.ha_cf = fence + "1 lanplus\n", .authkeys = "auth 1\n1 sha1 hush2\n"},
                     {.ha_cf = fence + "3 lanplus\n", .authkeys = "auth 1\n1 sha1 hush4\n"}))
        EXPECT_EQ(text.find("hush"), std::string::npos) << text;
}

TEST(Compare, WhoSignsWithAKeyThatTheOtherDoesNotHave) {
    EXPECT_THAT(differences({}, {.authkeys = "auth 2\n1 hmac-sha256 secret-one\n2 sha1 two\n"}),
                testing::ElementsAre("authkeys: error: b signs with key 2, which a does not have: "
                                     "a takes nothing that b sends"));
    EXPECT_THAT(differences({}, {.authkeys = "auth 1\n1 hmac-sha256 other\n"}),
                testing::ElementsAre("authkeys: error: a signs with key 1, which is another one on "
                                     "b: b takes nothing that a sends",
                                     "authkeys: error: b signs with key 1, which is another one on "
                                     "a: a takes nothing that b sends"));
    EXPECT_THAT(differences({.authkeys = "auth 1\n1 hmac-sha256 secret-one\n2 sha1 two\n"},
                            {.authkeys = "auth 2\n1 hmac-sha256 secret-one\n2 sha1 two\n"}),
                testing::ElementsAre(
                    "authkeys: note: a signs with key 1, b with key 2; each knows the other's"));
}

}  // namespace
}  // namespace hb::config
