#include "common/runtime/events.hpp"

#include <event2/event.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

#include "common/base/assert.hpp"

namespace hb::runtime {

void FreeEvent::operator()(event* e) const {
    event_free(e);  // also takes it off the loop
}

// ---- FdEvent

FdEvent::FdEvent(EventLoop& loop, Callback callback)
    : loop_(loop), callback_(std::move(callback)) {}

void FdEvent::watch(int fd, Interest interest) {
    HB_ASSERT(fd >= 0);
    if (fd == fd_ && interest == interest_) return;
    cancel();
    fd_ = fd;
    interest_ = interest;
    if (interest == Interest::kNone) return;
    short what = EV_PERSIST;
    if (interest != Interest::kWrite) what |= EV_READ;
    if (interest != Interest::kRead) what |= EV_WRITE;
    event_.reset(event_new(loop_.base(), fd, what, &FdEvent::trampoline, this));
    HB_ASSERT(event_);
    const int rc = event_add(event_.get(), nullptr);
    HB_ASSERT(rc == 0);
}

void FdEvent::cancel() noexcept {
    event_.reset();
    fd_ = -1;
    interest_ = Interest::kNone;
}

void FdEvent::trampoline(int, short what, void* self) noexcept {
    auto& event = *static_cast<FdEvent*>(self);
    event.loop_.entering_callback();
    event.callback_(
        Readiness{.readable = (what & EV_READ) != 0, .writable = (what & EV_WRITE) != 0});
}

// ---- Timer

Timer::Timer(EventLoop& loop, Callback callback)
    : callback_(std::move(callback)),
      fd_(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK)),
      event_(loop, [this](Readiness) noexcept { fired(); }) {
    if (!fd_) throw std::runtime_error(std::string("timerfd: ") + std::strerror(errno));
    event_.watch(fd_.get(), Interest::kRead);
}

void Timer::arm(MonoTime at) noexcept {
    if (at == at_) return;
    at_ = at;
    itimerspec spec{};
    if (at != kForever) {
        // Zero would disarm; the beginning of time is as good as a nanosecond later.
        const auto since_boot = std::max(at.time_since_epoch(), Duration(1));
        const auto seconds = std::chrono::floor<std::chrono::seconds>(since_boot);
        spec.it_value.tv_sec = seconds.count();
        spec.it_value.tv_nsec = (since_boot - seconds).count();
    }
    const int rc = ::timerfd_settime(fd_.get(), TFD_TIMER_ABSTIME, &spec, nullptr);
    HB_ASSERT(rc == 0);
}

void Timer::fired() noexcept {
    std::uint64_t expirations = 0;
    // Nothing to read: it was armed anew after the loop saw the old expiry.
    if (::read(fd_.get(), &expirations, sizeof expirations) != sizeof expirations) return;
    at_ = kForever;
    callback_();
}

// ---- SignalEvent

SignalEvent::SignalEvent(EventLoop& loop, int signal, Callback callback)
    : loop_(loop),
      callback_(std::move(callback)),
      event_(evsignal_new(loop.base(), signal, &SignalEvent::trampoline, this)) {
    if (!event_ || evsignal_add(event_.get(), nullptr) != 0)
        throw std::runtime_error("signal " + std::to_string(signal) + ": cannot be watched");
}

void SignalEvent::trampoline(int, short, void* self) noexcept {
    auto& event = *static_cast<SignalEvent*>(self);
    event.loop_.entering_callback();
    event.callback_();
}

// ---- Defer

Defer::Defer(EventLoop& loop, Callback callback, When when)
    : loop_(loop),
      callback_(std::move(callback)),
      event_(event_new(loop.base(), -1, 0, &Defer::trampoline, this)) {
    HB_ASSERT(event_);
    if (when == When::kIdle) {
        const int rc = event_priority_set(event_.get(), EventLoop::kIdlePriority);
        HB_ASSERT(rc == 0);
    }
}

void Defer::schedule() noexcept {
    event_active(event_.get(), EV_TIMEOUT, 0);
}

void Defer::cancel() noexcept {
    event_del(event_.get());
}

void Defer::trampoline(int, short, void* self) noexcept {
    auto& event = *static_cast<Defer*>(self);
    event.loop_.entering_callback();
    event.callback_();
}

}  // namespace hb::runtime
