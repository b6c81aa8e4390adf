// The suite's own programs, by name.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace hb::ipc {

enum class Program : std::uint8_t { kMaster = 1, kComm, kMembership, kResource, kIpfail, kFence };
[[nodiscard]] const char* to_string(Program p);  // "hb-comm"
[[nodiscard]] std::optional<Program> program_of(std::string_view name);

}  // namespace hb::ipc
