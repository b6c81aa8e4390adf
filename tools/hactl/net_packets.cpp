#include "tools/hactl/net_packets.hpp"

#include <algorithm>

#include "common/wire/byte_order.hpp"

namespace hb::hactl {

namespace {

constexpr std::uint8_t kUdp = 17;
constexpr std::size_t kUdpHeader = 8, kIpv4Header = 20, kIpv6Header = 40;

std::optional<SeenDatagram> in_udp(std::uint16_t port, const IpAddress& from,
                                   std::span<const std::uint8_t> udp) {
    if (udp.size() < kUdpHeader || wire::load_be16(&udp[2]) != port) return std::nullopt;
    const std::size_t length = wire::load_be16(&udp[4]);
    if (length < kUdpHeader || length > udp.size()) return std::nullopt;
    return SeenDatagram{from, udp.subspan(kUdpHeader, length - kUdpHeader)};
}

std::optional<SeenDatagram> in_ipv4(std::uint16_t port, std::span<const std::uint8_t> packet) {
    if (packet.size() < kIpv4Header) return std::nullopt;
    const std::size_t header = std::size_t{packet[0] & 0x0fU} * 4;
    const std::size_t total = wire::load_be16(&packet[2]);
    const bool is_fragment = (wire::load_be16(&packet[6]) & 0x3fffU) != 0;
    if (header < kIpv4Header || total < header || total > packet.size() || is_fragment ||
        packet[9] != kUdp)
        return std::nullopt;
    return in_udp(port, IpAddress::v4(wire::load_be32(&packet[12])),
                  packet.subspan(header, total - header));
}

std::optional<SeenDatagram> in_ipv6(std::uint16_t port, std::span<const std::uint8_t> packet) {
    if (packet.size() < kIpv6Header || packet[6] != kUdp) return std::nullopt;
    const std::size_t length = wire::load_be16(&packet[4]);
    if (kIpv6Header + length > packet.size()) return std::nullopt;
    IpAddress from;
    from.family = IpAddress::Family::kV6;
    std::copy_n(packet.begin() + 8, from.bytes.size(), from.bytes.begin());
    return in_udp(port, from, packet.subspan(kIpv6Header, length));
}

}  // namespace

std::optional<SeenDatagram> udp_to(std::uint16_t port, std::span<const std::uint8_t> packet) {
    if (packet.empty()) return std::nullopt;
    switch (packet[0] >> 4) {
        case 4:
            return in_ipv4(port, packet);
        case 6:
            return in_ipv6(port, packet);
        default:
            return std::nullopt;
    }
}

}  // namespace hb::hactl
