// An ARP packet as it is on the wire, written and read by the lab.
#pragma once

#include <netinet/if_ether.h>

#include <array>
#include <cstdint>
#include <string>

#include "tests/lab/net_namespace.hpp"

namespace hb::lab {

using Mac = std::array<std::uint8_t, 6>;

struct [[gnu::packed]] ArpPacket {
    ether_header ethernet;
    ether_arp arp;
};

// A broadcast request from `sender_mac`/`sender` for `target`; on the wire it comes from `from`.
[[nodiscard]] ArpPacket arp_request(const Mac& from, const Mac& sender_mac,
                                    const std::string& sender, const std::string& target);

[[nodiscard]] std::string mac_text(const std::uint8_t* mac);
[[nodiscard]] Mac parse_mac(const std::string& text);

// Sends one gratuitous ARP, as an owner that takes an address over does.
void announce(const NetNamespace& netns, const std::string& interface, const std::string& mac,
              const std::string& address);

}  // namespace hb::lab
