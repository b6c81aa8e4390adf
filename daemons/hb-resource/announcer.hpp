// Announcer: tells the network at which MAC an address is now. IPv4: by gratuitous ARP, a request
// and a reply for each, to the link's broadcast address, since some hosts believe only one of them.
// IPv6: by an unsolicited neighbour advertisement to all nodes, with the override flag.
//
// Owns a packet socket that receives nothing. Never blocks: what the kernel does not take is
// counted and left to the repetitions.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "common/base/result.hpp"
#include "common/runtime/event_loop.hpp"
#include "common/runtime/events.hpp"
#include "common/runtime/unique_fd.hpp"
#include "daemons/hb-resource/announce_schedule.hpp"

namespace hb::resource {

using ArpPacket = std::array<std::uint8_t, 28>;
// RFC 5227: a request by the address for itself. RFC 5944, 4.6: the same as a reply.
[[nodiscard]] ArpPacket gratuitous_request(const Announce& announce);
[[nodiscard]] ArpPacket gratuitous_reply(const Announce& announce);

class Announcer {
  public:
    // `on_failure` hears of failed sends, once per turn that has some.
    using OnFailure = std::move_only_function<void(const Announce& first, int error) noexcept>;
    [[nodiscard]] static Result<std::unique_ptr<Announcer>> open(runtime::EventLoop& loop,
                                                                 OnFailure on_failure);
    Announcer(const Announcer&) = delete;
    Announcer& operator=(const Announcer&) = delete;

    void start(const Announce& announce);
    void stop(const IpAddress& address);

    // Nothing is left to be announced.
    [[nodiscard]] bool idle() const { return schedule_.next_deadline() == kForever; }
    [[nodiscard]] std::uint64_t sent() const { return sent_; }  // packets
    [[nodiscard]] std::uint64_t failed() const { return failed_; }

  private:
    Announcer(runtime::EventLoop& loop, runtime::UniqueFd socket, OnFailure on_failure);
    void turn() noexcept;
    // 0, or an errno.
    [[nodiscard]] int send(const Announce& announce, std::uint16_t protocol, const MacAddress& to,
                           std::span<const std::uint8_t> packet);
    [[nodiscard]] int send_arp(const Announce& announce, const ArpPacket& packet);
    [[nodiscard]] int send_advertisement(const Announce& announce);

    runtime::UniqueFd socket_;
    OnFailure on_failure_;
    AnnounceSchedule schedule_;
    std::uint64_t sent_ = 0;
    std::uint64_t failed_ = 0;
    runtime::Timer timer_;
};

}  // namespace hb::resource
