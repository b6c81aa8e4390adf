#include "daemons/hb-resource/call_pacer.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace hb::resource {
namespace {

constexpr MonoTime kStart{10s};

std::vector<std::uint64_t> all(CallPacer& pacer, MonoTime now) {
    std::vector<std::uint64_t> ids;
    while (const auto id = pacer.next(now))
        ids.push_back(*id);
    return ids;
}

using Ids = std::vector<std::uint64_t>;

TEST(CallPacer, SoManyAtOnceAndTheNextWhenOneEnds) {
    CallPacer pacer({.most = 2, .young = 1s});
    for (std::uint64_t id = 1; id <= 4; id++)
        pacer.ask(id, CallUrgency::kStart);
    EXPECT_EQ(all(pacer, kStart), (Ids{1, 2}));
    EXPECT_EQ(pacer.waiting(), 2u);
    pacer.ended(1);
    EXPECT_EQ(all(pacer, kStart), (Ids{3}));
    pacer.ended(2);
    pacer.ended(3);
    EXPECT_EQ(all(pacer, kStart), (Ids{4}));
    EXPECT_EQ(pacer.next_deadline(), kForever);
}

TEST(CallPacer, StopsFirstThenStartsThenQuestions) {
    CallPacer pacer({.most = 1, .young = 1s});
    pacer.ask(1, CallUrgency::kStatus);
    pacer.ask(2, CallUrgency::kStart);
    pacer.ask(3, CallUrgency::kStop);
    pacer.ask(4, CallUrgency::kStop);
    Ids order;
    while (const auto id = pacer.next(kStart)) {
        order.push_back(*id);
        pacer.ended(*id);
    }
    EXPECT_EQ(order, (Ids{3, 4, 2, 1}));
}

TEST(CallPacer, WhatHangsTakesNobodysTurn) {
    CallPacer pacer({.most = 2, .young = 1s});
    for (std::uint64_t id = 1; id <= 5; id++)
        pacer.ask(id, CallUrgency::kStart);
    EXPECT_EQ(all(pacer, kStart), (Ids{1, 2}));
    EXPECT_EQ(pacer.next_deadline(), kStart + 1s);
    EXPECT_EQ(all(pacer, kStart + 999ms), Ids{});
    EXPECT_EQ(all(pacer, kStart + 1s), (Ids{3, 4}));
    EXPECT_EQ(all(pacer, kStart + 2s), (Ids{5}));
    EXPECT_EQ(pacer.next_deadline(), kForever);
    pacer.ended(1);  // long forgotten
}

TEST(CallPacer, WhoIsNotWantedAnyMoreIsNotStarted) {
    CallPacer pacer({.most = 1, .young = 1s});
    pacer.ask(1, CallUrgency::kStart);
    pacer.ask(2, CallUrgency::kStatus);
    EXPECT_EQ(all(pacer, kStart), (Ids{1}));
    pacer.ended(2);
    pacer.ended(1);
    EXPECT_EQ(all(pacer, kStart), Ids{});
    EXPECT_EQ(pacer.waiting(), 0u);
}

}  // namespace
}  // namespace hb::resource
