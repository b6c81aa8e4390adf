// The contract of Heartbeat's resource scripts, as plain functions.
#pragma once

#include <string_view>

namespace hb::resource {

// What `script ... status` says on its standard output: "OK" or "[Rr]unning" and not "[Nn]ot
// [Rr]unning". The exit code does not count: that is how Heartbeat read it.
[[nodiscard]] bool says_running(std::string_view output);

// Does it say outright that nothing runs, in words or by LSB's exit code 3? Silence, a usage
// message or an error do not.
[[nodiscard]] bool says_stopped(std::string_view output, int exit_code);

}  // namespace hb::resource
