#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/runtime/event_loop.hpp"
#include "common/runtime/events.hpp"
#include "common/runtime/system_clock.hpp"

namespace hb::runtime {
namespace {

TEST(EventLoop, StopBeforeRunIsNotLost) {
    EventLoop loop;
    Timer never(loop, []() noexcept {});
    loop.stop();
    loop.run();  // returns
}

TEST(Timer, FiresAtOrAfterItsTimeAndOnce) {
    EventLoop loop;
    int fired = 0;
    MonoTime fired_at{};
    std::optional<Timer> end;
    Timer timer(loop, [&]() noexcept {
        ++fired;
        fired_at = now();
        end->arm(fired_at + 2ms);
    });
    end.emplace(loop, [&]() noexcept { loop.stop(); });
    const MonoTime due = now() + 3ms;
    timer.arm(due);
    EXPECT_EQ(timer.armed(), due);
    loop.run();
    EXPECT_EQ(fired, 1);
    EXPECT_GE(fired_at, due);
    EXPECT_EQ(timer.armed(), kForever);
}

TEST(Timer, InThePastFiresAtOnceAndDisarmedNever) {
    EventLoop loop;
    std::string order;
    Timer dead(loop, [&]() noexcept { order += 'd'; });
    Timer past(loop, [&]() noexcept { order += 'p'; });
    Timer end(loop, [&]() noexcept { loop.stop(); });
    dead.arm(now());
    dead.disarm();
    past.arm(MonoTime{});
    end.arm(now() + 2ms);
    loop.run();
    EXPECT_EQ(order, "p");
}

TEST(Timer, MayDestroyItselfInItsCallback) {
    EventLoop loop;
    std::unique_ptr<Timer> timer;
    timer = std::make_unique<Timer>(loop, [&]() noexcept {
        loop.stop();
        timer.reset();
    });
    timer->arm(now());
    loop.run();
    EXPECT_EQ(timer, nullptr);
}

TEST(Defer, RunsOnceFromTheLoopAndCanBeCancelled) {
    EventLoop loop;
    int runs = 0;
    Defer defer(loop, [&]() noexcept { ++runs; });
    Defer cancelled(loop, [&]() noexcept { runs += 100; });
    defer.schedule();
    defer.schedule();
    cancelled.schedule();
    cancelled.cancel();
    EXPECT_EQ(runs, 0);
    loop.poll();
    loop.poll();
    EXPECT_EQ(runs, 1);
}

TEST(SignalEvent, ArrivesInTheLoop) {
    EventLoop loop;
    int seen = 0;
    SignalEvent event(loop, SIGUSR1, [&]() noexcept {
        ++seen;
        loop.stop();
    });
    ::raise(SIGUSR1);
    loop.run();
    EXPECT_EQ(seen, 1);
}

TEST(FdEvent, ReadinessAndInterest) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    const UniqueFd reader(ends[0]);
    const UniqueFd writer(ends[1]);
    EventLoop loop;
    int reads = 0;
    FdEvent event(loop, [&](Readiness r) noexcept { reads += r.readable ? 1 : 0; });
    event.watch(reader.get(), Interest::kRead);
    loop.poll();
    EXPECT_EQ(reads, 0);
    ASSERT_EQ(::write(writer.get(), "x", 1), 1);
    loop.poll();
    loop.poll();  // level-triggered
    EXPECT_EQ(reads, 2);
    event.watch(reader.get(), Interest::kNone);
    loop.poll();
    EXPECT_EQ(reads, 2);
}

// The only place where a process really stands still: nothing else makes a gap.
TEST(EventLoop, AGapIsToldBeforeAnythingElse) {
    EventLoop loop;
    std::vector<std::string> order;
    loop.watch_gaps(20ms, [&](Duration gap) noexcept {
        EXPECT_GT(gap, 20ms);
        order.push_back("gap");
    });
    Timer stall(loop, [&]() noexcept {
        const MonoTime until = now() + 30ms;
        while (now() < until) {
        }
    });
    Timer next(loop, [&]() noexcept {
        order.push_back("timer");
        loop.stop();
    });
    stall.arm(now());
    next.arm(now() + 1ms);
    loop.run();
    ASSERT_FALSE(order.empty());
    EXPECT_EQ(order.front(), "gap");
    EXPECT_EQ(order.back(), "timer");
}

}  // namespace
}  // namespace hb::runtime
