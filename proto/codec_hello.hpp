// Hello <-> bytes: the first message of every channel.
#pragma once

#include <string>
#include <string_view>

#include "common/base/ipc/hello.hpp"
#include "common/base/result.hpp"

namespace hb::proto {

[[nodiscard]] std::string encode(const ipc::Hello& hello);
// Refuses another protocol version: processes of one host are of one build.
[[nodiscard]] Result<ipc::Hello> decode_hello(std::string_view bytes);

}  // namespace hb::proto
