// Neighbour discovery packets <-> bytes (RFC 4861), from the IPv6 header on, without the Ethernet
// header. Pure.
//
// Only what tells who is where is kept: solicitations and advertisements. What is taken fulfils the
// rules of RFC 4861, 7.1.1 and 7.1.2 (hop limit 255, checksum, lengths, no extension headers);
// everything else is nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/base/ip_address.hpp"

namespace hb::wire {

inline constexpr std::size_t kIpv6HeaderBytes = 40;
// Longer ones are not decoded; senders need 72 bytes, options that we do not know some more.
inline constexpr std::size_t kMostNdpBytes = 1500;

struct NdpPacket {
    enum class Kind : std::uint8_t { kSolicitation, kAdvertisement };
    Kind kind = Kind::kSolicitation;
    IpAddress source;
    IpAddress destination;
    IpAddress target;
    bool overrides = false;  // the override flag of an advertisement
    // The link-layer address of the source (solicitation) or of the target (advertisement).
    std::optional<MacAddress> link_address;
    bool operator==(const NdpPacket&) const = default;
};

[[nodiscard]] std::vector<std::uint8_t> encode_ndp(const NdpPacket& packet);
// Padding behind the packet is ignored.
[[nodiscard]] std::optional<NdpPacket> decode_ndp(std::span<const std::uint8_t> bytes);

[[nodiscard]] IpAddress unspecified_v6();                          // ::
[[nodiscard]] IpAddress all_nodes_v6();                            // ff02::1
[[nodiscard]] IpAddress solicited_node(const IpAddress& address);  // ff02::1:ffXX:XXXX
// The Ethernet address of an IPv6 multicast group (RFC 2464).
[[nodiscard]] MacAddress multicast_mac(const IpAddress& group);

// Is `target` in use? From nobody: this changes no table (RFC 4862, 5.4.2).
[[nodiscard]] NdpPacket ndp_probe(const IpAddress& target);
// Where is `target`? Tell us at `own`.
[[nodiscard]] NdpPacket ndp_question(const MacAddress& ours, const IpAddress& own,
                                     const IpAddress& target);
// `address` is at our MAC: to everybody, whatever they believed until now.
[[nodiscard]] NdpPacket ndp_announcement(const MacAddress& ours, const IpAddress& address);

}  // namespace hb::wire
