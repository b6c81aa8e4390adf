#include "daemons/hb-resource/call_pacer.hpp"

#include <algorithm>

namespace hb::resource {

void CallPacer::ask(std::uint64_t id, CallUrgency urgency) {
    waiting_.emplace(std::pair(urgency, asked_++), id);
}

void CallPacer::let_grow_old(MonoTime now) {
    std::erase_if(young_, [&](const auto& call) { return now - call.second >= limits_.young; });
}

std::optional<std::uint64_t> CallPacer::next(MonoTime now) {
    let_grow_old(now);
    if (waiting_.empty() || young_.size() >= limits_.most) return std::nullopt;
    const std::uint64_t id = waiting_.begin()->second;
    waiting_.erase(waiting_.begin());
    young_[id] = now;
    return id;
}

void CallPacer::ended(std::uint64_t id) {
    young_.erase(id);
    std::erase_if(waiting_, [&](const auto& call) { return call.second == id; });
}

MonoTime CallPacer::next_deadline() const {
    if (waiting_.empty()) return kForever;
    MonoTime oldest = kForever;
    for (const auto& [id, begun] : young_)
        oldest = std::min(oldest, begun + limits_.young);
    return oldest;
}

}  // namespace hb::resource
