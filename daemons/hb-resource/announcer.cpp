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

// The packets of a turn, ready for sendmmsg(2).
class Packets {
  public:
    explicit Packets(const std::vector<DueAnnounce>& announces) {
        packets_.reserve(2 * announces.size());  // they are pointed at
        for (std::size_t i = 0; i < announces.size(); i++) {
            const auto& [announce, form] = announces[i];
            if (!announce.address.is_v4()) {
                add(i, announce.link, ETH_P_IPV6, wire::multicast_mac(wire::all_nodes_v6()),
                    wire::encode_ndp(wire::ndp_announcement(announce.mac, announce.address)));
                continue;
            }
            if (form != AnnounceForm::kSecond)
                add(i, announce.link, ETH_P_ARP, wire::kBroadcastMac, gratuitous_request(announce));
            if (form != AnnounceForm::kFirst)
                add(i, announce.link, ETH_P_ARP, wire::kBroadcastMac, gratuitous_reply(announce));
        }
        for (Packet& packet : packets_) {
            packet.part = {packet.bytes.data(), packet.bytes.size()};
            mmsghdr message{};
            message.msg_hdr.msg_name = &packet.to;
            message.msg_hdr.msg_namelen = sizeof packet.to;
            message.msg_hdr.msg_iov = &packet.part;
            message.msg_hdr.msg_iovlen = 1;
            messages_.push_back(message);
        }
    }
    [[nodiscard]] std::size_t size() const { return packets_.size(); }
    [[nodiscard]] std::size_t announce_of(std::size_t packet) const {
        return packets_[packet].announce;
    }
    // From `first` on: how many left, or -1 and errno when that one did not.
    [[nodiscard]] int send(int socket, std::size_t first) {
        return sendmmsg(socket, messages_.data() + first,
                        static_cast<unsigned>(messages_.size() - first), MSG_DONTWAIT);
    }

  private:
    struct Packet {
        std::size_t announce = 0;
        sockaddr_ll to{};
        std::vector<std::uint8_t> bytes;
        iovec part{};
    };
    template <typename Bytes>
    void add(std::size_t announce, int link, std::uint16_t protocol, const MacAddress& mac,
             const Bytes& bytes) {
        Packet& packet = packets_.emplace_back();
        packet.announce = announce;
        packet.to.sll_family = AF_PACKET;
        packet.to.sll_protocol = htons(protocol);
        packet.to.sll_ifindex = link;
        packet.to.sll_halen = ETH_ALEN;
        std::copy(mac.bytes.begin(), mac.bytes.end(), packet.to.sll_addr);
        packet.bytes.assign(bytes.begin(), bytes.end());
    }
    std::vector<Packet> packets_;
    std::vector<mmsghdr> messages_;
};

}  // namespace

ArpBytes gratuitous_request(const Announce& announce) {
    return wire::encode_arp(wire::arp_question(announce.mac, announce.address, announce.address));
}

ArpBytes gratuitous_reply(const Announce& announce) {
    return wire::encode_arp(
        wire::arp_answer(announce.mac, announce.address, announce.mac, announce.address));
}

Result<std::unique_ptr<Announcer>> Announcer::open(runtime::EventLoop& loop, OnFailure on_failure) {
    // Protocol 0: nothing is received. The kernel writes the link-layer header.
    runtime::UniqueFd socket(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return failure(fmt::format("packet socket: {}", std::strerror(errno)));
    const int size = kSendBuffer;
    if (setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF, &size, sizeof size) != 0)
        return failure(fmt::format("send buffer: {}", std::strerror(errno)));
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

void Announcer::more_to_come(bool more) {
    schedule_.more_to_come(more);
    timer_.arm(schedule_.next_deadline());
}

void Announcer::turn() noexcept {
    int first_error = 0;
    Announce first_failed;
    const std::vector<DueAnnounce> due = schedule_.take_due(runtime::now());
    Packets packets(due);
    std::size_t left = 0;  // packets behind us, gone or refused
    bool any_gone = false;
    while (left < packets.size()) {
        const int count = packets.send(socket_.get(), left);
        if (count > 0) {
            sent_ += static_cast<std::uint64_t>(count);
            left += static_cast<std::size_t>(count);
            any_gone = true;
            continue;
        }
        // The link is slower than we are. One that takes nothing in a whole turn stands still, and
        // is no reason to try it every millisecond.
        if (errno == EAGAIN && any_gone) {
            schedule_.postpone(due.size() - packets.announce_of(left));
            break;
        }
        if (first_error == 0) {
            first_error = errno;
            first_failed = due[packets.announce_of(left)].announce;
        }
        failed_++;
        left++;
    }
    timer_.arm(schedule_.next_deadline());
    if (first_error != 0) on_failure_(first_failed, first_error);
}

}  // namespace hb::resource
