#include "common/config/address_spec.hpp"

#include <gtest/gtest.h>

namespace hb::config {
namespace {

IpAddress ip(const char* text) {
    return IpAddress::parse(text).value();
}

TEST(AddressSpec, AllForms) {
    struct Case {
        const char* text;
        AddressSpec spec;
    };
    const Case kCases[] = {
        {"10.0.0.5", {ip("10.0.0.5"), {}, "", "", {}}},
        {"10.0.0.5/24", {ip("10.0.0.5"), 24, "", "", {}}},
        {"10.0.0.5/255.255.255.0", {ip("10.0.0.5"), 24, "", "", {}}},
        {"10.0.0.5/255.255.255.255", {ip("10.0.0.5"), 32, "", "", {}}},
        {"10.0.0.5/24/eth0", {ip("10.0.0.5"), 24, "eth0", "", {}}},
        {"10.0.0.5/24/eth0:web", {ip("10.0.0.5"), 24, "eth0", "web", {}}},
        {"10.0.0.5/24/10.0.0.255", {ip("10.0.0.5"), 24, "", "", ip("10.0.0.255")}},
        {"10.0.0.5/24/eth0/10.0.0.255", {ip("10.0.0.5"), 24, "eth0", "", ip("10.0.0.255")}},
        {"2001:db8::1/64/eth0", {ip("2001:db8::1"), 64, "eth0", "", {}}},
    };
    for (const Case& c : kCases) {
        const auto got = parse_address_spec(c.text);
        ASSERT_TRUE(got.has_value()) << c.text << ": " << got.error().text;
        EXPECT_EQ(*got, c.spec) << c.text;
        EXPECT_EQ(parse_address_spec(to_string(c.spec)).value(), c.spec) << to_string(c.spec);
    }
}

TEST(AddressSpec, WhatIsWrong) {
    for (const char* text : {"",
                             "10.0.0",
                             "10.0.0.256",
                             "10.0.0.05",
                             "host",
                             "10.0.0.1/",
                             "10.0.0.1/0",
                             "10.0.0.1/33",
                             "10.0.0.1/255.0.255.0",
                             "10.0.0.1/0.0.0.0",
                             "10.0.0.1/24/",
                             "10.0.0.1/24/10.0.0",
                             "10.0.0.1/24/eth0:",
                             "10.0.0.1/24/eth0/",
                             "10.0.0.1/24/eth0/eth1",
                             "10.0.0.1/24/eth0/10.0.0.255/",
                             "0.0.0.0",
                             "224.0.0.1",
                             "255.255.255.255",
                             "::",
                             "ff02::1",
                             "2001:db8::1/129",
                             "2001:db8::1/64/eth0/10.0.0.1",
                             "10.0.0.1/24/eth0:label-too-long"})
        EXPECT_FALSE(parse_address_spec(text).has_value()) << text;
}

TEST(AddressSpec, OfAResource) {
    EXPECT_EQ(address_of({"IPaddr2", {"10.0.0.1/24"}, "", {}})->address, ip("10.0.0.1"));
    EXPECT_FALSE(address_of({"apache", {"10.0.0.1/24"}, "", {}}));
    EXPECT_FALSE(address_of({"IPaddr", {}, "", {}}));
}

}  // namespace
}  // namespace hb::config
