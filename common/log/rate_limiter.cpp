#include "common/log/rate_limiter.hpp"

#include <fmt/format.h>

#include <utility>

namespace hb::log {

RateLimiter::RateLimiter(Duration window, std::size_t most_keys)
    : window_(window), most_keys_(most_keys) {}

std::optional<std::uint64_t> RateLimiter::allow(std::string_view key, MonoTime now) {
    auto at = entries_.find(key);
    if (at == entries_.end()) {
        if (entries_.size() >= most_keys_) {
            // Keys may come from outside: those that rest are forgotten, then all others share one.
            std::erase_if(entries_, [&](const auto& e) {
                return e.second.swallowed == 0 && now - e.second.said >= window_;
            });
            if (entries_.size() >= most_keys_) key = "";
        }
        const auto [place, is_new] = entries_.try_emplace(std::string(key), Entry{.said = now});
        if (is_new) return 0;
        at = place;
    }
    Entry& entry = at->second;
    if (now - entry.said < window_) {
        ++entry.swallowed;
        return std::nullopt;
    }
    entry.said = now;
    return std::exchange(entry.swallowed, 0);
}

std::string more_suffix(std::uint64_t swallowed, Duration window) {
    if (swallowed == 0) return "";
    return fmt::format(" ({} more in the last {} s)", swallowed,
                       std::chrono::round<std::chrono::seconds>(window).count());
}

}  // namespace hb::log
