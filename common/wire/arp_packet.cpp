#include "common/wire/arp_packet.hpp"

#include <algorithm>

#include "common/wire/byte_order.hpp"

namespace hb::wire {
namespace {

constexpr std::uint16_t kEthernet = 1, kIpv4 = 0x0800, kRequest = 1, kReply = 2;
constexpr std::size_t kAtSenderMac = 8, kAtSender = 14, kAtTargetMac = 18, kAtTarget = 24;

void put(std::uint8_t* at, const MacAddress& mac) {
    std::copy(mac.bytes.begin(), mac.bytes.end(), at);
}
void put(std::uint8_t* at, const IpAddress& ip) {
    std::copy_n(ip.bytes.begin(), 4, at);
}
MacAddress mac_at(const std::uint8_t* at) {
    MacAddress mac;
    std::copy_n(at, mac.bytes.size(), mac.bytes.begin());
    return mac;
}
IpAddress ip_at(const std::uint8_t* at) {
    return IpAddress::v4(load_be32(at));
}

}  // namespace

std::array<std::uint8_t, kArpBytes> encode_arp(const ArpPacket& packet) {
    std::array<std::uint8_t, kArpBytes> bytes{};
    store_be16(&bytes[0], kEthernet);
    store_be16(&bytes[2], kIpv4);
    bytes[4] = 6;
    bytes[5] = 4;
    store_be16(&bytes[6], packet.request ? kRequest : kReply);
    put(&bytes[kAtSenderMac], packet.sender_mac);
    put(&bytes[kAtSender], packet.sender);
    put(&bytes[kAtTargetMac], packet.target_mac);
    put(&bytes[kAtTarget], packet.target);
    return bytes;
}

std::optional<ArpPacket> decode_arp(std::span<const std::uint8_t> bytes) {
    if (bytes.size() < kArpBytes) return std::nullopt;
    const std::uint8_t* p = bytes.data();
    if (load_be16(p) != kEthernet || load_be16(p + 2) != kIpv4 || p[4] != 6 || p[5] != 4)
        return std::nullopt;
    const std::uint16_t operation = load_be16(p + 6);
    if (operation != kRequest && operation != kReply) return std::nullopt;
    return ArpPacket{.request = operation == kRequest,
                     .sender_mac = mac_at(p + kAtSenderMac),
                     .sender = ip_at(p + kAtSender),
                     .target_mac = mac_at(p + kAtTargetMac),
                     .target = ip_at(p + kAtTarget)};
}

ArpPacket arp_probe(const MacAddress& ours, const IpAddress& target) {
    return arp_question(ours, {}, target);
}

ArpPacket arp_question(const MacAddress& ours, const IpAddress& own, const IpAddress& target) {
    return {.request = true, .sender_mac = ours, .sender = own, .target_mac = {}, .target = target};
}

ArpPacket arp_answer(const MacAddress& ours, const IpAddress& address, const MacAddress& to,
                     const IpAddress& to_ip) {
    return {
        .request = false, .sender_mac = ours, .sender = address, .target_mac = to, .target = to_ip};
}

}  // namespace hb::wire
