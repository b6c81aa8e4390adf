#include "common/log/rate_limiter.hpp"

#include <gtest/gtest.h>

#include <string>

namespace hb::log {
namespace {

constexpr MonoTime at(Duration d) {
    return MonoTime(d);
}

TEST(RateLimiter, FirstAtOnceThenOncePerWindowWithTheCount) {
    RateLimiter limiter(10s);
    EXPECT_EQ(limiter.allow("a", at(1s)), 0u);
    EXPECT_EQ(limiter.allow("a", at(2s)), std::nullopt);
    EXPECT_EQ(limiter.allow("a", at(10s)), std::nullopt);
    EXPECT_EQ(limiter.allow("a", at(11s)), 2u);
    EXPECT_EQ(limiter.allow("a", at(12s)), std::nullopt);
    EXPECT_EQ(limiter.allow("a", at(30s)), 1u);
    EXPECT_EQ(limiter.allow("a", at(50s)), 0u);
}

TEST(RateLimiter, KeysAreApart) {
    RateLimiter limiter(10s);
    EXPECT_EQ(limiter.allow("a", at(1s)), 0u);
    EXPECT_EQ(limiter.allow("b", at(1s)), 0u);
    EXPECT_EQ(limiter.allow("a", at(1s)), std::nullopt);
}

TEST(RateLimiter, TooManyKeysShareOne) {
    RateLimiter limiter(10s, 2);
    EXPECT_EQ(limiter.allow("a", at(1s)), 0u);
    EXPECT_EQ(limiter.allow("b", at(1s)), 0u);
    EXPECT_EQ(limiter.allow("c", at(1s)), 0u);
    EXPECT_EQ(limiter.allow("d", at(1s)), std::nullopt);
    EXPECT_EQ(limiter.allow("e", at(2s)), std::nullopt);
    // Those that rested make room.
    EXPECT_EQ(limiter.allow("f", at(20s)), 0u);
    EXPECT_EQ(limiter.allow("g", at(20s)), 2u);  // what the shared one swallowed
}

TEST(RateLimiter, Suffix) {
    EXPECT_EQ(more_suffix(0), "");
    EXPECT_EQ(more_suffix(7), " (7 more in the last 10 s)");
    EXPECT_EQ(more_suffix(1, 60s), " (1 more in the last 60 s)");
}

}  // namespace
}  // namespace hb::log
