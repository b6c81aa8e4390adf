#include "common/log/line_rate.hpp"

#include <gtest/gtest.h>

namespace hb::log {
namespace {

TEST(LineRate, SoManyInAWindowAndTheRestIsCounted) {
    LineRate rate(2, 1s);
    const MonoTime start{10s};
    EXPECT_EQ(rate.allow(start), 0u);
    EXPECT_EQ(rate.allow(start + 1ms), 0u);
    EXPECT_FALSE(rate.allow(start + 2ms));
    EXPECT_FALSE(rate.allow(start + 999ms));
    EXPECT_EQ(rate.swallowed(), 2u);
    EXPECT_EQ(rate.allow(start + 1s), 2u) << "told with the next";
    EXPECT_EQ(rate.swallowed(), 0u);
    EXPECT_EQ(rate.allow(start + 1001ms), 0u);
    EXPECT_FALSE(rate.allow(start + 1999ms));
}

}  // namespace
}  // namespace hb::log
