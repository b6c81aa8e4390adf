// ArpSocket: ARP packets of all interfaces, in and out, over one packet socket.
//
// It reads what the kernel reads too and answers nothing by itself. Needs CAP_NET_RAW to open.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "common/base/result.hpp"
#include "common/runtime/events.hpp"
#include "common/runtime/unique_fd.hpp"
#include "common/wire/arp_packet.hpp"

namespace hb::comm {

class ArpSocket {
  public:
    using OnPacket = std::move_only_function<void(int interface, const wire::ArpPacket&) noexcept>;

    ArpSocket(runtime::EventLoop& loop, OnPacket on_packet);  // throws std::runtime_error

    // `to` is the Ethernet address; the source address is the interface's.
    [[nodiscard]] Result<void> send(int interface, const MacAddress& to,
                                    const wire::ArpPacket& packet);

    // Everything that waits to be read, up to a bound: an answer in the socket's buffer is no
    // silence. False: packets were missed since the last call, or still wait.
    [[nodiscard]] bool drain();

  private:
    bool read_some();  // false: nothing is left

    OnPacket on_packet_;
    runtime::UniqueFd socket_;
    runtime::FdEvent event_;
};

}  // namespace hb::comm
