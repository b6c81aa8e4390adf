#include "common/runtime/event_loop.hpp"

#include <event2/event.h>

#include <algorithm>
#include <stdexcept>

#include "common/base/assert.hpp"
#include "common/runtime/events.hpp"
#include "common/runtime/system_clock.hpp"

namespace hb::runtime {

void EventLoop::FreeBase::operator()(event_base* base) const {
    event_base_free(base);
}

EventLoop::EventLoop() {
    event_config* config = event_config_new();
    if (config == nullptr) throw std::runtime_error("event loop: out of memory");
    event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    base_.reset(event_base_new_with_config(config));
    event_config_free(config);
    if (!base_ || event_base_priority_init(base_.get(), kPriorities) != 0)
        throw std::runtime_error("event loop: no event base");
}

EventLoop::~EventLoop() {
    // What is kept has events on this loop: it goes first.
    kept_.clear();
    dying_.clear();
    gap_timer_.reset();
}

void EventLoop::run() {
    alive_ = now();  // what was before is start-up
    // libevent forgets a loopbreak that came before the loop ran, so the flag is ours.
    while (!stopped_) {
        const int rc = event_base_loop(base_.get(), EVLOOP_ONCE);
        HB_ASSERT(rc >= 0);
        dying_.clear();
        if (rc == 1) break;  // no events at all: nothing could ever end this loop
    }
}

void EventLoop::stop() noexcept {
    stopped_ = true;
    event_base_loopbreak(base_.get());
}

void EventLoop::poll() {
    event_base_loop(base_.get(), EVLOOP_ONCE | EVLOOP_NONBLOCK);
    dying_.clear();
}

void EventLoop::wait() {
    event_base_loop(base_.get(), EVLOOP_ONCE);
    dying_.clear();
}

void EventLoop::watch_gaps(Duration threshold, GapCallback callback) {
    HB_ASSERT(!gap_timer_);
    HB_ASSERT(threshold > Duration::zero());
    gap_threshold_ = threshold;
    on_gap_ = std::move(callback);
    alive_ = now();
    // Its callback has nothing to do: to be called at all is the sign of life.
    gap_timer_ = std::make_unique<Timer>(
        *this, [this]() noexcept { gap_timer_->arm(now() + gap_threshold_ / 8); });
    gap_timer_->arm(alive_ + gap_threshold_ / 8);
}

void EventLoop::set_gap_threshold(Duration threshold) {
    HB_ASSERT(gap_timer_);
    HB_ASSERT(threshold > Duration::zero());
    gap_threshold_ = threshold;
    gap_timer_->arm(now() + gap_threshold_ / 8);
}

void EventLoop::entering_callback() noexcept {
    if (gap_threshold_ == Duration::zero()) return;
    const MonoTime at = now();
    const Duration gap = at - alive_;
    alive_ = at;
    if (gap > gap_threshold_) on_gap_(gap);
}

void EventLoop::keep(std::shared_ptr<void> object) {
    if (kept_.size() == kKept) {
        dying_.push_back(std::move(kept_.front()));
        kept_.erase(kept_.begin());
    }
    kept_.push_back(std::move(object));
}

void EventLoop::release(const void* object) {
    const auto at = std::ranges::find_if(kept_, [&](const auto& p) { return p.get() == object; });
    if (at == kept_.end()) return;
    dying_.push_back(std::move(*at));
    kept_.erase(at);
}

}  // namespace hb::runtime
