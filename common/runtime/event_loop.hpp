// EventLoop: the one loop of a process. FdEvent, Timer, SignalEvent and Defer belong to one.
//
// Events are members of the object that handles them; their destructors cancel. Callbacks are
// noexcept in their type: nothing is thrown through libevent. A callback may destroy its own event
// (and its owner) if it touches nothing afterwards. Nothing here may be called from another thread,
// and the loop must outlive its events.
//
// The loop also looks at itself (docs/protocol.md, L5): watch_gaps() tells, before any other
// callback runs, that the process stood still.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "common/base/time.hpp"

struct event_base;

namespace hb::runtime {

class Timer;

class EventLoop {
  public:
    using GapCallback = std::move_only_function<void(Duration gap) noexcept>;

    EventLoop();  // throws std::runtime_error
    ~EventLoop();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    // Runs until stop(). A stop() before run() makes run() return at once.
    void run();
    void stop() noexcept;
    // Handles what is ready now, without waiting. For tests and for the last words of a process.
    void poll();
    // Waits for something to be ready, and handles it. For programs with one thing to do.
    void wait();

    // `callback` hears of every time in which this process handled nothing for longer than
    // `threshold`, though it had to: first of all callbacks, before anything else is read. The loop
    // wakes up every threshold / 8 to be able to tell. Once per loop.
    void watch_gaps(Duration threshold, GapCallback callback);

    // Another threshold for what is watched already.
    void set_gap_threshold(Duration threshold);

    // One buffer for whoever reads inside a callback, so that not each reader owns a large one.
    // Valid until the callback returns to the loop.
    [[nodiscard]] std::vector<char>& scratch() { return scratch_; }

    // Keeps `object` alive until it is released or the loop dies: for what outlives its owner.
    // At most `kKept`; the oldest goes first.
    static constexpr std::size_t kKept = 64;
    void keep(std::shared_ptr<void> object);
    void release(const void* object);  // deferred: safe inside a callback of the object

    // For the event classes of this directory. All events but idle ones have the middle priority,
    // which is libevent's own choice.
    static constexpr int kPriorities = 3;
    static constexpr int kIdlePriority = 2;
    [[nodiscard]] event_base* base() { return base_.get(); }
    void entering_callback() noexcept;

  private:
    struct FreeBase {
        void operator()(event_base* base) const;
    };
    std::unique_ptr<event_base, FreeBase> base_;
    bool stopped_ = false;
    std::vector<char> scratch_;
    std::vector<std::shared_ptr<void>> kept_;
    std::vector<std::shared_ptr<void>> dying_;
    Duration gap_threshold_{};
    GapCallback on_gap_;
    MonoTime alive_{};  // when this process is known to have run last
    std::unique_ptr<Timer> gap_timer_;
};

}  // namespace hb::runtime
