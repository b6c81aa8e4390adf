// A small file of a daemon's memory, in the run directory: read and replaced as a whole.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace hb::runtime {

// None: there is no such file. More than a few megabytes is an error.
[[nodiscard]] Result<std::optional<std::string>> read_state_file(const std::string& path);

// Whoever reads it, reads the text before or this one. An empty one removes the file.
[[nodiscard]] Result<void> replace_state_file(const std::string& path, std::string_view text);

}  // namespace hb::runtime
