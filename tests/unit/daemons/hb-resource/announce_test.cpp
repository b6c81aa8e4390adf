#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemons/hb-resource/announce_schedule.hpp"
#include "daemons/hb-resource/announcer.hpp"

namespace hb::resource {
namespace {

using testing::ElementsAre;

Announce announce(std::uint32_t host) {
    return {IpAddress::v4(0x0a000000 + host), 2, *MacAddress::parse("52:54:00:12:34:56")};
}

// Every announcement from now on, as (time since now, host).
std::vector<std::pair<Duration, std::uint32_t>> run(AnnounceSchedule& schedule, MonoTime now) {
    std::vector<std::pair<Duration, std::uint32_t>> all;
    for (MonoTime at = schedule.next_deadline(); at != kForever; at = schedule.next_deadline())
        for (const Announce& each : schedule.take_due(std::max(at, now)))
            all.emplace_back(at - now, each.address.v4_host_order() & 0xffff);
    return all;
}

TEST(AnnounceSchedule, AnnouncesAtOnceAndAgainAfterGrowingPauses) {
    AnnounceSchedule schedule;
    schedule.start(announce(1), MonoTime{10s});
    EXPECT_THAT(run(schedule, MonoTime{10s}),
                ElementsAre(std::pair(0ms, 1U), std::pair(50ms, 1U), std::pair(200ms, 1U),
                            std::pair(1s, 1U), std::pair(2s, 1U), std::pair(5s, 1U)));
}

TEST(AnnounceSchedule, StartedAgainItBeginsAgain) {
    AnnounceSchedule schedule;
    schedule.start(announce(1), MonoTime{10s});
    EXPECT_EQ(schedule.take_due(MonoTime{10s}).size(), 1U);
    schedule.start(announce(1), MonoTime{11s});
    EXPECT_EQ(run(schedule, MonoTime{11s}).size(), std::size(kAnnounceTimes));
}

TEST(AnnounceSchedule, StoppedItIsSilent) {
    AnnounceSchedule schedule;
    schedule.start(announce(1), MonoTime{10s});
    schedule.start(announce(2), MonoTime{10s});
    schedule.stop(announce(1).address);
    for (const auto& [at, host] : run(schedule, MonoTime{10s}))
        EXPECT_EQ(host, 2U);
    schedule.stop(announce(3).address);
}

TEST(AnnounceSchedule, WhatCouldNotLeaveIsDueWithTheNextTurnBeforeOthers) {
    AnnounceSchedule schedule;
    for (std::uint32_t i = 0; i < 10; i++)
        schedule.start(announce(i), MonoTime{10s});
    ASSERT_EQ(schedule.take_due(MonoTime{10s}).size(), 10U);
    schedule.postpone(3);
    EXPECT_EQ(schedule.next_deadline(), MonoTime{10s} + kAnnounceTurn);
    schedule.start(announce(20), MonoTime{10s} + kAnnounceTurn);
    std::vector<std::uint32_t> hosts;
    for (const Announce& each : schedule.take_due(MonoTime{10s} + kAnnounceTurn))
        hosts.push_back(each.address.v4_host_order() & 0xffff);
    EXPECT_THAT(hosts, ElementsAre(7U, 8U, 9U, 20U));
    // Their repetitions are not lost, the last one neither.
    std::map<std::uint32_t, std::size_t> left;
    for (const auto& [at, host] : run(schedule, MonoTime{11s}))
        left[host]++;
    for (const auto& [host, count] : left)
        EXPECT_EQ(count, std::size(kAnnounceTimes) - 1) << host;
    schedule.start(announce(1), MonoTime{20s});
    for (const Duration since : kAnnounceTimes)
        ASSERT_EQ(schedule.take_due(MonoTime{20s} + since).size(), 1U);
    EXPECT_EQ(schedule.next_deadline(), kForever);
    schedule.postpone(1);
    EXPECT_EQ(run(schedule, MonoTime{40s}).size(), 1U);
}

TEST(AnnounceSchedule, AThousandAddressesArePacedAndFirstOnesGoFirst) {
    AnnounceSchedule schedule;
    schedule.start(announce(5000), MonoTime{10s});
    (void)schedule.take_due(MonoTime{10s});
    const MonoTime later{10s + 50ms};  // the repetition of 5000 is due as well
    for (std::uint32_t i = 0; i < 1000; i++)
        schedule.start(announce(i), later);
    const auto all = run(schedule, later);
    ASSERT_EQ(all.size(), 1000 * std::size(kAnnounceTimes) + std::size(kAnnounceTimes) - 1);
    std::map<Duration, std::size_t> per_turn;
    for (const auto& [at, host] : all)
        per_turn[at]++;
    Duration before = -1s;
    for (const auto& [at, count] : per_turn) {
        EXPECT_LE(count, kAnnouncesPerTurn);
        EXPECT_GE(at - before, kAnnounceTurn);
        before = at;
    }
    for (std::size_t i = 0; i < 1000; i++) {
        EXPECT_NE(all[i].second, 5000U);
        EXPECT_LT(all[i].first, 20ms);
    }
    EXPECT_EQ(all[1000].second, 5000U);
}

TEST(ArpPackets, AreWhatTheRfcsSay) {
    const Announce what{IpAddress::v4(0x0a000005), 2, *MacAddress::parse("52:54:00:12:34:56")};
    const ArpBytes request = {0,  1, 8, 0, 6, 4, 0, 1, 0x52, 0x54, 0,  0x12, 0x34, 0x56,
                               10, 0, 0, 5, 0, 0, 0, 0, 0,    0,    10, 0,    0,    5};
    const ArpBytes reply = {0,  1, 8, 0, 6,    4,    0, 2,    0x52, 0x54, 0,  0x12, 0x34, 0x56,
                             10, 0, 0, 5, 0x52, 0x54, 0, 0x12, 0x34, 0x56, 10, 0,    0,    5};
    EXPECT_EQ(gratuitous_request(what), request);
    EXPECT_EQ(gratuitous_reply(what), reply);
}

}  // namespace
}  // namespace hb::resource
