// RateLimiter: repeated faults, said at a bounded rate. Pure: time is given.
//
//   if (auto more = limiter.allow("bad-tag/eth0", now)) log(text + suffix(*more, window));
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/time.hpp"

namespace hb::log {

class RateLimiter {
  public:
    // The first of a key is said at once, the next not before `window` has passed. At most
    // `most_keys` keys are kept apart; further ones share one place.
    explicit RateLimiter(Duration window = 10s, std::size_t most_keys = 256);

    // Say it now? If so: how many of this key were swallowed since the last one that was said.
    [[nodiscard]] std::optional<std::uint64_t> allow(std::string_view key, MonoTime now);

  private:
    struct Entry {
        MonoTime said{};
        std::uint64_t swallowed = 0;
    };
    Duration window_;
    std::size_t most_keys_;
    std::map<std::string, Entry, std::less<>> entries_;
};

// "" for 0, else " (N more in the last 10 s)".
[[nodiscard]] std::string more_suffix(std::uint64_t swallowed, Duration window = 10s);

}  // namespace hb::log
