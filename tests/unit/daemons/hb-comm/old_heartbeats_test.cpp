// Who still runs Heartbeat (G11): which of its frames count.
#include "daemons/hb-comm/old_heartbeats.hpp"

#include <gtest/gtest.h>

#include "tests/unit/daemons/hb-comm/comm_net.hpp"

namespace hb::comm {
namespace {

constexpr std::uint64_t kLife = 1000;
constexpr Duration kDead = 1s;

class OldHeartbeatsTest : public testing::Test {
  protected:
    // Whether hb-resource is told.
    bool frame(std::uint64_t generation, std::uint64_t sequence, bool released = false,
               NodeId node = kA) {
        const auto told =
            old_.heard({node, generation, sequence, released, said_}, "here", now_, events_);
        if (told) {
            EXPECT_EQ(told->peer, node);
            EXPECT_EQ(told->when, now_);
            EXPECT_EQ(told->gone, released);
        }
        return told.has_value();
    }
    void after(Duration d) {
        now_ += d;
        if (old_.next_deadline() > now_) return;
        for (const ipc::OldHeartbeatHeard& one : old_.on_deadline(now_, events_)) {
            EXPECT_TRUE(one.gone);
            gone_.push_back(one.peer);
        }
    }
    std::string said() {
        std::string ids;
        for (const Event& e : std::exchange(events_, {}))
            ids += (ids.empty() ? "" : " ") + std::string(e.id);
        return ids;
    }

    OldHeartbeats old_{{"a", "b", "c"}, kDead};
    Duration said_{};  // deadtime in its frames
    std::vector<NodeId> gone_;
    MonoTime now_ = MonoTime{} + 50s;
    std::vector<Event> events_;
};

TEST_F(OldHeartbeatsTest, EachNewFrameCountsAndTheFirstIsSaid) {
    EXPECT_TRUE(frame(kLife, 1));
    EXPECT_EQ(said(), "old-heartbeat");
    after(kDead / 2);
    EXPECT_TRUE(frame(kLife, 2));
    EXPECT_EQ(said(), "");
    ASSERT_EQ(old_.state().size(), 1U);
    EXPECT_EQ(old_.state()[0], (ipc::OldHeartbeatHeard{kA, now_, false, kDead * 3 / 2}));
}

TEST_F(OldHeartbeatsTest, CopiesAndOlderOnesDoNot) {
    EXPECT_TRUE(frame(kLife, 7));
    EXPECT_FALSE(frame(kLife, 7));
    EXPECT_FALSE(frame(kLife, 6));
    EXPECT_FALSE(frame(kLife - 1, 900));
    EXPECT_TRUE(frame(kLife + 1, 1)) << "started again";
    EXPECT_FALSE(frame(kLife, 8));
}

// hb-resource opens nothing by a clock of its own.
TEST_F(OldHeartbeatsTest, SilenceIsSaidAfterOneAndAHalfDeadtimes) {
    EXPECT_EQ(old_.next_deadline(), kForever);
    frame(kLife, 1);
    EXPECT_EQ(old_.next_deadline(), now_ + kDead * 3 / 2);
    after(kDead * 3 / 2 - 1ms);
    EXPECT_TRUE(gone_.empty());
    EXPECT_EQ(said(), "old-heartbeat");
    after(1ms);
    EXPECT_EQ(said(), "old-heartbeat-silent");
    EXPECT_EQ(gone_, std::vector{kA});
    EXPECT_TRUE(old_.state().empty());
    EXPECT_EQ(old_.next_deadline(), kForever);
    EXPECT_TRUE(frame(kLife, 2));
    EXPECT_EQ(said(), "old-heartbeat");
}

TEST_F(OldHeartbeatsTest, WhatFollowsTheReleaseDoesNotCount) {
    frame(kLife, 1);
    said();
    EXPECT_TRUE(frame(kLife, 2, true));
    EXPECT_EQ(said(), "old-heartbeat-ends");
    EXPECT_FALSE(frame(kLife, 3)) << "it says that it is active to the end";
    EXPECT_FALSE(frame(kLife, 2, true));
    EXPECT_TRUE(old_.state().empty());
    EXPECT_EQ(old_.next_deadline(), kForever);
    EXPECT_EQ(said(), "");
}

TEST_F(OldHeartbeatsTest, TheReleaseMayComeOutOfOrder) {
    frame(kLife, 1);
    frame(kLife, 5);
    EXPECT_TRUE(frame(kLife, 4, true));
    EXPECT_TRUE(old_.state().empty());
    EXPECT_FALSE(frame(kLife, 6));
}

TEST_F(OldHeartbeatsTest, AReleaseOfAnEarlierLifeIsARecording) {
    frame(kLife, 1);
    EXPECT_FALSE(frame(kLife - 1, 99, true));
    EXPECT_EQ(old_.state().size(), 1U);
}

TEST_F(OldHeartbeatsTest, ANewLifeCountsAgain) {
    frame(kLife, 1);
    frame(kLife, 2, true);
    EXPECT_TRUE(frame(kLife + 1, 1));
    EXPECT_EQ(old_.state().size(), 1U);
}

// It beats as slowly as its own deadtime allows; what a frame cannot mean holds nobody for ever.
TEST_F(OldHeartbeatsTest, ItIsJudgedByItsOwnDeadtimeWhereThatIsLonger) {
    said_ = 4s;
    frame(kLife, 1);
    EXPECT_EQ(old_.next_deadline(), now_ + 6s);
    said_ = kDead / 10;
    frame(kLife, 2);
    EXPECT_EQ(old_.next_deadline(), now_ + kDead * 3 / 2);
    said_ = std::chrono::hours(1000);
    frame(kLife, 3);
    EXPECT_EQ(old_.next_deadline(), now_ + std::chrono::minutes(90));
}

TEST_F(OldHeartbeatsTest, OurOwnStandstillIsNotItsSilence) {
    frame(kLife, 1);
    now_ += 3 * kDead;
    old_.stood_still(now_);
    EXPECT_EQ(old_.next_deadline(), now_ + kDead * 3 / 2);
    EXPECT_EQ(old_.state().size(), 1U);
}

TEST_F(OldHeartbeatsTest, NodesAreKeptApart) {
    frame(kLife, 9);
    EXPECT_TRUE(frame(kLife, 1, false, kC));
    EXPECT_TRUE(frame(kLife, 2, true, kC));
    ASSERT_EQ(old_.state().size(), 1U);
    EXPECT_EQ(old_.state()[0].peer, kA);
}

OldHeartbeatSeen seen(NodeId node, std::uint64_t generation, std::uint64_t sequence) {
    return {.frame = {node, generation, sequence, false, {}}, .link = kEth1, .from = std::nullopt};
}

// The gate is asked upon CommReady.
TEST_F(Net, ANewbornHbResourceHearsOfHeartbeatFirst) {
    add(settings_of(kB));
    input(kB, seen(kA, 900, 1));
    ASSERT_EQ(of<ipc::OldHeartbeatHeard>(kB).size(), 1U);
    input(kB, ResourceGone{});
    clear();
    input(kB, ResourceHere{});
    const auto& actions = nodes[kB].actions;
    const auto place = [&](auto is) {
        return std::ranges::find_if(actions, [&](const CommAction& action) {
            const auto* told = std::get_if<ipc::CommToResource>(&action);
            return told != nullptr && is(*told);
        });
    };
    const auto heard = place([](const ipc::CommToResource& m) {
        return std::holds_alternative<ipc::OldHeartbeatHeard>(m);
    });
    const auto ready = place(
        [](const ipc::CommToResource& m) { return std::holds_alternative<ipc::CommReady>(m); });
    ASSERT_NE(heard, actions.end());
    ASSERT_NE(ready, actions.end());
    EXPECT_LT(heard, ready);
    EXPECT_TRUE(of<ipc::CommReady>(kB).front().listens_since);
}

// Its generations are not ours: a node went back to Heartbeat, and is changed over again.
TEST_F(Net, HeartbeatCountsWhateverHaSuiteCountedThere) {
    CommSettings s = settings_of(kB);
    s.known_generations[kA] = 1'790'000'000;
    add(s);
    input(kB, seen(kA, 1'420'000'007, 1));
    EXPECT_EQ(of<ipc::OldHeartbeatHeard>(kB).size(), 1U);
}

TEST_F(Net, HeartbeatOfOurOwnNameIsSaidOnceAMinute) {
    add(settings_of(kB));
    clear();
    for (std::uint64_t n = 1; n <= 3; ++n)
        input(kB, seen(kB, 900, n));
    EXPECT_EQ(event_ids(nodes[kB].actions), std::vector<std::string>{"old-heartbeat-here"});
    EXPECT_TRUE(of<ipc::OldHeartbeatHeard>(kB).empty());
}

}  // namespace
}  // namespace hb::comm
