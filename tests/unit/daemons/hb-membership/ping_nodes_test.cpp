#include "daemons/hb-membership/ping_nodes.hpp"

#include <gtest/gtest.h>

namespace hb::membership {
namespace {

TEST(PingNodes, SayHeartbeatsLinesOnceForEachChange) {
    PingNodes nodes({{.name = "10.0.0.1"}, {.name = "routers"}});
    const auto see = [&](std::uint32_t node, PingState state) {
        std::string texts;
        for (const Event& e : nodes.see({.node = node, .state = state}))
            texts += e.text + "\n";
        return texts;
    };
    EXPECT_EQ(see(0, PingState::kInit), "");
    EXPECT_EQ(see(0, PingState::kPing), "Status update for node 10.0.0.1: status ping\n");
    EXPECT_EQ(see(0, PingState::kPing), "");
    EXPECT_EQ(see(1, PingState::kDead),
              "Status update for node routers: status dead\nnode routers: is dead\n");
    // A newborn hb-comm has not judged: what is known stands.
    EXPECT_EQ(see(0, PingState::kInit), "");
    EXPECT_EQ(nodes.states()[0].state, PingState::kPing);
    EXPECT_EQ(see(0, PingState::kDead),
              "Status update for node 10.0.0.1: status dead\nnode 10.0.0.1: is dead\n");
}

// Late stands too until the newcomer has judged, and not a moment longer.
TEST(PingNodes, OneThatWasLateIsLateNoMoreWhenANewHbCommSaysSo) {
    PingNodes nodes({{.name = "router"}});
    const auto late = [&](PingState state, bool says_late) {
        (void)nodes.see({.node = 0, .state = state, .late = says_late});
        EXPECT_NE(nodes.states()[0].state, PingState::kInit);
        return nodes.states()[0].late;
    };
    EXPECT_FALSE(late(PingState::kPing, false));
    EXPECT_TRUE(late(PingState::kPing, true));
    EXPECT_TRUE(late(PingState::kInit, false));
    EXPECT_FALSE(late(PingState::kPing, false));
}

TEST(PingNodes, AreShownInTheOrderOfTheFile) {
    PingNodes nodes({{.name = "b"}, {.name = "a"}});
    (void)nodes.see({.node = 1,
                     .state = PingState::kPing,
                     .answered = MonoTime(5s),
                     .round_trip = 2ms,
                     .asked = 9,
                     .lost = 1});
    const auto shown = nodes.summaries(MonoTime(7s));
    ASSERT_EQ(shown.size(), 2U);
    EXPECT_EQ(shown[0].name, "b");
    EXPECT_EQ(shown[0].status, PingState::kInit);
    EXPECT_FALSE(shown[0].answered_ago);
    EXPECT_EQ(shown[1].answered_ago, 2s);
    EXPECT_EQ(shown[1].round_trip, 2ms);
}

TEST(PingNodes, OfThoseThatStayIsKeptWhatIsKnown) {
    PingNodes nodes({{.name = "first"}, {.name = "second"}});
    (void)nodes.see({.node = 1, .state = PingState::kPing, .late = true});
    nodes.configure({{.name = "second"}, {.name = "third"}});
    ASSERT_EQ(nodes.states().size(), 2U);
    EXPECT_EQ(nodes.name(0), "second");
    EXPECT_EQ(nodes.states()[0].state, PingState::kPing);
    EXPECT_TRUE(nodes.states()[0].late);
    EXPECT_EQ(nodes.states()[0].node, 0U);
    EXPECT_EQ(nodes.states()[1].state, PingState::kInit);
}

}  // namespace
}  // namespace hb::membership
