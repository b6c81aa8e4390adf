#include "daemons/hb-master/call_record.hpp"

#include <gtest/gtest.h>

namespace hb::master {
namespace {

TEST(CallRecord, TextRoundTrip) {
    const RecordedCall plain{.group = 400, .started = 12, .cgroup = ""};
    const RecordedCall boxed{.group = 500, .started = 13, .cgroup = "/sys/fs/cgroup/a b/call-7"};
    const std::string text = "400 12\n500 13 /sys/fs/cgroup/a b/call-7\n";
    EXPECT_EQ(to_text({{400, plain}, {500, boxed}}), text);
    EXPECT_EQ(parse_calls(text), (std::vector<RecordedCall>{plain, boxed}));
}

TEST(CallRecord, WhatACrashLeftHalfWrittenIsSkipped) {
    EXPECT_TRUE(parse_calls("").empty());
    EXPECT_EQ(parse_calls("400 12\n500 1").size(), 1u);
    // None of these may ever be killed.
    EXPECT_TRUE(
        parse_calls("1 5\n0 5\n-1 5\n-400 5\nx 5\n400\n400 \n400 5x\n400 5 \n400 5 x/y\n").empty());
}

TEST(CallRecord, StartTimeWhateverTheNameIs) {
    const std::string fields = " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 987654 20 21\n";
    EXPECT_EQ(start_time_of("4711 (sh)" + fields), 987654u);
    EXPECT_EQ(start_time_of("4711 (a b) c) 1 (2)" + fields), 987654u);
    EXPECT_EQ(start_time_of("4711 (sh) S 1 2"), 0u);
    EXPECT_EQ(start_time_of(""), 0u);
}

}  // namespace
}  // namespace hb::master
