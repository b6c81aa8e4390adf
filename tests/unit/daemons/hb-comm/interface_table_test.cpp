#include "daemons/hb-comm/interface_table.hpp"

#include <gtest/gtest.h>

namespace hb::comm {
namespace {

const MacAddress kMac0 = *MacAddress::parse("02:00:00:00:00:01");
const MacAddress kMac1 = *MacAddress::parse("02:00:00:00:00:02");

IpAddress ip(const char* text) {
    return *IpAddress::parse(text);
}

class Interfaces : public testing::Test {
  protected:
    Interfaces() {
        table.put_link(2, {.name = "eth0", .mac = kMac0, .up = true, .carrier = true});
        table.put_link(3, {.name = "eth1", .mac = kMac1, .up = true, .carrier = false});
        table.put_address(2, {.address = ip("10.0.0.1"), .prefix = 24});
        table.put_route(2, {.metric = 100, .gateway = ip("10.0.0.254")});
        table.put_route(2, {.metric = 50, .gateway = ip("10.0.0.253")});
    }
    InterfaceTable table;
};

TEST_F(Interfaces, State) {
    table.put_address(2, {.address = ip("10.0.0.5"), .prefix = 32});  // the first one counts
    const InterfaceState s = table.state("eth0");
    EXPECT_EQ(s.index, 2);
    EXPECT_TRUE(s.up);
    EXPECT_TRUE(s.carrier);
    EXPECT_EQ(s.mac, kMac0);
    EXPECT_EQ(s.address, ip("10.0.0.1"));
    EXPECT_EQ(s.broadcast, ip("10.0.0.255"));
    EXPECT_EQ(s.gateway, ip("10.0.0.253"));
    EXPECT_FALSE(table.state("eth1").carrier);
    EXPECT_FALSE(table.state("eth1").address);
    EXPECT_EQ(table.state("eth9"), InterfaceState{});
    EXPECT_EQ(table.name_of(3), "eth1");
    EXPECT_EQ(table.name_of(9), std::nullopt);
    EXPECT_TRUE(table.is_own_mac(kMac1));
    EXPECT_FALSE(table.is_own_mac(*MacAddress::parse("02:00:00:00:00:03")));
}

TEST_F(Interfaces, OfIpv6TheLinkLocalAddressAndTheGateway) {
    EXPECT_FALSE(table.state("eth0").link_local);
    EXPECT_FALSE(table.state("eth0").gateway_v6);
    table.put_route(2, {.metric = 10, .gateway = ip("fe80::fe")});
    table.put_route(2, {.metric = 1024, .gateway = ip("fe80::fd")});
    table.put_address(2, {.address = ip("fe80::1"), .prefix = 64});
    table.put_address(3, {.address = ip("fe80::2"), .prefix = 64});
    EXPECT_EQ(table.state("eth0").link_local, ip("fe80::1"));
    EXPECT_EQ(table.state("eth0").gateway_v6, ip("fe80::fe"));
    EXPECT_EQ(table.state("eth0").gateway, ip("10.0.0.253"));
    EXPECT_EQ(table.state("eth0").address, ip("10.0.0.1"));
    EXPECT_FALSE(table.state("eth1").address);
    EXPECT_FALSE(table.state("eth1").broadcast);
    table.drop_address(2, ip("fe80::1"), 64);
    EXPECT_FALSE(table.state("eth0").link_local);
}

TEST_F(Interfaces, BroadcastIsTheKernelsElseThePrefixes) {
    struct Case {
        InterfaceTable::Address address;
        std::optional<IpAddress> broadcast;
    };
    for (const Case& c :
         {Case{{.address = ip("10.0.0.1"), .prefix = 24}, ip("10.0.0.255")},
          Case{{.address = ip("10.0.0.1"), .prefix = 30}, ip("10.0.0.3")},
          Case{{.address = ip("10.0.0.1"), .prefix = 8}, ip("10.255.255.255")},
          Case{{.address = ip("10.0.0.1"), .prefix = 24, .broadcast = ip("10.0.0.127")},
               ip("10.0.0.127")},
          Case{{.address = ip("10.0.0.1"), .prefix = 31}, std::nullopt},
          Case{{.address = ip("10.0.0.1"), .prefix = 32}, std::nullopt},
          Case{{.address = ip("10.0.0.1"), .prefix = 0}, std::nullopt}})
        EXPECT_EQ(broadcast_of(c.address), c.broadcast);
}

TEST_F(Interfaces, ChangesAndDeletions) {
    table.put_address(2, {.address = ip("10.9.0.1"), .prefix = 16});
    EXPECT_EQ(table.state("eth0").address, ip("10.0.0.1"));  // the kernel's order
    table.drop_address(2, ip("10.0.0.1"), 16);               // another prefix: another address
    EXPECT_EQ(table.state("eth0").address, ip("10.0.0.1"));
    table.drop_address(2, ip("10.0.0.1"), 24);
    EXPECT_EQ(table.state("eth0").broadcast, ip("10.9.255.255"));
    table.drop_route(2, {.metric = 50, .gateway = ip("10.0.0.253")});
    EXPECT_EQ(table.state("eth0").gateway, ip("10.0.0.254"));
    table.drop_link(2);
    EXPECT_EQ(table.state("eth0"), InterfaceState{});
    table.put_link(7, {.name = "eth0", .mac = kMac0, .up = true, .carrier = true});
    EXPECT_EQ(table.state("eth0").index, 7);
    EXPECT_FALSE(table.state("eth0").address);
}

TEST_F(Interfaces, RoutesGoWithAnInterfaceThatGoesDown) {
    table.put_link(2, {.name = "eth0", .mac = kMac0, .up = false, .carrier = false});
    EXPECT_FALSE(table.state("eth0").gateway);
    EXPECT_EQ(table.state("eth0").address, ip("10.0.0.1"));
}

TEST_F(Interfaces, ADumpDropsWhatItDoesNotName) {
    table.begin_dump();
    EXPECT_EQ(table.state("eth0").address, ip("10.0.0.1"));  // meanwhile all stays
    table.put_link(2, {.name = "lan0", .mac = kMac0, .up = true, .carrier = true});
    table.put_address(2, {.address = ip("10.0.0.5"), .prefix = 24});
    table.end_dump();
    EXPECT_EQ(table.names(), (std::set<std::string>{"lan0"}));
    EXPECT_EQ(table.state("lan0").address, ip("10.0.0.5"));
    EXPECT_FALSE(table.state("lan0").gateway);
}

}  // namespace
}  // namespace hb::comm
