#include "tools/control/local_interfaces.hpp"

#include <gtest/gtest.h>

namespace hb::control {
namespace {

IpAddress ip(const char* text) {
    return *IpAddress::parse(text);
}

const std::vector<LocalInterface> kHost = {
    {"lo", 1, {}, true, true, false, {{ip("127.0.0.1"), 8, "lo"}}},
    {"eth0",
     2,
     {},
     true,
     true,
     true,
     {{ip("10.0.0.1"), 24, "eth0"},
      {ip("10.9.0.5"), 32, "eth0:0"},
      {ip("fe80::1"), 64, "eth0"},
      {ip("fd77::1"), 64, "eth0"}}},
    {"eth1",
     3,
     {},
     true,
     true,
     true,
     {{ip("10.0.0.65"), 26, "eth1"}, {ip("10.1.0.1"), 16, "eth1"}}},
};

TEST(LocalInterfaces, TheNarrowestNetworkWins) {
    struct Case {
        const char* address;
        const char* interface;
    };
    for (const auto& [address, interface] : {
             Case{"10.0.0.5", "eth0"},
             Case{"10.0.0.70", "eth1"},
             Case{"10.1.2.3", "eth1"},
             Case{"10.2.0.1", ""},
             Case{"127.0.0.5", ""},
             Case{"10.9.0.5", ""},  // a host address has no neighbours
             Case{"fd77::5", "eth0"},
             Case{"fd78::5", ""},
         }) {
        const LocalInterface* found = network_of(kHost, ip(address));
        EXPECT_EQ(found == nullptr ? "" : found->name, interface) << address;
    }
}

TEST(LocalInterfaces, InNetwork) {
    const LocalAddress network{ip("10.0.0.1"), 25, ""};
    EXPECT_TRUE(in_network(ip("10.0.0.127"), network));
    EXPECT_FALSE(in_network(ip("10.0.0.128"), network));
    EXPECT_FALSE(in_network(ip("fd77::1"), network));
    EXPECT_EQ(find_interface(kHost, "eth1"), &kHost[2]);
    EXPECT_EQ(find_interface(kHost, "eth9"), nullptr);
}

}  // namespace
}  // namespace hb::control
