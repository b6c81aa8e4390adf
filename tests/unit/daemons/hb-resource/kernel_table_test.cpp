#include "daemons/hb-resource/kernel_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace hb::resource {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

IpAddress ip(const char* text) {
    return *IpAddress::parse(text);
}
KernelAddress address(const char* text, unsigned prefix = 24, int link = 2) {
    return {.address = ip(text), .prefix = prefix, .link = link, .label = "eth0"};
}
std::vector<KernelRoute> routes_of(const KernelTable& table) {
    std::vector<KernelRoute> all;
    table.for_each_route([&](const KernelRoute& route) { all.push_back(route); });
    return all;
}

TEST(KernelTable, IsSyncedWhenAllKindsWereDumpedAndNothingWasLostSince) {
    KernelTable table;
    EXPECT_FALSE(table.synced());
    for (KernelKind kind : {KernelKind::kLinks, KernelKind::kAddresses, KernelKind::kRoutes}) {
        table.apply(DumpBegan{kind});
        EXPECT_FALSE(table.synced());
        table.apply(DumpEnded{kind});
    }
    EXPECT_TRUE(table.synced());
    table.apply(KernelOverrun{});
    EXPECT_FALSE(table.synced());
}

TEST(KernelTable, ADumpDropsWhatItDoesNotName) {
    KernelTable table;
    table.apply(AddressSeen{address("10.0.0.1")});
    table.apply(AddressSeen{address("10.0.0.2")});
    table.apply(DumpBegan{KernelKind::kAddresses});
    table.apply(AddressSeen{address("10.0.0.2")});
    table.apply(AddressSeen{address("10.0.0.3")});
    EXPECT_THAT(table.apply(DumpEnded{KernelKind::kAddresses}), ElementsAre(address("10.0.0.1")));
    EXPECT_THAT(table.find(ip("10.0.0.1")), IsEmpty());
    EXPECT_THAT(table.find(ip("10.0.0.2")), ElementsAre(address("10.0.0.2")));
}

TEST(KernelTable, SaysOnceThatAnAddressIsGone) {
    KernelTable table;
    table.apply(AddressSeen{address("10.0.0.1")});
    EXPECT_THAT(table.apply(AddressGone{address("10.0.0.1")}), ElementsAre(address("10.0.0.1")));
    EXPECT_THAT(table.apply(AddressGone{address("10.0.0.1")}), IsEmpty());
}

TEST(KernelTable, ALinkTakesItsAddressesAndRoutesAlong) {
    KernelTable table;
    table.apply(LinkSeen{{.index = 2, .name = "eth0", .up = true}});
    table.apply(AddressSeen{address("10.0.0.1", 24, 2)});
    table.apply(AddressSeen{address("10.0.1.1", 24, 3)});
    table.apply(RouteSeen{{.destination = ip("10.0.0.0"), .prefix = 24, .link = 2}});
    EXPECT_THAT(table.apply(LinkGone{2}), ElementsAre(address("10.0.0.1", 24, 2)));
    EXPECT_EQ(table.link(2), nullptr);
    EXPECT_THAT(routes_of(table), IsEmpty());
    EXPECT_THAT(table.find(ip("10.0.1.1")), ElementsAre(address("10.0.1.1", 24, 3)));
}

// The kernel reports neither.
TEST(KernelTable, CountsChangesOfLinksApart) {
    KernelTable table;
    auto links_changed = [&, before = table.links_version()](const KernelUpdate& by) mutable {
        table.apply(by);
        return std::exchange(before, table.links_version()) != table.links_version();
    };
    EXPECT_TRUE(links_changed(LinkSeen{{.index = 2, .name = "eth0", .up = true}}));
    EXPECT_FALSE(links_changed(AddressSeen{address("10.0.0.1")}));
    EXPECT_FALSE(links_changed(RouteSeen{{.destination = ip("10.0.0.0"), .link = 2}}));
    EXPECT_FALSE(links_changed(AddressGone{address("10.0.0.1")}));
    EXPECT_TRUE(links_changed(LinkGone{2}));
    EXPECT_TRUE(links_changed(LinkSeen{{.index = 2, .name = "eth0", .up = true}}));
    EXPECT_FALSE(links_changed(DumpBegan{KernelKind::kLinks}));
    EXPECT_TRUE(links_changed(DumpEnded{KernelKind::kLinks}));  // it is gone
    EXPECT_TRUE(links_changed(KernelOverrun{}));
}

TEST(KernelTable, RoutesGoWithALinkThatIsSetDownAndWithTheirSourceAddress) {
    KernelTable table;
    const KernelRoute by_link{.destination = ip("10.9.0.0"), .prefix = 16, .link = 2};
    const KernelRoute by_source{
        .destination = ip("10.8.0.0"), .prefix = 16, .link = 3, .source = ip("10.0.1.1")};
    table.apply(RouteSeen{by_link});
    table.apply(RouteSeen{by_source});
    table.apply(AddressSeen{address("10.0.1.1", 24, 3)});
    table.apply(LinkSeen{{.index = 2, .name = "eth0", .up = false}});
    EXPECT_THAT(routes_of(table), ElementsAre(by_source));
    table.apply(AddressGone{address("10.0.1.1", 24, 3)});
    EXPECT_THAT(routes_of(table), IsEmpty());
}

TEST(KernelTable, AnIpv6RouteOnlyLosesItsSourceAddress) {
    KernelTable table;
    KernelRoute route{
        .destination = ip("2001:db9::"), .prefix = 64, .link = 3, .source = ip("2001:db8::1")};
    table.apply(RouteSeen{route});
    table.apply(AddressSeen{address("2001:db8::1", 64, 3)});
    table.apply(AddressGone{address("2001:db8::1", 64, 3)});
    route.source.reset();
    EXPECT_THAT(routes_of(table), ElementsAre(route));
}

TEST(KernelTable, SameSubnetComparesBits) {
    EXPECT_TRUE(same_subnet(ip("2001:db8::1"), ip("2001:db8:0:0:ffff::"), 64));
    EXPECT_FALSE(same_subnet(ip("2001:db8::1"), ip("2001:db8:0:1::1"), 64));
    EXPECT_TRUE(same_subnet(ip("2001:db8::1"), ip("2001:db8:0:1::1"), 63));
    EXPECT_TRUE(same_subnet(ip("2001:db8::1"), ip("2001:db8::1"), 128));
    EXPECT_FALSE(same_subnet(ip("2001:db8::1"), ip("2001:db8::2"), 128));
    EXPECT_TRUE(same_subnet(ip("::"), ip("2001:db8::2"), 0));
    EXPECT_FALSE(same_subnet(ip("0.0.0.0"), ip("::"), 0));
    EXPECT_TRUE(same_subnet(ip("10.0.0.1"), ip("10.0.0.254"), 24));
    EXPECT_FALSE(same_subnet(ip("10.0.0.1"), ip("10.0.0.254"), 25));
}

TEST(KernelTable, AReplacedRouteIsGone) {
    KernelTable table;
    const KernelRoute old{.destination = ip("10.0.0.0"), .prefix = 24, .link = 2};
    const KernelRoute other_metric{
        .destination = ip("10.0.0.0"), .prefix = 24, .metric = 100, .link = 2};
    const KernelRoute fresh{.destination = ip("10.0.0.0"), .prefix = 24, .link = 3};
    table.apply(RouteSeen{old});
    table.apply(RouteSeen{other_metric});
    table.apply(RouteSeen{fresh, true});
    EXPECT_THAT(routes_of(table), testing::UnorderedElementsAre(fresh, other_metric));
}

TEST(KernelTable, KnowsWhichSecondariesHangOnAPrimary) {
    KernelTable table;
    const auto secondary = [](KernelAddress a) {
        a.secondary = true;
        return a;
    };
    table.apply(AddressSeen{address("10.0.0.9")});
    table.apply(AddressSeen{secondary(address("10.0.0.1"))});
    table.apply(AddressSeen{secondary(address("10.0.0.200"))});
    table.apply(AddressSeen{address("10.0.0.3", 25)});                // another prefix
    table.apply(AddressSeen{secondary(address("10.0.0.4", 24, 3))});  // another link
    table.apply(AddressSeen{secondary(address("10.0.1.1"))});         // another subnet
    EXPECT_THAT(table.secondaries_of(address("10.0.0.9")),
                ElementsAre(secondary(address("10.0.0.1")), secondary(address("10.0.0.200"))));
}

// A route to the network keeps the source when only the default route loses it.
TEST(KernelTable, CountsTheRoutesThatLoseTheirSource) {
    KernelTable table;
    const KernelRoute network{
        .destination = ip("10.0.0.0"), .prefix = 24, .link = 2, .source = ip("10.0.0.5")};
    KernelRoute plain{
        .destination = ip("0.0.0.0"), .metric = 7, .link = 2, .gateway = ip("10.0.0.254")};
    KernelRoute ours = plain;
    ours.source = ip("10.0.0.5");
    const auto losses = [&] { return table.losses_of_source(ip("10.0.0.5")); };
    table.apply(RouteSeen{network});
    table.apply(RouteSeen{plain});
    table.apply(RouteSeen{ours, /*replaces=*/true});
    EXPECT_EQ(losses(), 0U);
    KernelRoute another_way = ours;
    another_way.gateway = ip("10.0.0.253");
    table.apply(RouteSeen{another_way, /*replaces=*/true});
    EXPECT_EQ(losses(), 0U) << "it still has it";
    table.apply(RouteSeen{plain, /*replaces=*/true});
    EXPECT_EQ(losses(), 1U);
    EXPECT_TRUE(table.is_source(ip("10.0.0.5")));
    table.apply(RouteSeen{ours, /*replaces=*/true});
    table.apply(RouteGone{ours});
    table.apply(RouteGone{ours});
    EXPECT_EQ(losses(), 2U);
    table.apply(DumpBegan{KernelKind::kRoutes});
    table.apply(DumpEnded{KernelKind::kRoutes});
    EXPECT_EQ(losses(), 3U);
}

}  // namespace
}  // namespace hb::resource
