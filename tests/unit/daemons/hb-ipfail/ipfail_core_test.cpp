#include "daemons/hb-ipfail/ipfail_core.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hb::ipfail {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Duration kDeadping = 2s;
const NodeId kA = node_id(0), kB = node_id(1);

class Ipfail : public ::testing::Test {
  protected:
    explicit Ipfail(std::vector<std::string> pings = {"router", "dns"})
        : core_({.self = kA,
                 .node_names = {"node1", "node2"},
                 .ping_nodes = std::move(pings),
                 .deadping = kDeadping}) {}

    void give(const IpfailInput& input) {
        collect([&](auto& out) { core_.handle(input, now_, out); });
    }
    void ping(std::uint32_t node, PingState state, bool late = false) {
        give(ipc::PingSeen{node, state, late});
    }
    void run(Duration how_long) {
        const MonoTime end = now_ + how_long;
        while (core_.next_deadline() <= end) {
            now_ = core_.next_deadline();
            collect([&](auto& out) { core_.on_deadline(now_, out); });
        }
        now_ = end;
    }
    template <typename Step>
    void collect(Step step) {
        std::vector<IpfailAction> out;
        step(out);
        for (const IpfailAction& a : out) {
            if (const auto* p = std::get_if<ipc::IpfailPublish>(&a)) said_.push_back(p->ping);
            if (const auto* e = std::get_if<Event>(&a)) texts_.push_back(e->text);
        }
    }
    std::vector<std::string> texts() { return std::exchange(texts_, {}); }
    std::vector<PingReport> said() { return std::exchange(said_, {}); }
    void both_up() {
        ping(0, PingState::kPing);
        ping(1, PingState::kPing);
        static_cast<void>(said());
        static_cast<void>(texts());
    }

    MonoTime now_{100s};
    IpfailCore core_;
    std::vector<PingReport> said_;
    std::vector<std::string> texts_;
};

TEST_F(Ipfail, HasNoOpinionBeforeAllWereJudged) {
    ping(0, PingState::kPing);
    ping(1, PingState::kInit);
    EXPECT_THAT(said(), IsEmpty());
    ping(1, PingState::kDead);
    EXPECT_THAT(said(), ElementsAre(PingReport{{"router"}, {}}));
}

TEST_F(Ipfail, SaysLossesAtOnceInHeartbeatsWords) {
    both_up();
    give(ipc::PeerPings{kB, {{"router", "dns"}, {}}});
    EXPECT_THAT(texts(), ElementsAre("Asking other side for ping node count.",
                                     "Checking remote count of ping nodes.",
                                     "Ping node count is balanced."));
    ping(0, PingState::kDead);
    EXPECT_THAT(said(), ElementsAre(PingReport{{"dns"}, {}}));
    EXPECT_THAT(texts(),
                ElementsAre("Status update: Node router now has status dead",
                            "NS: We are still alive!", "Asking other side for ping node count.",
                            "Checking remote count of ping nodes.",
                            "Giving up because we have less visible ping nodes."));
    ping(1, PingState::kDead);
    EXPECT_THAT(said(), ElementsAre(PingReport{}));
    EXPECT_THAT(texts(),
                ElementsAre("Status update: Node dns now has status dead", "NS: We are dead. :<"));
    ping(1, PingState::kPing);
    EXPECT_THAT(texts(),
                ElementsAre("Status update: Node dns now has status ping",
                            "A ping node just came up.", "Asking other side for ping node count.",
                            "Checking remote count of ping nodes.",
                            "Giving up because we have less visible ping nodes."));
}

TEST_F(Ipfail, SaysThatItHasMore) {
    both_up();
    give(ipc::PeerPings{kB, {{"dns"}, {}}});
    EXPECT_EQ(texts().back(), "Telling other node that we have more visible ping nodes.");
    give(ipc::PeerPings{kB, {{"dns"}, {"dns"}}});
    EXPECT_THAT(texts(), IsEmpty()) << "once";
    give(ipc::PeerLinkSeen{kB, "eth0", false});
    EXPECT_THAT(texts(), ElementsAre("Link Status update: Link node2/eth0 now has status dead",
                                     "Asking other side for ping node count.",
                                     "Checking remote count of ping nodes.",
                                     "Telling other node that we have more visible ping nodes."));
    give(ipc::PeerLinkSeen{kB, "eth0", true});
    EXPECT_THAT(texts(), ElementsAre("Link Status update: Link node2/eth0 now has status up"));
}

TEST_F(Ipfail, SaysNothingOfACountThatIsUnsure) {
    both_up();
    give(ipc::PeerPings{kB, {{"router", "dns"}, {}}});
    static_cast<void>(texts());
    give(ipc::PeerPings{kB, {{"router", "dns"}, {"router", "dns"}}});
    EXPECT_THAT(texts(), IsEmpty());
    ping(0, PingState::kDead);
    EXPECT_THAT(texts(), ElementsAre("Status update: Node router now has status dead",
                                     "NS: We are still alive!"));
    give(ipc::PeerPings{kB, {{"dns"}, {"dns"}}});
    EXPECT_THAT(texts(), IsEmpty()) << "balanced, as it was";
}

TEST_F(Ipfail, WhoSeesNothingSaysSo) {
    give(ipc::PeerPings{kB, {{"dns"}, {}}});
    ping(0, PingState::kDead);
    ping(1, PingState::kDead);
    EXPECT_THAT(texts(),
                ElementsAre("Status update: Node router now has status dead",
                            "Status update: Node dns now has status dead", "NS: We are dead. :<",
                            "Asking other side for ping node count.", "We are dead. :<",
                            "Giving up because we have less visible ping nodes."));
}

TEST_F(Ipfail, TheDeathOfAPeerIsOnlyNoted) {
    both_up();
    give(ipc::PeerSeen{kB, NodeStatus::kActive});
    EXPECT_THAT(texts(), IsEmpty());
    give(ipc::PeerSeen{kB, NodeStatus::kDead});
    EXPECT_THAT(texts(), ElementsAre("Status update: Node node2 now has status dead",
                                     "NS: We are still alive!"));
    EXPECT_THAT(said(), IsEmpty());
}

TEST_F(Ipfail, ALateOneIsUnsure) {
    both_up();
    ping(1, PingState::kPing, true);
    EXPECT_THAT(said(), ElementsAre(PingReport{{"router", "dns"}, {"dns"}}));
    ping(1, PingState::kPing);
    EXPECT_THAT(said(), ElementsAre(PingReport{{"router", "dns"}, {}}));
}

TEST_F(Ipfail, WhoComesBackIsUnsureForDeadpingAndLongerEachTime) {
    both_up();
    Duration hold = kDeadping;
    for (int i = 0; i < 10; ++i) {
        ping(0, PingState::kDead);
        run(1s);
        ping(0, PingState::kPing);
        EXPECT_EQ(said().back(), (PingReport{{"router", "dns"}, {"router"}}));
        run(hold - 1ns);
        EXPECT_THAT(said(), IsEmpty()) << i;
        run(1ns);
        EXPECT_THAT(said(), ElementsAre(PingReport{{"router", "dns"}, {}})) << i;
        hold = std::min<Duration>(hold * 2, 5min);
    }
    EXPECT_EQ(hold, 5min);
    // Ten good minutes later it is a first time again.
    run(10min);
    ping(0, PingState::kDead);
    ping(0, PingState::kPing);
    static_cast<void>(said());
    run(kDeadping);
    EXPECT_EQ(said().size(), 1U);
}

TEST_F(Ipfail, ANewMembershipIsToldAgain) {
    both_up();
    give(MembershipHere{});
    EXPECT_THAT(said(), ElementsAre(PingReport{{"router", "dns"}, {}}));
    ping(0, PingState::kInit);  // its hb-comm is new: what we know stands
    EXPECT_THAT(said(), IsEmpty());
}

TEST_F(Ipfail, NonsenseIsPassedOver) {
    both_up();
    ping(7, PingState::kDead);
    give(ipc::PeerSeen{node_id(9), NodeStatus::kDead});
    give(ipc::PeerPings{node_id(9), {}});
    give(ipc::PeerLinkSeen{node_id(9), "eth0", true});
    EXPECT_THAT(said(), IsEmpty());
    EXPECT_THAT(texts(), IsEmpty());
}

// Its predecessor's last publication is its memory.
TEST_F(Ipfail, ARespawnIsNoNews) {
    give(ipc::PeerPings{kA, {{"router"}, {}}});
    ping(0, PingState::kPing);
    ping(1, PingState::kDead);
    EXPECT_THAT(said(), ElementsAre(PingReport{{"router"}, {}}));
    EXPECT_THAT(texts(), IsEmpty());
    ping(1, PingState::kPing);
    EXPECT_THAT(said(), ElementsAre(PingReport{{"router", "dns"}, {"dns"}}));
    run(kDeadping);
    EXPECT_THAT(said(), ElementsAre(PingReport{{"router", "dns"}, {}}));
}

TEST_F(Ipfail, WhatWasUnsureBeforeARespawnIsForDeadping) {
    give(ipc::PeerPings{kA, {{"router", "dns"}, {"dns"}}});
    ping(0, PingState::kPing);
    ping(1, PingState::kPing);
    EXPECT_THAT(said(), ElementsAre(PingReport{{"router", "dns"}, {"dns"}}));
    EXPECT_THAT(texts(), IsEmpty());
    run(kDeadping - 1ns);
    EXPECT_THAT(said(), IsEmpty());
    run(1ns);
    EXPECT_THAT(said(), ElementsAre(PingReport{{"router", "dns"}, {}}));
}

TEST_F(Ipfail, WhatChangedWhileItWasDeadIsNews) {
    give(ipc::PeerPings{kA, {{"router"}, {}}});
    ping(0, PingState::kDead);
    EXPECT_THAT(texts(), ElementsAre("Status update: Node router now has status dead"));
    ping(1, PingState::kPing);
    EXPECT_THAT(texts(), ElementsAre("Status update: Node dns now has status ping",
                                     "A ping node just came up."));
    EXPECT_THAT(said(), ElementsAre(PingReport{{"dns"}, {"dns"}})) << "it has only come back";
}

TEST_F(Ipfail, WhatItSaidItselfIsNoOpinionOfAPeer) {
    both_up();
    give(ipc::PeerPings{kA, {{"dns"}, {}}});
    EXPECT_THAT(texts(), IsEmpty());
    EXPECT_THAT(said(), IsEmpty());
}

// A newborn hb-membership tells everything anew, and has judged nobody yet.
TEST_F(Ipfail, OfPeersOnlyChangesAreSaid) {
    both_up();
    const auto told = [&] {
        give(ipc::PeerSeen{kB, NodeStatus::kInit});
        give(ipc::PeerLinkSeen{kB, "eth0", true});
        give(ipc::PeerLinkSeen{kB, "eth1", false});
        give(ipc::PeerSeen{kB, NodeStatus::kActive});
    };
    told();
    EXPECT_THAT(texts(), ElementsAre("Link Status update: Link node2/eth0 now has status up",
                                     "Link Status update: Link node2/eth1 now has status dead",
                                     "Status update: Node node2 now has status active"));
    told();
    EXPECT_THAT(texts(), IsEmpty());
    give(ipc::PeerLinkSeen{kB, "eth1", true});
    EXPECT_THAT(texts(), ElementsAre("Link Status update: Link node2/eth1 now has status up"));
}

class IpfailWithoutPings : public Ipfail {
  protected:
    IpfailWithoutPings() : Ipfail({}) {}
};

TEST_F(IpfailWithoutPings, HasAnOpinionAllTheSame) {  // about carrier, which others know
    give(MembershipHere{});
    EXPECT_THAT(said(), ElementsAre(PingReport{}));
    give(ipc::PeerPings{kB, {}});
    EXPECT_THAT(texts(), IsEmpty());
}

}  // namespace
}  // namespace hb::ipfail
