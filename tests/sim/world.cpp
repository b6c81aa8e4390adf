#include "tests/sim/world.hpp"

#include <algorithm>

namespace hb::sim {

void World::at(WorldTime when, Action action) {
    std::uint32_t slot = 0;
    if (free_slots_.empty()) {
        slot = static_cast<std::uint32_t>(actions_.size());
        actions_.push_back(std::move(action));
    } else {
        slot = free_slots_.back();
        free_slots_.pop_back();
        actions_[slot] = std::move(action);
    }
    heap_.push_back({std::max(when, now_), order_++, slot});
    std::push_heap(heap_.begin(), heap_.end(), later);
}

bool World::step(WorldTime limit) {
    if (heap_.empty() || heap_.front().when > limit) return false;
    std::pop_heap(heap_.begin(), heap_.end(), later);
    const Event event = heap_.back();
    heap_.pop_back();
    now_ = event.when;
    steps_++;
    Action action = std::move(actions_[event.slot]);
    actions_[event.slot] = nullptr;
    free_slots_.push_back(event.slot);
    action();
    return true;
}

void World::run_until(WorldTime when) {
    while (!stopped_ && step(when)) {
    }
    if (!stopped_) now_ = std::max(now_, when);
}

void World::say_line(std::string_view who, std::string_view text) {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(now_).count();
    tracer_(fmt::format("{:4d}.{:06d}  {:<14} {}", us / 1000000, us % 1000000, who, text));
}

}  // namespace hb::sim
