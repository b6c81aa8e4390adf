#include "daemons/hb-resource/announcer.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/runtime/system_clock.hpp"
#include "common/wire/ndp_packet.hpp"

namespace hb::resource {

namespace {

constexpr MacAddress kEverybody{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

// RFC 826, for Ethernet and IPv4.
ArpPacket arp_packet(std::uint8_t operation, const Announce& announce, const MacAddress& target) {
    ArpPacket packet{0x00, 0x01, 0x08, 0x00, 6, 4, 0x00, operation};
    const auto put = [&](std::size_t at, const std::uint8_t* bytes, std::size_t count) {
        std::copy_n(bytes, count, packet.begin() + static_cast<std::ptrdiff_t>(at));
    };
    put(8, announce.mac.bytes.data(), 6);
    put(14, announce.address.bytes.data(), 4);
    put(18, target.bytes.data(), 6);
    put(24, announce.address.bytes.data(), 4);
    return packet;
}

}  // namespace

ArpPacket gratuitous_request(const Announce& announce) {
    return arp_packet(ARPOP_REQUEST, announce, MacAddress{});
}

ArpPacket gratuitous_reply(const Announce& announce) {
    return arp_packet(ARPOP_REPLY, announce, announce.mac);
}

Result<std::unique_ptr<Announcer>> Announcer::open(runtime::EventLoop& loop, OnFailure on_failure) {
    // Protocol 0: nothing is received. The kernel writes the link-layer header.
    runtime::UniqueFd socket(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return failure(fmt::format("packet socket: {}", std::strerror(errno)));
    return std::unique_ptr<Announcer>(
        new Announcer(loop, std::move(socket), std::move(on_failure)));
}

Announcer::Announcer(runtime::EventLoop& loop, runtime::UniqueFd socket, OnFailure on_failure)
    : socket_(std::move(socket)),
      on_failure_(std::move(on_failure)),
      timer_(loop, [this]() noexcept { turn(); }) {}

void Announcer::start(const Announce& announce) {
    schedule_.start(announce, runtime::now());
    timer_.arm(schedule_.next_deadline());
}

void Announcer::stop(const IpAddress& address) {
    schedule_.stop(address);
    timer_.arm(schedule_.next_deadline());
}

void Announcer::turn() noexcept {
    int first_error = 0;
    Announce first_failed;
    const auto count = [&](const Announce& announce, int error) {
        (error == 0 ? sent_ : failed_)++;
        if (error == 0 || first_error != 0) return;
        first_error = error;
        first_failed = announce;
    };
    for (const Announce& announce : schedule_.take_due(runtime::now())) {
        if (!announce.address.is_v4()) {
            count(announce, send_advertisement(announce));
            continue;
        }
        for (const ArpPacket& packet : {gratuitous_request(announce), gratuitous_reply(announce)})
            count(announce, send_arp(announce, packet));
    }
    timer_.arm(schedule_.next_deadline());
    if (first_error != 0) on_failure_(first_failed, first_error);
}

int Announcer::send_arp(const Announce& announce, const ArpPacket& packet) {
    return send(announce, ETH_P_ARP, kEverybody, packet);
}

int Announcer::send_advertisement(const Announce& announce) {
    return send(announce, ETH_P_IPV6, wire::multicast_mac(wire::all_nodes_v6()),
                wire::encode_ndp(wire::ndp_announcement(announce.mac, announce.address)));
}

int Announcer::send(const Announce& announce, std::uint16_t protocol, const MacAddress& mac,
                    std::span<const std::uint8_t> packet) {
    sockaddr_ll to{};
    to.sll_family = AF_PACKET;
    to.sll_protocol = htons(protocol);
    to.sll_ifindex = announce.link;
    to.sll_halen = ETH_ALEN;
    std::copy(mac.bytes.begin(), mac.bytes.end(), to.sll_addr);
    const void* const address = &to;
    const ssize_t sent = sendto(socket_.get(), packet.data(), packet.size(), MSG_DONTWAIT,
                                static_cast<const sockaddr*>(address), sizeof to);
    return sent < 0 ? errno : 0;
}

}  // namespace hb::resource
