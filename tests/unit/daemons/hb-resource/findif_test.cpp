#include "daemons/hb-resource/findif.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace hb::resource {
namespace {

IpAddress ip(const std::string& text) {
    return *IpAddress::parse(text);
}

struct Route {
    const char* destination;
    unsigned prefix;
    const char* interface;
    std::uint32_t metric = 0;
};

struct Row {
    const char* name;
    std::vector<Route> routes;
    config::AddressSpec spec;
    const char* expected;  // "eth0 24 10.0.0.255", or the reason why not
};

// eth0, eth1, eth2 are up, eth3 is down.
std::string choose(const Row& row) {
    KernelTable kernel;
    for (int i = 0; i <= 3; i++)
        kernel.apply(LinkSeen{{.index = i + 1, .name = fmt::format("eth{}", i), .up = i != 3}});
    for (const Route& route : row.routes)
        kernel.apply(RouteSeen{{.destination = ip(route.destination),
                                .prefix = route.prefix,
                                .metric = route.metric,
                                .link = kernel.link(std::string(route.interface))->index}});
    const auto placement = find_interface(row.spec, kernel);
    if (!placement) return placement.error().text;
    EXPECT_EQ(kernel.link(placement->link)->name, placement->interface);
    return fmt::format("{} {} {}", placement->interface, placement->prefix,
                       placement->broadcast ? placement->broadcast->to_string() : "-");
}

config::AddressSpec spec(const char* address, std::optional<unsigned> prefix = {},
                         const char* interface = "", const char* broadcast = nullptr) {
    config::AddressSpec result;
    result.address = ip(address);
    result.prefix = prefix;
    result.interface = interface;
    if (broadcast != nullptr) result.broadcast = ip(broadcast);
    return result;
}

const std::vector<Route> kUsual = {
    {"0.0.0.0", 0, "eth0"},           {"10.0.0.0", 24, "eth0"},
    {"192.168.7.0", 28, "eth1"},      {"::", 0, "eth1", 1024},
    {"fe80::", 64, "eth0", 256},      {"fe80::", 64, "eth1", 256},
    {"2001:db8::", 64, "eth0", 256},  {"2001:db8:0:0:f000::", 68, "eth1", 256},
    {"2001:db8:7::", 56, "eth1", 256}};

const Row kRows[] = {
    {"interface, netmask and broadcast come from the route", kUsual, spec("10.0.0.5"),
     "eth0 24 10.0.0.255"},
    {"of another subnet", kUsual, spec("192.168.7.3"), "eth1 28 192.168.7.15"},
    {"the word's netmask counts", kUsual, spec("10.0.0.5", 16), "eth0 16 10.0.255.255"},
    {"the default route gives no netmask", kUsual, spec("172.16.0.1"),
     "Cannot use default route w/o netmask [172.16.0.1]"},
    {"with a netmask it will do", kUsual, spec("172.16.0.1", 24), "eth0 24 172.16.0.255"},
    {"no route at all", {}, spec("10.0.0.5"), "No route to 10.0.0.5"},
    {"a netmask alone does not help without one", {}, spec("10.0.0.5", 24), "No route to 10.0.0.5"},
    {"interface and netmask need no route", {}, spec("10.0.0.5", 24, "eth1"), "eth1 24 10.0.0.255"},
    {"an interface alone takes the netmask of its own routes",
     {{"10.0.0.0", 24, "eth0"}, {"10.0.0.0", 25, "eth1"}},
     spec("10.0.0.5", {}, "eth0"),
     "eth0 24 10.0.0.255"},
    {"which may be missing", kUsual, spec("10.0.0.5", {}, "eth1"), "No route to 10.0.0.5"},
    {"an interface that is not there", kUsual, spec("10.0.0.5", 24, "eth7"),
     "eth7: no such device"},
    {"an interface that is down", kUsual, spec("10.0.0.5", 24, "eth3"), "eth3 is down"},
    {"the word's broadcast counts", kUsual, spec("10.0.0.5", 24, "eth0", "10.0.0.127"),
     "eth0 24 10.0.0.127"},
    {"also without interface and netmask", kUsual, spec("10.0.0.5", {}, "", "10.0.0.127"),
     "eth0 24 10.0.0.127"},
    {"the lowest metric first, though less specific",
     {{"10.0.0.0", 8, "eth1", 10}, {"10.0.0.0", 24, "eth0", 20}},
     spec("10.0.0.5"),
     "eth1 8 10.255.255.255"},
    {"then the most specific",
     {{"10.0.0.0", 8, "eth1", 10}, {"10.0.0.0", 24, "eth0", 10}},
     spec("10.0.0.5"),
     "eth0 24 10.0.0.255"},
    {"the default route last, however cheap",
     {{"0.0.0.0", 0, "eth1", 0}, {"10.0.0.0", 24, "eth0", 100}},
     spec("10.0.0.5", 24),
     "eth0 24 10.0.0.255"},
    {"a host route makes a host address",
     {{"10.0.0.5", 32, "eth2"}},
     spec("10.0.0.5"),
     "eth2 32 -"},
    {"a point-to-point subnet has no broadcast", kUsual, spec("10.0.0.4", 31), "eth0 31 -"},
    {"/30 has", kUsual, spec("10.0.0.5", 30), "eth0 30 10.0.0.7"},
    {"IPv6: interface and prefix come from the route", kUsual, spec("2001:db8::5"), "eth0 64 -"},
    {"IPv6: of another subnet", kUsual, spec("2001:db8:7::5"), "eth1 56 -"},
    {"IPv6: the word's prefix counts", kUsual, spec("2001:db8::5", 128), "eth0 128 -"},
    {"IPv6: the default route gives no prefix", kUsual, spec("2001:db9::1"),
     "Cannot use default route w/o netmask [2001:db9::1]"},
    {"IPv6: with a prefix it will do", kUsual, spec("2001:db9::1", 64), "eth1 64 -"},
    {"IPv6: no route of the other family helps",
     {{"0.0.0.0", 0, "eth0"}},
     spec("2001:db8::5", 64),
     "No route to 2001:db8::5"},
    {"IPv6: the most specific", kUsual, spec("2001:db8:0:0:f000::5"), "eth1 68 -"},
    {"IPv6: link-local, named", kUsual, spec("fe80::1", {}, "eth0"), "eth0 64 -"},
    {"IPv6: link-local, not named", kUsual, spec("fe80::1", 64),
     "fe80::1 is a link-local address: its interface has to be named"},
    {"IPv6: interface and prefix need no route", {}, spec("2001:db8::5", 64, "eth2"), "eth2 64 -"},
    {"IPv6: an interface that is down", kUsual, spec("2001:db8::5", 64, "eth3"), "eth3 is down"},
};

TEST(FindInterface, ChoosesAsTheTableSays) {
    for (const Row& row : kRows) {
        SCOPED_TRACE(row.name);
        EXPECT_EQ(choose(row), row.expected);
    }
}

}  // namespace
}  // namespace hb::resource
