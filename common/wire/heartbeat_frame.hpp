// Frames of Heartbeat, the program that ha-suite takes the place of: on our port, with our keys,
// while one node is changed over after the other. They are read for one thing only: who still runs
// it.
//
// Form (3.0.x, whatever its `msgfmt` says): "###\n", fields "LENGTH:(TYPE)NAME=VALUE,", "%%%\n",
// "LENGTH:KEY TAG,". The tag covers everything up to and including "%%%\n". As with our own frames
// it is checked first; then the fields are read, within their lengths.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "common/base/time.hpp"
#include "common/wire/key_ring.hpp"

namespace hb::wire {

struct HeartbeatFrame {
    enum class Kind : std::uint8_t {
        kStatus,    // it runs
        kShutdown,  // "shutdone": it has released everything, and ends
        kOther,
    };
    Kind kind{};
    std::string node;              // as it says; empty: it does not
    // Of its own count: unix time of its very first start, one more for each further one.
    std::uint64_t generation = 0;
    std::uint64_t sequence = 0;    // from 1 in each life; 0: it has none
    Duration deadtime{};           // by which it wants to be judged; zero: it does not say
    bool operator==(const HeartbeatFrame&) const = default;
};

// By its first bytes, also when it is none of those that are understood.
[[nodiscard]] bool is_heartbeat_frame(std::string_view datagram);

// Else why it is refused, for "N bad frames from ...: ".
[[nodiscard]] std::expected<HeartbeatFrame, std::string> open_heartbeat_frame(
    std::string_view datagram, const KeyRing& keys);

// Heartbeat's `crc`: not the one that we use under that name.
[[nodiscard]] std::uint32_t heartbeat_crc(std::string_view covered);

}  // namespace hb::wire
