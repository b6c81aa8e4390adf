#include "daemons/hb-comm/link_plan.hpp"

#include <gtest/gtest.h>

namespace hb::comm {
namespace {

using config::Medium;
using config::MediumKind;

const Medium kBcast0{.kind = MediumKind::kBcast, .interface = "eth0"};
const Medium kBcast1{.kind = MediumKind::kBcast, .interface = "eth1"};
const Medium kUcastA{.kind = MediumKind::kUcast, .interface = "eth0", .peer = "10.0.0.1"};
const Medium kUcastB{.kind = MediumKind::kUcast, .interface = "eth0", .peer = "node2"};
const Medium kMcast0{.kind = MediumKind::kMcast,
                     .interface = "eth0",
                     .group = *IpAddress::parse("239.0.0.1"),
                     .ttl = 2,
                     .loop = true};

const Medium kUcast6A{.kind = MediumKind::kUcast6, .interface = "eth0", .peer = "fd00::1"};
const Medium kUcast6B{.kind = MediumKind::kUcast6, .interface = "eth0", .peer = "fe80::2"};
const Medium kMcast6{.kind = MediumKind::kMcast6,
                     .interface = "eth0",
                     .group = *IpAddress::parse("ff12::1"),
                     .ttl = 3};

TEST(LinkPlan, OneLinkPerMedium) {
    const auto links = plan_links({kBcast0, kMcast0, kBcast1});
    ASSERT_EQ(links.size(), 3U);
    EXPECT_EQ(links[0].interface, "eth0");
    EXPECT_EQ(links[1].group, kMcast0.group);
    EXPECT_EQ(links[1].ttl, 2);
    EXPECT_TRUE(links[1].loop);
    EXPECT_EQ(links[2].interface, "eth1");
}

// The same ha.cf on all nodes names the own address too; both number links alike.
TEST(LinkPlan, UcastLinesOfOneInterfaceAreOneLink) {
    const auto links = plan_links({kUcastA, kBcast1, kUcastB});
    ASSERT_EQ(links.size(), 2U);
    EXPECT_EQ(links[0].peers, (std::vector<std::string>{"10.0.0.1", "node2"}));
    EXPECT_EQ(links[1].kind, MediumKind::kBcast);
    Medium other_port = kUcastB;
    other_port.port = 700;
    EXPECT_EQ(plan_links({kUcastA, other_port}).size(), 2U);
}

TEST(LinkPlan, Ucast6LinesOfOneInterfaceAreOneLinkBesideUcast) {
    const auto links = plan_links({kUcast6A, kUcastA, kUcast6B, kMcast6});
    ASSERT_EQ(links.size(), 3U);
    EXPECT_EQ(links[0].peers, (std::vector<std::string>{"fd00::1", "fe80::2"}));
    EXPECT_EQ(links[1].kind, MediumKind::kUcast);
    EXPECT_EQ(links[2].group, kMcast6.group);
    EXPECT_EQ(links[2].ttl, 3);
}

TEST(LinkPlan, WhoseDatagramIsIt) {
    struct Case {
        std::vector<Medium> media;
        std::size_t by;
        SentTo to;
        bool others;
        std::size_t link;
    };
    const std::vector<Medium> all = {kBcast0, kUcastA, kMcast0, kBcast1};
    const std::vector<Medium> both = {kBcast0, kMcast6, kUcastA, kUcast6A};
    for (const Case& c : {
             Case{{kBcast0}, 0, SentTo::kBroadcast, false, 0},
             Case{{kBcast0}, 0, SentTo::kUnicast, false, 0},  // bcast here, ucast there: as well
             Case{{kUcastA}, 0, SentTo::kBroadcast, false, 0},
             Case{all, 0, SentTo::kBroadcast, false, 0},
             Case{all, 1, SentTo::kBroadcast, true, 1},  // the bcast socket has its own copy
             Case{all, 2, SentTo::kBroadcast, true, 2},
             Case{all, 0, SentTo::kUnicast, false, 1},  // only one socket got it
             Case{all, 2, SentTo::kUnicast, false, 1},
             Case{all, 1, SentTo::kUnicast, false, 1},
             Case{all, 2, SentTo::kMulticast, false, 2},
             Case{all, 0, SentTo::kMulticast, true, 0},
             Case{all, 3, SentTo::kUnicast, false, 3},  // another interface
             // The other family has sockets of its own.
             Case{both, 1, SentTo::kMulticast, false, 1},
             Case{both, 3, SentTo::kMulticast, true, 3},
             Case{both, 1, SentTo::kUnicast, false, 3},
             Case{both, 0, SentTo::kUnicast, false, 2},
             Case{both, 2, SentTo::kUnicast, false, 2},
             Case{both, 3, SentTo::kUnicast, false, 3},
         }) {
        LinkId link = link_id(c.by);
        EXPECT_EQ(is_others_copy(plan_links(c.media), c.to, link), c.others);
        EXPECT_EQ(link, link_id(c.link));
    }
}

}  // namespace
}  // namespace hb::comm
