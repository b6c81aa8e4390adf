#include "tests/lab/arp_packet.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdio>

namespace hb::lab {

ArpPacket arp_request(const Mac& from, const Mac& sender_mac, const std::string& sender,
                      const std::string& target) {
    ArpPacket packet{};
    std::fill_n(packet.ethernet.ether_dhost, from.size(), std::uint8_t{0xff});
    std::copy(from.begin(), from.end(), packet.ethernet.ether_shost);
    packet.ethernet.ether_type = htons(ETHERTYPE_ARP);
    packet.arp.ea_hdr.ar_hrd = htons(ARPHRD_ETHER);
    packet.arp.ea_hdr.ar_pro = htons(ETHERTYPE_IP);
    packet.arp.ea_hdr.ar_hln = ETH_ALEN;
    packet.arp.ea_hdr.ar_pln = 4;
    packet.arp.ea_hdr.ar_op = htons(ARPOP_REQUEST);
    std::copy(sender_mac.begin(), sender_mac.end(), packet.arp.arp_sha);
    if (::inet_pton(AF_INET, sender.c_str(), packet.arp.arp_spa) != 1 ||
        ::inet_pton(AF_INET, target.c_str(), packet.arp.arp_tpa) != 1)
        throw LabError(sender + ", " + target + ": not IPv4 addresses");
    return packet;
}

std::string mac_text(const std::uint8_t* mac) {
    return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", mac[0], mac[1], mac[2], mac[3],
                       mac[4], mac[5]);
}

Mac parse_mac(const std::string& text) {
    Mac mac{};
    if (std::sscanf(text.c_str(), "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2],
                    &mac[3], &mac[4], &mac[5]) != 6)
        throw LabError(text + ": not a MAC");
    return mac;
}

void announce(const NetNamespace& netns, const std::string& interface, const std::string& mac,
              const std::string& address) {
    const Fd socket = netns.open_socket(AF_PACKET, SOCK_RAW, 0);
    const ArpPacket packet = arp_request(parse_mac(mac), parse_mac(mac), address, address);
    sockaddr_ll to{};
    to.sll_family = AF_PACKET;
    netns.inside([&] { to.sll_ifindex = static_cast<int>(::if_nametoindex(interface.c_str())); });
    must(::sendto(socket.get(), &packet, sizeof packet, 0, reinterpret_cast<sockaddr*>(&to),
                  sizeof to),
         "gratuitous ARP");
}

}  // namespace hb::lab
