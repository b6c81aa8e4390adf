#include "daemons/hb-comm/ping_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "common/base/ping_times.hpp"

namespace hb::comm {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Duration kInterval = 50ms;
constexpr Duration kDeadping = 1s;

class Pings : public ::testing::Test {
  protected:
    void make(std::vector<PingNodeSettings> nodes) {
        watch_.emplace(PingWatch::Settings{nodes, kInterval, kDeadping}, now_);
        hosts_ = 0;
        for (const auto& n : nodes)
            hosts_ += static_cast<std::uint32_t>(n.hosts);
        for (std::uint32_t h = 0; h < hosts_; ++h)
            watch_->host_known(h, true, now_);
    }
    // Time passes; hosts in `answering` answer after `delay_`.
    void run(Duration how_long) {
        const MonoTime end = now_ + how_long;
        while (true) {
            MonoTime next = watch_->next_deadline();
            if (!under_way_.empty()) next = std::min(next, under_way_.begin()->first);
            if (next > end) break;
            now_ = std::max(now_, next);
            while (!under_way_.empty() && under_way_.begin()->first <= now_) {
                const SendPing ping = under_way_.begin()->second;
                under_way_.erase(under_way_.begin());
                act([&](auto& out) { watch_->answered(ping.host, ping.sequence, now_, out); });
            }
            act([&](auto& out) { watch_->on_deadline(now_, out); });
        }
        now_ = end;
    }
    template <typename Step>
    void act(Step step) {
        std::vector<PingAction> out;
        step(out);
        for (PingAction& a : out) {
            if (const auto* ping = std::get_if<SendPing>(&a)) {
                sent_.emplace_back(now_, *ping);
                if (answering_.contains(ping->host)) under_way_.emplace(now_ + delay_, *ping);
            }
            if (const auto* status = std::get_if<ipc::PingStatus>(&a)) {
                if (status_.contains(status->node) && status_[status->node].state != status->state)
                    changes_.push_back(now_);
                status_[status->node] = *status;
            }
            if (const auto* answered = std::get_if<ipc::PingAnswered>(&a))
                answers_.push_back(answered->when);
            if (const auto* event = std::get_if<Event>(&a)) texts_.push_back(event->text);
        }
    }

    MonoTime now_{10s};
    std::optional<PingWatch> watch_;
    std::uint32_t hosts_ = 0;
    std::set<std::uint32_t> answering_;
    Duration delay_ = 1ms;
    std::multimap<MonoTime, SendPing> under_way_;
    std::vector<std::pair<MonoTime, SendPing>> sent_;
    std::map<std::uint32_t, ipc::PingStatus> status_;
    std::vector<MonoTime> changes_;
    std::vector<MonoTime> answers_;
    std::vector<std::string> texts_;
};

TEST_F(Pings, AreSentOncePerIntervalAndStaggered) {
    make({{"router", 1}, {"dns", 1}});
    run(1s - 1ms);
    ASSERT_EQ(sent_.size(), 40U);
    EXPECT_EQ(sent_[1].first - sent_[0].first, kInterval / 2);
    EXPECT_EQ(sent_[2].first - sent_[0].first, kInterval);
    EXPECT_EQ(sent_[2].second.sequence, 2U);
}

TEST_F(Pings, AnAnswerMakesUpAndSilenceForDeadpingDead) {
    answering_ = {0};
    make({{"router", 1}});
    run(200ms);
    EXPECT_EQ(status_[0].state, PingState::kPing);
    EXPECT_FALSE(status_[0].late);
    EXPECT_EQ(status_[0].round_trip, 1ms);
    EXPECT_THAT(texts_, ElementsAre("Link router:router up."));
    const MonoTime last = sent_.back().first;
    answering_.clear();
    run(ping_late(kDeadping, kInterval));
    EXPECT_EQ(status_[0].state, PingState::kPing);
    EXPECT_TRUE(status_[0].late);
    changes_.clear();
    run(kDeadping);
    EXPECT_EQ(status_[0].state, PingState::kDead);
    EXPECT_THAT(changes_, ElementsAre(last + kDeadping));
    EXPECT_EQ(texts_.back(), "Link router:router dead.");
    answering_ = {0};
    run(2 * kInterval);
    EXPECT_EQ(status_[0].state, PingState::kPing);
    EXPECT_FALSE(status_[0].late);
}

TEST_F(Pings, WhatNeverAnsweredIsDeadAfterDeadping) {
    make({{"router", 1}});
    run(kDeadping - 1ms);
    EXPECT_EQ(status_[0].state, PingState::kInit);
    run(1ms);
    EXPECT_EQ(status_[0].state, PingState::kDead);
    run(kDeadping);
    EXPECT_EQ(status_[0].lost, status_[0].asked);
    EXPECT_GT(status_[0].asked, 10U);
}

TEST_F(Pings, AGroupIsUpWhileOneOfItsHostsAnswers) {
    answering_ = {1};
    make({{"routers", 2}, {"dns", 1}});
    run(3s);
    EXPECT_EQ(status_[0].state, PingState::kPing);
    EXPECT_EQ(status_[1].state, PingState::kDead);
}

TEST_F(Pings, AnAnswerProvesTheMomentOfItsRequest) {
    answering_ = {0};
    delay_ = 300ms;
    make({{"router", 1}});
    run(310ms);
    ASSERT_FALSE(answers_.empty());
    EXPECT_EQ(answers_[0], sent_[0].first);
}

TEST_F(Pings, CountOnceAndOnlyWhenAskedAndInTime) {
    make({{"router", 1}});
    run(10ms);
    ASSERT_EQ(sent_.size(), 1U);
    const auto answer = [&](std::uint32_t host, std::uint64_t sequence) {
        const std::size_t before = answers_.size();
        act([&](auto& out) { watch_->answered(host, sequence, now_, out); });
        return answers_.size() > before;
    };
    EXPECT_FALSE(answer(0, 2));  // not asked yet
    EXPECT_FALSE(answer(7, 1));  // nobody
    EXPECT_TRUE(answer(0, 1));
    EXPECT_FALSE(answer(0, 1));  // again
    run(2s);
    EXPECT_FALSE(answer(0, 2));  // older than deadping
    EXPECT_EQ(status_[0].state, PingState::kDead);
}

TEST_F(Pings, WhoStoodStillCallsNobodyDeadAtOnce) {
    answering_ = {0};
    make({{"router", 1}});
    run(200ms);
    now_ += 5s;
    watch_->stood_still(now_);
    under_way_.clear();
    run(500ms);
    EXPECT_EQ(status_[0].state, PingState::kPing);
    EXPECT_THAT(changes_, ElementsAre(::testing::_));  // init to ping
    EXPECT_LT(sent_.size(), 20U);                      // nothing is made up for
}

TEST_F(Pings, HostsWithoutAnAddressAreNotAsked) {
    make({{"router", 1}});
    watch_.emplace(PingWatch::Settings{{{"router", 1}, {"dns", 2}}, kInterval, kDeadping}, now_);
    watch_->host_known(1, true, now_);
    run(200ms);
    for (const auto& [when, ping] : sent_)
        EXPECT_EQ(ping.host, 1U);
    EXPECT_EQ(status_[0].detail, "its name is not resolved");
    EXPECT_EQ(status_[1].detail, "1 of 2 names are not resolved");
}

TEST_F(Pings, CanBeHurriedWithinBounds) {
    make({{"a", 1}, {"b", 1}});
    run(25ms);
    const std::size_t before = sent_.size();
    watch_->ask_soon(now_);
    watch_->ask_soon(now_);
    run(2ms);
    EXPECT_EQ(sent_.size() - before, 1U);  // the other was asked a moment ago
    run(1s);
    EXPECT_LE(sent_.size(), 44U);
}

TEST(PingTimes, FollowTheHeartbeatsAndThePace) {
    EXPECT_EQ(ping_interval(1s, 30s, 1), 1s);
    EXPECT_EQ(ping_interval(200ms, 1s, 1), 50ms);
    EXPECT_EQ(ping_interval(6ms, 30ms, 1), 1500us);
    EXPECT_EQ(ping_interval(200ms, 1s, 100), 100ms);
    EXPECT_EQ(ping_late(1s, 50ms), 500ms);
    EXPECT_EQ(ping_late(2100ms, 1s), 1500ms);
}

}  // namespace
}  // namespace hb::comm
