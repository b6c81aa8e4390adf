// Signals as parameters name them: "TERM", "SIGTERM" or "15", several with blanks between them.
#pragma once

#include <string_view>
#include <vector>

namespace hb::config {

// Empty: one of them is none.
[[nodiscard]] std::vector<int> signals_of(std::string_view text);

}  // namespace hb::config
