// What heartbeats cost on a serial line, and how long: one place for who checks the configuration
// and who sends.
//
// A byte takes ten bits (8N1). Every frame on a line has room for kLineRoom bytes of topics, a line
// that is fast enough for more: as much as leaves in an eighth of deadtime, so that an answer is
// back well within a lease.
#pragma once

#include <algorithm>
#include <cstddef>

#include "common/base/time.hpp"

namespace hb {

inline constexpr std::size_t kLineRoom = 128;
// With all of a small cluster's state; more would be late for a change that comes meanwhile.
inline constexpr std::size_t kMostLineRoom = 1000;

[[nodiscard]] constexpr Duration line_time(std::size_t bytes, unsigned baud) {
    return std::chrono::nanoseconds(1'000'000'000) * (bytes * 10) / baud;
}

// A heartbeat without topics, on the line: at most so many bytes, with the longest tag.
[[nodiscard]] constexpr std::size_t line_heartbeat_bytes(std::size_t nodes, std::size_t links) {
    constexpr std::size_t kFraming = 12, kHeader = 48, kTag = 40, kHead = 48, kHeard = 64;
    const std::size_t peers = nodes > 0 ? nodes - 1 : 0;
    return kFraming + kHeader + kTag + kHead + peers * (kHeard + 4 + 7 * links);
}

// The longest time in which a frame of the least size leaves.
[[nodiscard]] constexpr Duration line_frame_time(std::size_t nodes, std::size_t links,
                                                 unsigned baud) {
    return line_time(line_heartbeat_bytes(nodes, links) + kLineRoom, baud);
}

// Bytes of topics in one frame.
[[nodiscard]] constexpr std::size_t line_room(Duration keepalive, Duration deadtime,
                                              std::size_t heartbeat_bytes, unsigned baud) {
    const Duration slot = std::min<Duration>(keepalive - keepalive / 8, deadtime / 8);
    const auto bytes = static_cast<std::size_t>(slot / line_time(1, baud));
    return bytes < heartbeat_bytes + kLineRoom ? kLineRoom
                                               : std::min(bytes - heartbeat_bytes, kMostLineRoom);
}

// An answer over the line alone: a keepalive until something is acknowledged, each direction a
// frame under way and one behind it.
[[nodiscard]] constexpr Duration line_answer_time(Duration keepalive, Duration frame) {
    return keepalive + 4 * frame;
}

}  // namespace hb
