#include "daemons/hb-comm/arp_socket.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "common/base/limits.hpp"

namespace hb::comm {
namespace {

// Drained at most, so that a storm of ARP does not stop the heartbeats. More than fits the buffer.
constexpr std::size_t kDrainedBatches = 24;
// Twice that, as the kernel reckons: small packets take 768 bytes each.
constexpr int kSocketBytes = 212992;

}  // namespace

ArpSocket::ArpSocket(runtime::EventLoop& loop, OnPacket on_packet)
    : on_packet_(std::move(on_packet)),
      // SOCK_DGRAM: the kernel writes the Ethernet header, VLAN tags included.
      socket_(::socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_ARP))),
      event_(loop, [this](runtime::Readiness) noexcept { read_some(); }) {
    if (!socket_)
        throw std::runtime_error(fmt::format("packet socket for ARP: {}", std::strerror(errno)));
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &kSocketBytes, sizeof kSocketBytes);
    event_.watch(socket_.get(), runtime::Interest::kRead);
}

Result<void> ArpSocket::send(int interface, const MacAddress& to, const wire::ArpPacket& packet) {
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ARP);
    address.sll_ifindex = interface;
    address.sll_halen = 6;
    std::copy(to.bytes.begin(), to.bytes.end(), address.sll_addr);
    const auto bytes = wire::encode_arp(packet);
    if (::sendto(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT,
                 reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
        return failure(std::strerror(errno));
    return {};
}

bool ArpSocket::read_some() {
    std::array<std::uint8_t, 64> bytes;
    for (std::size_t i = 0; i < limits::kFramesPerWakeup; ++i) {
        sockaddr_ll from{};
        socklen_t length = sizeof from;
        const ssize_t n = ::recvfrom(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT,
                                     reinterpret_cast<sockaddr*>(&from), &length);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno == ENETDOWN;  // said once by an interface that goes down
        if (from.sll_pkttype == PACKET_OUTGOING) continue;
        if (const auto packet =
                wire::decode_arp(std::span(bytes).first(static_cast<std::size_t>(n))))
            on_packet_(from.sll_ifindex, *packet);
    }
    return true;
}

bool ArpSocket::drain() {
    std::size_t batches = 0;
    while (batches < kDrainedBatches && read_some())
        ++batches;
    tpacket_stats seen{};  // since they were asked for last
    socklen_t length = sizeof seen;
    return ::getsockopt(socket_.get(), SOL_PACKET, PACKET_STATISTICS, &seen, &length) == 0 &&
           seen.tp_drops == 0 && batches < kDrainedBatches;
}

}  // namespace hb::comm
