#include "common/config/values.hpp"

#include <gtest/gtest.h>

#include "common/config/suggest.hpp"

namespace hb::config {
namespace {

TEST(Values, Times) {
    const std::pair<const char*, Duration> kGood[] = {
        {"30", 30s},          {"0.5", 500ms},      {".5", 500ms},
        {"2.", 2s},           {"2s", 2s},          {"2S", 2s},
        {"500ms", 500ms},     {"500 ms", 500ms},   {"500MSEC", 500ms},
        {"250us", 250us},     {"500000us", 500ms}, {"1min", 60s},
        {"1.5 minutes", 90s}, {"0", 0s},           {"86400", 24h},
        {"0.0000004", 0us},   {"0.0000005", 1us},  {"0.1234567891234", 123457us},
        {"1440min", 24h},     {"007", 7s},         {"1.000000000000000000000000001", 1s},
    };
    for (const auto& [text, value] : kGood) {
        const auto got = parse_time(text);
        ASSERT_TRUE(got.has_value()) << text << ": " << got.error().text;
        EXPECT_EQ(*got, value) << text;
    }
    for (const char* text : {"", ".", "s", "1m", "1h", "1e3", "-1", "+1", "1..2", "1 2", "1 s s",
                             "86401", "1441min", "99999999999999999999999999min", "0x10", "1 ,s"})
        EXPECT_FALSE(parse_time(text).has_value()) << text;
}

TEST(Values, PrintedTimesAreReadBack) {
    for (const Duration d : {Duration(1us), Duration(999us), Duration(10ms), Duration(1500ms),
                             Duration(30s), Duration(24h)})
        EXPECT_EQ(parse_time(hb::to_string(d)).value(), d) << hb::to_string(d);
}

TEST(Values, Booleans) {
    for (const char* text : {"on", "ON", "yes", "true", "Y", "1"})
        EXPECT_EQ(parse_boolean(text), true) << text;
    for (const char* text : {"off", "No", "false", "n", "0"})
        EXPECT_EQ(parse_boolean(text), false) << text;
    for (const char* text : {"", "maybe", "2", "t", "enable"})
        EXPECT_EQ(parse_boolean(text), std::nullopt) << text;
}

TEST(Values, Numbers) {
    EXPECT_EQ(parse_number("694", 1, 65535).value(), 694);
    EXPECT_EQ(parse_number("-3", -5, 5).value(), -3);
    for (const char* text : {"", "0", "65536", "1x", "x", " 1", "99999999999999999999999", "+1"})
        EXPECT_FALSE(parse_number(text, 1, 65535).has_value()) << text;
}

TEST(Values, Names) {
    for (const char* name : {"node1", "a", "web-1.example.org", "1st", "a_b"})
        EXPECT_FALSE(bad_node_name(name)) << name;
    for (const char* name : {"", "-a", ".a", "a b", "a/b", "a:b", "n\xc3\xb6"})
        EXPECT_TRUE(bad_node_name(name)) << name;
    EXPECT_FALSE(bad_node_name(std::string(63, 'n')));
    EXPECT_TRUE(bad_node_name(std::string(64, 'n')));

    for (const char* name : {"eth0", "bond0.17", "br-lan", "fifteen-letters"})
        EXPECT_FALSE(bad_interface(name)) << name;
    for (const char* name : {"", ".", "..", "eth0:1", ":1", "a/b", "sixteen-letters-"})
        EXPECT_TRUE(bad_interface(name)) << name;

    for (const char* host : {"10.0.0.1", "router", "node2.example.org", "4you"})
        EXPECT_FALSE(bad_host(host)) << host;
    for (const char* host : {"", "10.0.0", "10.0.0.256", "1.2.3.4.5", "fe80::1", "a b", "-x", "a!"})
        EXPECT_TRUE(bad_host(host)) << host;
}

TEST(Suggest, FindsWhatWasMeant) {
    const std::string_view kWords[] = {"keepalive", "deadtime", "deadping", "bcast", "node"};
    const std::pair<const char*, const char*> kCases[] = {
        {"keepalvie", "keepalive"},
        {"KEEPALIVE", "keepalive"},
        {"deadtim", "deadtime"},
        {"dead_time", "deadtime"},
        {"nodes", "node"},
        {"noed", "node"},
        {"cast", "bcast"},
        {"zebra", ""},
        {"", ""},
        {"x", ""},
        {"no", ""},
    };
    for (const auto& [word, meant] : kCases)
        EXPECT_EQ(closest(word, kWords), meant) << word;
    EXPECT_EQ(did_you_mean("noed", kWords), "; did you mean 'node'?");
    EXPECT_EQ(did_you_mean("zebra", kWords), "");
    EXPECT_EQ(closest(std::string(100000, 'k'), kWords), "") << "and is quick about it";
}

}  // namespace
}  // namespace hb::config
