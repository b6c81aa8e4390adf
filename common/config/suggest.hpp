// "Did you mean ...?"
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace hb::config {

// The candidate nearest to `word` by letters changed, added, dropped or swapped (letter case costs
// nothing); empty if none is near enough to be meant. Of equals the first.
[[nodiscard]] std::string_view closest(std::string_view word,
                                       std::span<const std::string_view> candidates);

// "; did you mean 'keepalive'?", or nothing.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       std::span<const std::string_view> candidates);

}  // namespace hb::config
