#include "daemons/hb-comm/ndp_seen.hpp"

namespace hb::comm {

ArpSeen arp_of(const wire::NdpPacket& packet, const MacAddress& from, std::string interface) {
    const bool asks = packet.kind == wire::NdpPacket::Kind::kSolicitation;
    return {.interface = std::move(interface),
            .request = asks,
            .sender_mac = packet.link_address.value_or(from),
            .sender = asks ? packet.source : packet.target,
            .target = packet.target};
}

}  // namespace hb::comm
