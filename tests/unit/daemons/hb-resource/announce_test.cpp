#include <fmt/format.h>
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

std::uint32_t host(const DueAnnounce& due) {
    return due.announce.address.v4_host_order() & 0xffff;
}

// Every announcement from now on but second forms, as (time since now, host).
std::vector<std::pair<Duration, std::uint32_t>> run(AnnounceSchedule& schedule, MonoTime now) {
    std::vector<std::pair<Duration, std::uint32_t>> all;
    for (MonoTime at = schedule.next_deadline(); at != kForever; at = schedule.next_deadline())
        for (const DueAnnounce& each : schedule.take_due(std::max(at, now)))
            if (each.form != AnnounceForm::kSecond) all.emplace_back(at - now, host(each));
    return all;
}

// What is due, as "first 1, second 1".
std::string words(const std::vector<DueAnnounce>& due) {
    std::string all;
    for (const DueAnnounce& each : due)
        all += fmt::format("{}{} {}", all.empty() ? "" : ", ",
                           each.form == AnnounceForm::kFirst    ? "first"
                           : each.form == AnnounceForm::kSecond ? "second"
                                                                : "both",
                           host(each));
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
    EXPECT_EQ(schedule.take_due(MonoTime{10s}).size(), 2U);
    schedule.start(announce(1), MonoTime{11s});
    EXPECT_EQ(run(schedule, MonoTime{11s}).size(), std::size(kAnnounceTimes));
}

TEST(AnnounceSchedule, StoppedItIsSilent) {
    AnnounceSchedule schedule;
    schedule.start(announce(1), MonoTime{10s});
    schedule.start(announce(2), MonoTime{10s});
    schedule.stop(announce(1).address);
    for (const auto& [at, which] : run(schedule, MonoTime{10s}))
        EXPECT_EQ(which, 2U);
    schedule.stop(announce(3).address);
}

TEST(AnnounceSchedule, FirstFormsGoBeforeSecondOnesAndBothBeforeRepetitions) {
    AnnounceSchedule schedule;
    schedule.start(announce(1), MonoTime{10s});
    EXPECT_EQ(words(schedule.take_due(MonoTime{10s})), "first 1, second 1");
    const MonoTime again{10s + 50ms};
    schedule.start(announce(2), again);
    schedule.start(announce(3), again);
    EXPECT_EQ(words(schedule.take_due(again)), "first 2, first 3, second 2, second 3, both 1");
}

TEST(AnnounceSchedule, SecondFormsWaitForOthersThatComeButNotForEver) {
    AnnounceSchedule schedule;
    schedule.more_to_come(true);
    schedule.start(announce(1), MonoTime{10s});
    EXPECT_EQ(words(schedule.take_due(MonoTime{10s})), "first 1");
    EXPECT_EQ(schedule.next_deadline(), MonoTime{10s} + kSecondFormWaits);
    schedule.start(announce(2), MonoTime{10s + 5ms});
    EXPECT_EQ(words(schedule.take_due(MonoTime{10s + 5ms})), "first 2");
    EXPECT_EQ(words(schedule.take_due(MonoTime{10s} + kSecondFormWaits)), "second 1");
    schedule.more_to_come(false);
    EXPECT_EQ(schedule.next_deadline(), MonoTime{10s} + kSecondFormWaits + kAnnounceTurn);
    EXPECT_EQ(words(schedule.take_due(schedule.next_deadline())), "second 2");
}

TEST(AnnounceSchedule, NoTurnHasMorePacketsThanItMay) {
    AnnounceSchedule schedule;
    for (std::uint32_t i = 0; i < 1000; i++)
        schedule.start(announce(i), MonoTime{10s});
    std::size_t all = 0;
    for (MonoTime at = schedule.next_deadline(); at != kForever; at = schedule.next_deadline()) {
        std::size_t packets = 0;
        for (const DueAnnounce& each : schedule.take_due(at))
            packets += each.form == AnnounceForm::kBoth ? 2 : 1;
        EXPECT_LE(packets, kPacketsPerTurn);
        EXPECT_GT(packets, 0U);
        all += packets;
    }
    EXPECT_EQ(all, 2 * 1000 * std::size(kAnnounceTimes));
}

TEST(AnnounceSchedule, Ipv6HasOneForm) {
    AnnounceSchedule schedule;
    schedule.start({*IpAddress::parse("2001:db8::5"), 2, {}}, MonoTime{10s});
    for (const Duration since : kAnnounceTimes) {
        const auto due = schedule.take_due(MonoTime{10s} + since);
        ASSERT_EQ(due.size(), 1U);
        EXPECT_EQ(due[0].form, AnnounceForm::kFirst);
    }
    EXPECT_EQ(schedule.next_deadline(), kForever);
}

TEST(AnnounceSchedule, WhatCouldNotLeaveIsDueWithTheNextTurnBeforeOthers) {
    AnnounceSchedule schedule;
    for (std::uint32_t i = 1; i <= 3; i++)
        schedule.start(announce(i), MonoTime{10s});
    const auto due = schedule.take_due(MonoTime{10s});
    ASSERT_EQ(words(due), "first 1, first 2, first 3, second 1, second 2, second 3");
    schedule.postpone(4);
    EXPECT_EQ(schedule.next_deadline(), MonoTime{10s} + kAnnounceTurn);
    schedule.start(announce(20), MonoTime{10s} + kAnnounceTurn);
    EXPECT_EQ(words(schedule.take_due(MonoTime{10s} + kAnnounceTurn)),
              "first 3, first 20, second 1, second 2, second 3, second 20");
    // Their repetitions are not lost, the last one neither.
    std::map<std::uint32_t, std::size_t> left;
    for (const auto& [at, which] : run(schedule, MonoTime{11s}))
        left[which]++;
    for (const auto& [which, count] : left)
        EXPECT_EQ(count, std::size(kAnnounceTimes) - 1) << which;
    schedule.start(announce(1), MonoTime{20s});
    for (const Duration since : kAnnounceTimes)
        (void)schedule.take_due(MonoTime{20s} + since);
    EXPECT_EQ(schedule.next_deadline(), kForever);
    schedule.postpone(1);
    EXPECT_EQ(words(schedule.take_due(MonoTime{40s})), "both 1");
    EXPECT_EQ(schedule.next_deadline(), kForever);
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
    for (const auto& [at, which] : all)
        per_turn[at]++;
    Duration before = -1s;
    for (const auto& [at, count] : per_turn) {
        EXPECT_LE(count, kPacketsPerTurn);
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
