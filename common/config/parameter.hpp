// What `cl_status hbparameter` says of a directive: its text as written, else its default, in
// Heartbeat's form. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/config/settings.hpp"

namespace hb::config {

// None: no such directive, or it is not given and has no default.
[[nodiscard]] std::optional<std::string> parameter(const Settings& settings, std::string_view name);

}  // namespace hb::config
