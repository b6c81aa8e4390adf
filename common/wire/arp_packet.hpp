// ARP packets <-> bytes (RFC 826, Ethernet and IPv4), without the Ethernet header. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "common/base/ip_address.hpp"

namespace hb::wire {

inline constexpr std::size_t kArpBytes = 28;
inline constexpr MacAddress kBroadcastMac{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

struct ArpPacket {
    bool request = true;  // else a reply
    MacAddress sender_mac;
    IpAddress sender;
    MacAddress target_mac;
    IpAddress target;
    bool operator==(const ArpPacket&) const = default;
};

[[nodiscard]] std::array<std::uint8_t, kArpBytes> encode_arp(const ArpPacket& packet);
// None: not Ethernet and IPv4, neither request nor reply, or too short. Padding behind is ignored.
[[nodiscard]] std::optional<ArpPacket> decode_arp(std::span<const std::uint8_t> bytes);

// Who has `target`? From nobody: this changes no table (RFC 5227).
[[nodiscard]] ArpPacket arp_probe(const MacAddress& ours, const IpAddress& target);
// Who has `target`? Tell us at `own`.
[[nodiscard]] ArpPacket arp_question(const MacAddress& ours, const IpAddress& own,
                                     const IpAddress& target);
// `address` is at our MAC.
[[nodiscard]] ArpPacket arp_answer(const MacAddress& ours, const IpAddress& address,
                                   const MacAddress& to, const IpAddress& to_ip);

}  // namespace hb::wire
