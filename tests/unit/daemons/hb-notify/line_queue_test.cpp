#include "daemons/hb-notify/line_queue.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "daemons/hb-notify/restart_pause.hpp"

namespace hb::notify {
namespace {

LineQueue queue_of(std::size_t most) {
    return {most, [](std::uint64_t lost) { return fmt::format("lost {}", lost); }};
}

// Everything that waits, as a pipe that takes all would get it.
std::string all(LineQueue& queue) {
    std::string text;
    while (!queue.next().empty()) {
        text += queue.next();
        queue.written(queue.next().size());
    }
    return text;
}

TEST(LineQueue, InOrderAndInParts) {
    LineQueue queue = queue_of(10);
    EXPECT_TRUE(queue.push("one"));
    EXPECT_TRUE(queue.push("two"));
    EXPECT_EQ(queue.next(), "one\n");
    queue.written(2);
    EXPECT_EQ(queue.next(), "e\n");
    EXPECT_EQ(all(queue), "e\ntwo\n");
    EXPECT_EQ(queue.size(), 2u) << "written is not read";
    queue.unread(0);
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(queue.delivered(), 2u);
}

TEST(LineQueue, WhatAProgramDidNotReadIsForTheNext) {
    LineQueue queue = queue_of(10);
    for (const char* line : {"one", "two", "three"})
        queue.push(line);
    EXPECT_EQ(all(queue), "one\ntwo\nthree\n");
    queue.unread(6);  // of "three"
    EXPECT_EQ(queue.size(), 1u);
    queue.start_again();
    EXPECT_EQ(queue.next(), "three\n");
    // It died in the middle of a line: from its beginning again.
    queue.written(6);
    queue.unread(2);
    queue.start_again();
    EXPECT_EQ(queue.next(), "three\n");
    EXPECT_EQ(queue.delivered(), 2u);
}

TEST(LineQueue, TheOldestGoesAndThatIsSaid) {
    LineQueue queue = queue_of(3);
    for (int i = 1; i <= 3; i++)
        EXPECT_TRUE(queue.push(std::to_string(i)));
    EXPECT_FALSE(queue.push("4"));
    EXPECT_FALSE(queue.push("5"));
    EXPECT_FALSE(queue.push("6"));
    EXPECT_LE(queue.size(), 4u);
    EXPECT_EQ(all(queue), "lost 3\n4\n5\n6\n");
}

TEST(LineQueue, WhatWasBegunIsNotDropped) {
    LineQueue queue = queue_of(2);
    queue.push("begun");
    queue.written(3);
    queue.push("2");
    queue.push("3");
    queue.push("4");
    EXPECT_EQ(all(queue), "un\nlost 1\n3\n4\n");
    // The loss has been told; a new one is a new line.
    queue.push("5");
    queue.push("6");
    queue.push("7");
    queue.push("8");
    EXPECT_EQ(all(queue), "lost 2\n7\n8\n");
    queue.unread(0);
    EXPECT_TRUE(queue.empty());
    queue.push("9");
    EXPECT_EQ(all(queue), "9\n");
}

TEST(RestartPause, GrowsWithFailuresAndForgets) {
    RestartPause pause;
    MonoTime now{100s};
    for (const Duration expected : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
        pause.started(now);
        pause.ended(false, now);
        EXPECT_EQ(pause.not_before(), now + expected);
        now = pause.not_before();
    }
    pause.started(now);
    pause.ended(true, now);
    EXPECT_EQ(pause.not_before(), now) << "it did its work";
    pause.ended(false, now);
    EXPECT_EQ(pause.pause(), 1s);
    pause.started(now);
    pause.ended(false, now + 2min);
    EXPECT_EQ(pause.pause(), 1s) << "it lived long";
}

}  // namespace
}  // namespace hb::notify
