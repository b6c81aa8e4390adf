// The first message of every channel and of the control socket, both ways.
#pragma once

#include <cstdint>
#include <string>

namespace hb::ipc {

// The version of all interfaces between the processes of one host, which are installed together.
// Between nodes the frame header has its own.
inline constexpr std::uint32_t kProtocolVersion = 1;

struct Hello {
    std::string program;  // "hb-comm"
    std::uint32_t protocol = kProtocolVersion;
    std::uint32_t pid = 0;  // for logs; SO_PEERCRED is what counts
    bool operator==(const Hello&) const = default;
};

}  // namespace hb::ipc
