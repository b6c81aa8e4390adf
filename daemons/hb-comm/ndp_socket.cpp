#include "daemons/hb-comm/ndp_socket.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/filter.h>
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

// Drained at most, so that a storm does not stop the heartbeats. More than fits the buffer.
constexpr std::size_t kDrainedBatches = 24;
// Twice that, as the kernel reckons: small packets take 768 bytes each.
constexpr int kSocketBytes = 212992;

// ICMPv6 right behind the IPv6 header, hop limit 255, solicitation or advertisement. What is more
// to be checked decode_ndp() checks.
Result<void> attach_filter(int socket) {
    constexpr std::uint16_t kLoadByte = BPF_LD | BPF_B | BPF_ABS;
    constexpr std::uint16_t kIsEqual = BPF_JMP | BPF_JEQ | BPF_K;
    constexpr std::uint16_t kReturn = BPF_RET | BPF_K;
    auto program = std::to_array<sock_filter>({
        {kLoadByte, 0, 0, 6},                       // next header
        {kIsEqual, 0, 6, 58},                       //
        {kLoadByte, 0, 0, 7},                       // hop limit
        {kIsEqual, 0, 4, 255},                      //
        {kLoadByte, 0, 0, wire::kIpv6HeaderBytes},  // type
        {kIsEqual, 1, 0, 135},                      //
        {kIsEqual, 0, 1, 136},                      //
        {kReturn, 0, 0, wire::kMostNdpBytes + 1},   // longer: seen to be longer
        {kReturn, 0, 0, 0},
    });
    const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
    if (::setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) != 0)
        return failure(fmt::format("filter: {}", std::strerror(errno)));
    sockaddr_ll all{};
    all.sll_family = AF_PACKET;
    all.sll_protocol = htons(ETH_P_IPV6);
    if (::bind(socket, reinterpret_cast<const sockaddr*>(&all), sizeof all) != 0)
        return failure(fmt::format("bind: {}", std::strerror(errno)));
    return {};
}

}  // namespace

NdpSocket::NdpSocket(runtime::EventLoop& loop, OnPacket on_packet)
    : on_packet_(std::move(on_packet)),
      // Protocol 0: nothing is received before the filter is there.
      socket_(::socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)),
      event_(loop, [this](runtime::Readiness) noexcept { read_some(); }) {
    if (!socket_)
        throw std::runtime_error(fmt::format("packet socket for NDP: {}", std::strerror(errno)));
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &kSocketBytes, sizeof kSocketBytes);
    if (const Result<void> ready = attach_filter(socket_.get()); !ready)
        throw std::runtime_error(fmt::format("packet socket for NDP: {}", ready.error().text));
    event_.watch(socket_.get(), runtime::Interest::kRead);
}

Result<void> NdpSocket::send(int interface, const wire::NdpPacket& packet) {
    const MacAddress to = wire::multicast_mac(packet.destination);
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_IPV6);
    address.sll_ifindex = interface;
    address.sll_halen = 6;
    std::copy(to.bytes.begin(), to.bytes.end(), address.sll_addr);
    const auto bytes = wire::encode_ndp(packet);
    if (::sendto(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT,
                 reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
        return failure(std::strerror(errno));
    return {};
}

bool NdpSocket::read_some() {
    std::array<std::uint8_t, wire::kMostNdpBytes + 1> bytes;
    for (std::size_t i = 0; i < limits::kFramesPerWakeup; ++i) {
        sockaddr_ll from{};
        socklen_t length = sizeof from;
        const ssize_t n = ::recvfrom(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT,
                                     reinterpret_cast<sockaddr*>(&from), &length);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno == ENETDOWN;  // said once by an interface that goes down
        if (from.sll_pkttype == PACKET_OUTGOING || from.sll_halen != 6) continue;
        const auto packet = wire::decode_ndp(std::span(bytes).first(static_cast<std::size_t>(n)));
        if (!packet) continue;
        MacAddress mac;
        std::copy_n(from.sll_addr, mac.bytes.size(), mac.bytes.begin());
        on_packet_(from.sll_ifindex, mac, *packet);
    }
    return true;
}

bool NdpSocket::drain() {
    std::size_t batches = 0;
    while (batches < kDrainedBatches && read_some())
        ++batches;
    tpacket_stats seen{};  // since they were asked for last
    socklen_t length = sizeof seen;
    return ::getsockopt(socket_.get(), SOL_PACKET, PACKET_STATISTICS, &seen, &length) == 0 &&
           seen.tp_drops == 0 && batches < kDrainedBatches;
}

}  // namespace hb::comm
