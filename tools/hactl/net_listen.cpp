#include "tools/hactl/net_listen.hpp"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "common/runtime/system_clock.hpp"
#include "common/wire/arp_packet.hpp"
#include "common/wire/ndp_packet.hpp"

namespace hb::hactl {

namespace {

constexpr std::size_t kLongest = 2048;
constexpr int kReceiveBuffer = 8 * 1024 * 1024;

// ARP, UDP, ICMPv6; nothing else of a busy host's traffic comes to us.
Result<void> filter(int socket) {
    constexpr auto kProtocol = static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_PROTOCOL);
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kProtocol),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_ARP, 7, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 2),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 4, 5),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 4),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, kLongest),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    const sock_fprog all{std::size(program), program};
    if (::setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &all, sizeof all) != 0)
        return failure(std::strerror(errno));
    return {};
}

}  // namespace

Result<NetListener> NetListener::open() {
    // First without a protocol, so that nothing comes before the filter is there.
    runtime::UniqueFd socket(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return failure(std::strerror(errno));
    if (auto filtered = filter(socket.get()); !filtered) return std::unexpected(filtered.error());
    (void)::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer,
                       sizeof kReceiveBuffer);
    sockaddr_ll everywhere{};
    everywhere.sll_family = AF_PACKET;
    everywhere.sll_protocol = htons(ETH_P_ALL);
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&everywhere), sizeof everywhere) !=
        0)
        return failure(std::strerror(errno));
    return NetListener(std::move(socket));
}

Result<void> NetListener::send(int interface, std::uint16_t protocol, const MacAddress& mac,
                               std::span<const std::uint8_t> bytes) {
    sockaddr_ll to{};
    to.sll_family = AF_PACKET;
    to.sll_protocol = htons(protocol);
    to.sll_ifindex = interface;
    to.sll_halen = ETH_ALEN;
    std::ranges::copy(mac.bytes, to.sll_addr);
    if (::sendto(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT,
                 reinterpret_cast<const sockaddr*>(&to), sizeof to) < 0)
        return failure(std::strerror(errno));
    return {};
}

Result<void> NetListener::ask(const control::LocalInterface& interface, const IpAddress& own,
                              const IpAddress& target) {
    if (target.is_v4())
        return send(interface.index, ETH_P_ARP, wire::kBroadcastMac,
                    wire::encode_arp(wire::arp_question(interface.mac, own, target)));
    return send(interface.index, ETH_P_IPV6, wire::multicast_mac(wire::solicited_node(target)),
                wire::encode_ndp(wire::ndp_question(interface.mac, own, target)));
}

void NetListener::take(std::uint16_t protocol, const HeardPacket& packet,
                       const std::function<void(const HeardPacket&)>& heard) {
    if (protocol == ETH_P_ARP) {
        const auto arp = wire::decode_arp(packet.bytes);
        if (arp && !arp->request && !packet.sent_here)
            answers_[{packet.interface, arp->sender}].insert(arp->sender_mac);
        return;
    }
    if (protocol == ETH_P_IPV6 && packet.bytes.size() <= wire::kMostNdpBytes)
        if (const auto ndp = wire::decode_ndp(packet.bytes)) {
            if (ndp->kind == wire::NdpPacket::Kind::kAdvertisement && !packet.sent_here)
                answers_[{packet.interface, ndp->target}].insert(
                    ndp->link_address.value_or(packet.from));
            return;
        }
    heard(packet);
}

void NetListener::listen(MonoTime end, const std::function<void(const HeardPacket&)>& heard) {
    std::array<std::uint8_t, kLongest> buffer{};
    while (true) {
        const Duration left = end - runtime::now();
        if (left <= Duration(0)) return;
        pollfd waiting{socket_.get(), POLLIN, 0};
        const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
        if (::poll(&waiting, 1, static_cast<int>(std::min<std::int64_t>(ms, 1000))) <= 0) continue;
        sockaddr_ll from{};
        socklen_t length = sizeof from;
        const ssize_t n = ::recvfrom(socket_.get(), buffer.data(), buffer.size(), 0,
                                     reinterpret_cast<sockaddr*>(&from), &length);
        if (n <= 0 || from.sll_pkttype == PACKET_LOOPBACK) continue;
        HeardPacket packet{.interface = from.sll_ifindex,
                           .from = {},
                           .sent_here = from.sll_pkttype == PACKET_OUTGOING,
                           .bytes = std::span(buffer).first(static_cast<std::size_t>(n))};
        std::copy_n(from.sll_addr, packet.from.bytes.size(), packet.from.bytes.begin());
        take(ntohs(from.sll_protocol), packet, heard);
    }
}

std::set<MacAddress> NetListener::answers(int interface, const IpAddress& address) const {
    const auto it = answers_.find({interface, address});
    return it == answers_.end() ? std::set<MacAddress>{} : it->second;
}

unsigned NetListener::missed() const {
    tpacket_stats figures{};
    socklen_t length = sizeof figures;
    if (::getsockopt(socket_.get(), SOL_PACKET, PACKET_STATISTICS, &figures, &length) != 0)
        return 0;
    return figures.tp_drops;
}

}  // namespace hb::hactl
