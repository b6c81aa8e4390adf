// Announcer: tells the network at which MAC an address is now. IPv4: by gratuitous ARP, a request
// and a reply for each, to the link's broadcast address, since some hosts believe only one of them.
// IPv6: by an unsolicited neighbour advertisement to all nodes, with the override flag.
//
// Owns a packet socket that receives nothing. Never blocks. Its send buffer is small on purpose: it
// bounds how many of its packets wait for the network card, which is a quarter of the card's queue
// by default, so that nothing of others is dropped there for them. What the buffer does not take
// leaves with the next turn; what the kernel refuses is counted and left to the repetitions.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/base/result.hpp"
#include "common/runtime/event_loop.hpp"
#include "common/runtime/events.hpp"
#include "common/runtime/unique_fd.hpp"
#include "common/wire/arp_packet.hpp"
#include "daemons/hb-resource/announce_schedule.hpp"

namespace hb::resource {

using ArpBytes = std::array<std::uint8_t, wire::kArpBytes>;
// RFC 5227: a request by the address for itself. RFC 5944, 4.6: the same as a reply.
[[nodiscard]] ArpBytes gratuitous_request(const Announce& announce);
[[nodiscard]] ArpBytes gratuitous_reply(const Announce& announce);

class Announcer {
  public:
    // As setsockopt(2) takes it; the kernel counts twice that. A small packet counts for 768 bytes
    // or a little more: 256 of them, when queues of network cards hold 1,000 (txqueuelen).
    static constexpr int kSendBuffer = 256 * 768 / 2;

    // `on_failure` hears of failed sends, once per turn that has some.
    using OnFailure = std::move_only_function<void(const Announce& first, int error) noexcept>;
    [[nodiscard]] static Result<std::unique_ptr<Announcer>> open(runtime::EventLoop& loop,
                                                                 OnFailure on_failure);
    Announcer(const Announcer&) = delete;
    Announcer& operator=(const Announcer&) = delete;

    void start(const Announce& announce);
    void stop(const IpAddress& address);
    // Other addresses are on their way, to be announced before these are in their second form.
    void more_to_come(bool more);

    // Nothing is left to be announced.
    [[nodiscard]] bool idle() const { return schedule_.next_deadline() == kForever; }
    [[nodiscard]] std::uint64_t sent() const { return sent_; }  // packets
    [[nodiscard]] std::uint64_t failed() const { return failed_; }

  private:
    Announcer(runtime::EventLoop& loop, runtime::UniqueFd socket, OnFailure on_failure);
    void turn() noexcept;

    runtime::UniqueFd socket_;
    OnFailure on_failure_;
    AnnounceSchedule schedule_;
    std::uint64_t sent_ = 0;
    std::uint64_t failed_ = 0;
    runtime::Timer timer_;
};

}  // namespace hb::resource
