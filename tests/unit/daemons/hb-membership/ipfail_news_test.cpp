#include "daemons/hb-membership/ipfail_news.hpp"

#include <gtest/gtest.h>

namespace hb::membership {
namespace {

const NodeId kSelf = node_id(0), kB = node_id(1);
using Messages = std::vector<ipc::MembershipToIpfail>;

// What is news when hb-ipfail is there and knows what was told before.
TEST(IpfailNews, IsWhatChanged) {
    struct Row {
        ipc::MembershipToIpfail message;
        bool news;
    };
    const Row rows[] = {
        {ipc::PingSeen{0, PingState::kInit, false}, true},
        {ipc::PingSeen{0, PingState::kPing, false}, true},
        {ipc::PingSeen{0, PingState::kPing, false}, false},
        {ipc::PingSeen{0, PingState::kPing, true}, true},
        {ipc::PingSeen{1, PingState::kPing, true}, true},
        {ipc::PingSeen{0, PingState::kPing, false}, true},
        {ipc::PeerSeen{kB, NodeStatus::kInit}, true},
        {ipc::PeerSeen{kB, NodeStatus::kActive}, true},
        {ipc::PeerSeen{kB, NodeStatus::kActive}, false},
        {ipc::PeerPings{kB, {{"router"}, {}}}, true},
        {ipc::PeerPings{kB, {{"router"}, {}}}, false},
        {ipc::PeerPings{kB, {{"router"}, {"router"}}}, true},
        {ipc::PeerLinkSeen{kB, "eth0", true}, true},
        {ipc::PeerLinkSeen{kB, "eth1", true}, true},
        {ipc::PeerLinkSeen{kB, "eth0", true}, false},
        {ipc::PeerLinkSeen{kB, "eth0", false}, true},
    };
    IpfailNews news(kSelf);
    EXPECT_EQ(news.greet(), Messages{});
    for (const Row& row : rows)
        EXPECT_EQ(news.see(row.message), row.news) << &row - rows;
}

TEST(IpfailNews, ANewcomerIsToldWhatIsKnownAndItsOwnWordFirst) {
    IpfailNews news(kSelf);
    EXPECT_FALSE(news.see(ipc::PingSeen{0, PingState::kPing, true})) << "it is not there";
    EXPECT_FALSE(news.see(ipc::PeerPings{kB, {{"router"}, {}}}));
    EXPECT_FALSE(news.see(ipc::PeerSeen{kB, NodeStatus::kUp}));
    EXPECT_FALSE(news.see(ipc::PeerLinkSeen{kB, "eth0", true}));
    news.published({{"router"}, {"router"}});
    EXPECT_EQ(news.greet(),
              (Messages{ipc::PeerPings{kSelf, {{"router"}, {"router"}}},
                        ipc::PeerSeen{kB, NodeStatus::kUp}, ipc::PeerPings{kB, {{"router"}, {}}},
                        ipc::PingSeen{0, PingState::kPing, true}}));
    EXPECT_FALSE(news.see(ipc::PeerSeen{kB, NodeStatus::kUp}));
    EXPECT_TRUE(news.see(ipc::PeerSeen{kB, NodeStatus::kActive}));
    news.gone();
    EXPECT_FALSE(news.see(ipc::PeerSeen{kB, NodeStatus::kDead}));
    EXPECT_EQ(news.greet().at(1), ipc::MembershipToIpfail(ipc::PeerSeen{kB, NodeStatus::kDead}));
    EXPECT_TRUE(news.see(ipc::PeerLinkSeen{kB, "eth0", true}))
        << "of links it is told changes only";
}

}  // namespace
}  // namespace hb::membership
