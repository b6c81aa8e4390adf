// FdEvent, Timer, SignalEvent, Defer: what a loop can call back for. See event_loop.hpp for the
// rules that all of them keep.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "common/base/time.hpp"
#include "common/runtime/event_loop.hpp"
#include "common/runtime/unique_fd.hpp"

struct event;

namespace hb::runtime {

struct FreeEvent {
    void operator()(event* e) const;
};
using EventHandle = std::unique_ptr<event, FreeEvent>;

enum class Interest : std::uint8_t { kNone = 0, kRead = 1, kWrite = 2, kBoth = 3 };

struct Readiness {
    bool readable = false;  // also: hung up, or an error to be read
    bool writable = false;
};

// Level-triggered. Does not own the descriptor: cancel (or destroy) before it is closed.
class FdEvent {
  public:
    using Callback = std::move_only_function<void(Readiness) noexcept>;
    FdEvent(EventLoop& loop, Callback callback);
    FdEvent(const FdEvent&) = delete;
    FdEvent& operator=(const FdEvent&) = delete;

    void watch(int fd, Interest interest);  // again with another interest: changes it
    void cancel() noexcept;

  private:
    static void trampoline(int fd, short what, void* self) noexcept;
    EventLoop& loop_;
    Callback callback_;
    int fd_ = -1;
    Interest interest_ = Interest::kNone;
    EventHandle event_;
};

// Fires once, at or after a point of CLOCK_BOOTTIME (a timerfd: precise to the kernel's wake-up
// latency, and right across suspend). Arming again replaces; a point in the past fires at once.
class Timer {
  public:
    using Callback = std::move_only_function<void() noexcept>;
    Timer(EventLoop& loop, Callback callback);  // throws std::runtime_error without descriptors
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    void arm(MonoTime at) noexcept;  // kForever: as disarm()
    void disarm() noexcept { arm(kForever); }
    [[nodiscard]] MonoTime armed() const { return at_; }  // kForever: not armed

  private:
    void fired() noexcept;
    Callback callback_;
    MonoTime at_ = kForever;
    UniqueFd fd_;
    FdEvent event_;
};

// A signal, delivered as an event. The old disposition comes back with the destructor.
class SignalEvent {
  public:
    using Callback = std::move_only_function<void() noexcept>;
    SignalEvent(EventLoop& loop, int signal, Callback callback);
    SignalEvent(const SignalEvent&) = delete;
    SignalEvent& operator=(const SignalEvent&) = delete;

  private:
    static void trampoline(int signal, short what, void* self) noexcept;
    EventLoop& loop_;
    Callback callback_;
    EventHandle event_;
};

// Runs its callback once after schedule(), from the loop: soon, the cure for re-entrancy; or when
// nothing else is ready, which on a busy loop may be never.
class Defer {
  public:
    using Callback = std::move_only_function<void() noexcept>;
    enum class When : std::uint8_t { kSoon, kIdle };
    Defer(EventLoop& loop, Callback callback, When when = When::kSoon);
    Defer(const Defer&) = delete;
    Defer& operator=(const Defer&) = delete;

    void schedule() noexcept;
    void cancel() noexcept;

  private:
    static void trampoline(int fd, short what, void* self) noexcept;
    EventLoop& loop_;
    Callback callback_;
    EventHandle event_;
};

}  // namespace hb::runtime
