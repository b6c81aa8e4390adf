#include "common/wire/ndp_packet.hpp"

#include <algorithm>

#include "common/wire/byte_order.hpp"

namespace hb::wire {
namespace {

constexpr std::uint8_t kIcmpv6 = 58, kHopLimit = 255;
constexpr std::uint8_t kSolicitation = 135, kAdvertisement = 136;
constexpr std::uint8_t kSourceLinkAddress = 1, kTargetLinkAddress = 2;
constexpr std::uint8_t kSolicitedFlag = 0x40, kOverrideFlag = 0x20;
constexpr std::size_t kAtLength = 4, kAtSource = 8, kAtDestination = 24;
// In the ICMPv6 message.
constexpr std::size_t kAtChecksum = 2, kAtFlags = 4, kAtTarget = 8, kAtOptions = 24;
constexpr std::size_t kLinkAddressBytes = 8;  // an option with a MAC

IpAddress ip_at(const std::uint8_t* at) {
    IpAddress address{.family = IpAddress::Family::kV6};
    std::copy_n(at, address.bytes.size(), address.bytes.begin());
    return address;
}

void put(std::uint8_t* at, const IpAddress& address) {
    std::copy(address.bytes.begin(), address.bytes.end(), at);
}

bool is_multicast(const IpAddress& address) {
    return address.bytes[0] == 0xff;
}

std::uint32_t sum_of(std::span<const std::uint8_t> bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2)
        sum += load_be16(&bytes[i]);
    if (bytes.size() % 2 != 0) sum += static_cast<std::uint32_t>(bytes.back()) << 8;
    return sum;
}

// Over the pseudo header (RFC 8200, 8.1) and the message: 0xffff when its checksum is right.
std::uint16_t folded_sum(std::span<const std::uint8_t> header,
                         std::span<const std::uint8_t> message) {
    std::uint32_t sum = sum_of(header.subspan(kAtSource, 32)) +
                        static_cast<std::uint32_t>(message.size()) + kIcmpv6 + sum_of(message);
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(sum);
}

// False: an option is cut off or has no length; then the whole packet is void.
bool take_options(std::span<const std::uint8_t> options, NdpPacket& packet) {
    const std::uint8_t wanted =
        packet.kind == NdpPacket::Kind::kSolicitation ? kSourceLinkAddress : kTargetLinkAddress;
    while (!options.empty()) {
        if (options.size() < 2) return false;
        const std::size_t length = options[1] * std::size_t{8};
        if (length == 0 || length > options.size()) return false;
        if (options[0] == wanted && length == kLinkAddressBytes) {
            MacAddress mac;
            std::copy_n(&options[2], mac.bytes.size(), mac.bytes.begin());
            packet.link_address = mac;
        }
        options = options.subspan(length);
    }
    return true;
}

bool fits_together(const NdpPacket& packet, bool solicited) {
    if (is_multicast(packet.target) || is_multicast(packet.source)) return false;
    if (packet.kind == NdpPacket::Kind::kAdvertisement)
        return !(is_multicast(packet.destination) && solicited) &&
               packet.source != unspecified_v6();
    if (packet.source != unspecified_v6()) return true;
    return !packet.link_address && packet.destination == solicited_node(packet.target);
}

}  // namespace

IpAddress unspecified_v6() {
    return {.family = IpAddress::Family::kV6};
}

IpAddress all_nodes_v6() {
    IpAddress group{.family = IpAddress::Family::kV6};
    group.bytes[0] = 0xff;
    group.bytes[1] = 0x02;
    group.bytes[15] = 1;
    return group;
}

IpAddress solicited_node(const IpAddress& address) {
    IpAddress group = all_nodes_v6();
    group.bytes[11] = 1;
    group.bytes[12] = 0xff;
    std::copy_n(&address.bytes[13], 3, &group.bytes[13]);
    return group;
}

MacAddress multicast_mac(const IpAddress& group) {
    MacAddress mac{{0x33, 0x33}};
    std::copy_n(&group.bytes[12], 4, &mac.bytes[2]);
    return mac;
}

std::vector<std::uint8_t> encode_ndp(const NdpPacket& packet) {
    const std::size_t message_bytes = kAtOptions + (packet.link_address ? kLinkAddressBytes : 0);
    std::vector<std::uint8_t> bytes(kIpv6HeaderBytes + message_bytes);
    bytes[0] = 0x60;
    store_be16(&bytes[kAtLength], static_cast<std::uint16_t>(message_bytes));
    bytes[6] = kIcmpv6;
    bytes[7] = kHopLimit;
    put(&bytes[kAtSource], packet.source);
    put(&bytes[kAtDestination], packet.destination);
    const bool solicits = packet.kind == NdpPacket::Kind::kSolicitation;
    const std::span message = std::span(bytes).subspan(kIpv6HeaderBytes);
    message[0] = solicits ? kSolicitation : kAdvertisement;
    if (!solicits && packet.overrides) message[kAtFlags] = kOverrideFlag;
    put(&message[kAtTarget], packet.target);
    if (packet.link_address) {
        message[kAtOptions] = solicits ? kSourceLinkAddress : kTargetLinkAddress;
        message[kAtOptions + 1] = 1;
        std::copy(packet.link_address->bytes.begin(), packet.link_address->bytes.end(),
                  &message[kAtOptions + 2]);
    }
    const auto sum = static_cast<std::uint16_t>(~folded_sum(bytes, message));
    store_be16(&message[kAtChecksum], sum);
    return bytes;
}

std::optional<NdpPacket> decode_ndp(std::span<const std::uint8_t> bytes) {
    if (bytes.size() < kIpv6HeaderBytes + kAtOptions || bytes.size() > kMostNdpBytes)
        return std::nullopt;
    if (bytes[0] >> 4 != 6 || bytes[6] != kIcmpv6 || bytes[7] != kHopLimit) return std::nullopt;
    const std::size_t length = load_be16(&bytes[kAtLength]);
    if (length < kAtOptions || length > bytes.size() - kIpv6HeaderBytes) return std::nullopt;
    const std::span message = bytes.subspan(kIpv6HeaderBytes, length);
    const std::uint8_t type = message[0];
    if ((type != kSolicitation && type != kAdvertisement) || message[1] != 0) return std::nullopt;
    if (folded_sum(bytes, message) != 0xffff) return std::nullopt;
    NdpPacket packet{.kind = type == kSolicitation ? NdpPacket::Kind::kSolicitation
                                                   : NdpPacket::Kind::kAdvertisement,
                     .source = ip_at(&bytes[kAtSource]),
                     .destination = ip_at(&bytes[kAtDestination]),
                     .target = ip_at(&message[kAtTarget])};
    const std::uint8_t flags = type == kAdvertisement ? message[kAtFlags] : std::uint8_t{0};
    packet.overrides = (flags & kOverrideFlag) != 0;
    if (!take_options(message.subspan(kAtOptions), packet)) return std::nullopt;
    if (!fits_together(packet, (flags & kSolicitedFlag) != 0)) return std::nullopt;
    return packet;
}

NdpPacket ndp_probe(const IpAddress& target) {
    return {.kind = NdpPacket::Kind::kSolicitation,
            .source = unspecified_v6(),
            .destination = solicited_node(target),
            .target = target};
}

NdpPacket ndp_question(const MacAddress& ours, const IpAddress& own, const IpAddress& target) {
    return {.kind = NdpPacket::Kind::kSolicitation,
            .source = own,
            .destination = solicited_node(target),
            .target = target,
            .link_address = ours};
}

NdpPacket ndp_announcement(const MacAddress& ours, const IpAddress& address) {
    return {.kind = NdpPacket::Kind::kAdvertisement,
            .source = address,
            .destination = all_nodes_v6(),
            .target = address,
            .overrides = true,
            .link_address = ours};
}

}  // namespace hb::wire
