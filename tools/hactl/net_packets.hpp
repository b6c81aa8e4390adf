// What `hactl net` takes from packets as they come from an interface: heartbeats, before any packet
// filter of this host has seen them. Pure; input from outside, so everything is bounded first.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "common/base/ip_address.hpp"

namespace hb::hactl {

struct SeenDatagram {
    IpAddress from;
    std::span<const std::uint8_t> payload;  // within what was given
};

// `packet` begins with the IPv4 or IPv6 header. None: no UDP to `port`, or a fragment, or too
// short.
[[nodiscard]] std::optional<SeenDatagram> udp_to(std::uint16_t port,
                                                 std::span<const std::uint8_t> packet);

}  // namespace hb::hactl
