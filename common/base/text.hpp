// Text that may be shown, logged and sent: valid UTF-8 without control characters (C0, C1: both
// steer terminals).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hb {

[[nodiscard]] bool is_plain_text(std::string_view text);

// What is not UTF-8 becomes '?', control characters become blanks; at most `limit` bytes, never
// ending within a character.
[[nodiscard]] std::string plain_text(std::string_view text, std::size_t limit);

}  // namespace hb
