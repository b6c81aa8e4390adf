// NdpSocket: neighbour solicitations and advertisements of all interfaces, in and out, over one
// packet socket: for IPv6 what ArpSocket is for IPv4.
//
// A filter in the kernel keeps every other IPv6 packet away. It reads what the kernel reads too and
// answers nothing by itself. Needs CAP_NET_RAW to open.
#pragma once

#include <functional>
#include <string>

#include "common/base/result.hpp"
#include "common/runtime/events.hpp"
#include "common/runtime/unique_fd.hpp"
#include "common/wire/ndp_packet.hpp"

namespace hb::comm {

class NdpSocket {
  public:
    // `from`: the Ethernet address that it came from.
    using OnPacket = std::move_only_function<void(int interface, const MacAddress& from,
                                                  const wire::NdpPacket&) noexcept>;

    NdpSocket(runtime::EventLoop& loop, OnPacket on_packet);  // throws std::runtime_error

    // To the Ethernet address of the packet's group: what is sent here goes to groups only.
    [[nodiscard]] Result<void> send(int interface, const wire::NdpPacket& packet);

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
