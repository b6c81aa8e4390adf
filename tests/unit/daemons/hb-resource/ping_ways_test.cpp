#include "daemons/hb-resource/ping_ways.hpp"

#include <gtest/gtest.h>

namespace hb::resource {
namespace {

using Ways = std::map<std::string, std::set<std::string>>;

void route(KernelTable& kernel, const char* destination, unsigned prefix, int link) {
    kernel.apply(
        RouteSeen{{.destination = *IpAddress::parse(destination), .prefix = prefix, .link = link}});
}

KernelTable kernel() {
    KernelTable k;
    for (int i = 0; i < 2; i++)
        k.apply(LinkSeen{{.index = i + 1, .name = i == 0 ? "eth0" : "eth1", .up = true}});
    route(k, "0.0.0.0", 0, 1);
    route(k, "10.0.1.0", 24, 2);
    route(k, "2001:db8::", 64, 2);
    return k;
}

config::PingNode one(const char* host) {
    return {.name = host, .members = {host}};
}

TEST(PingWays, ByTheKernelsRoutes) {
    PingWays ways({one("192.0.2.1"),
                   one("10.0.1.9"),
                   one("2001:db8::9"),
                   one("2001:db8:9::1"),
                   one("router.example"),
                   {.name = "both", .members = {"192.0.2.1", "10.0.1.9"}, .is_group = true},
                   {.name = "half", .members = {"192.0.2.1", "dns.example"}, .is_group = true}});
    EXPECT_TRUE(ways.look(kernel()));
    EXPECT_EQ(ways.places().interfaces, (Ways{{"192.0.2.1", {"eth0"}},
                                              {"10.0.1.9", {"eth1"}},
                                              {"2001:db8::9", {"eth1"}},
                                              {"2001:db8:9::1", {}},
                                              {"router.example", {}},
                                              {"both", {"eth0", "eth1"}},
                                              {"half", {}}}));
    EXPECT_FALSE(ways.look(kernel())) << "nothing changed";
}

// And not as findif does, which prefers low metrics and knows the default route last.
TEST(PingWays, TheLongestPrefixIsTakenAndThenTheLowestMetric) {
    KernelTable k = kernel();
    const auto add = [&](const char* destination, unsigned prefix, std::uint32_t metric, int link) {
        k.apply(RouteSeen{{.destination = *IpAddress::parse(destination),
                           .prefix = prefix,
                           .metric = metric,
                           .link = link}});
    };
    add("10.0.1.128", 25, 100, 1);
    add("10.0.2.0", 24, 200, 1);
    add("10.0.2.0", 24, 100, 2);
    PingWays ways({one("10.0.1.130"), one("10.0.1.9"), one("10.0.2.1"), one("fe80::1")});
    EXPECT_TRUE(ways.look(k));
    EXPECT_EQ(ways.places().interfaces, (Ways{{"10.0.1.130", {"eth0"}},
                                              {"10.0.1.9", {"eth1"}},
                                              {"10.0.2.1", {"eth1"}},
                                              {"fe80::1", {}}}));
}

TEST(PingWays, WhatTheKernelHasNoMoreStaysWhatItWas) {
    PingWays ways({one("10.0.1.9")});
    EXPECT_TRUE(ways.look(kernel()));
    EXPECT_FALSE(ways.look(KernelTable{}));
    EXPECT_EQ(ways.places().interfaces, (Ways{{"10.0.1.9", {"eth1"}}}));
}

TEST(PingWays, WithoutPingNodesThereIsNothingToTell) {
    PingWays ways({});
    EXPECT_FALSE(ways.look(kernel()));
}

}  // namespace
}  // namespace hb::resource
