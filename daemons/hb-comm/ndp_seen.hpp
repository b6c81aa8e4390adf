// What a neighbour discovery packet says, in the words of ARP. Pure.
//
// Who advertises an address has it; who solicits it from :: probes it (RFC 4862); who asks for
// anything from an address has that one.
#pragma once

#include "common/wire/ndp_packet.hpp"
#include "daemons/hb-comm/comm_core.hpp"

namespace hb::comm {

// `from`: the Ethernet address that it came from; the one that it names counts more. Whether that
// is one of this host's is for the caller to say.
[[nodiscard]] ArpSeen arp_of(const wire::NdpPacket& packet, const MacAddress& from,
                             std::string interface);

}  // namespace hb::comm
