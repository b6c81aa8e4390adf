// Datagrams from a UDP socket, up to limits::kFramesPerWakeup with one system call, into buffers
// that are made once.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "common/base/ip_address.hpp"
#include "common/base/limits.hpp"
#include "common/runtime/socket_address.hpp"
#include "common/wire/envelope.hpp"
#include "daemons/hb-comm/link_plan.hpp"

namespace hb::comm {

struct Datagram {
    std::string_view bytes;  // valid until the next receive()
    IpAddress from;
    SentTo to{};
};

class DatagramReader {
  public:
    DatagramReader();
    DatagramReader(const DatagramReader&) = delete;
    DatagramReader& operator=(const DatagramReader&) = delete;

    // Empty: nothing there, or an error (errno; 0: nothing). The socket has IP_PKTINFO or
    // IPV6_RECVPKTINFO set.
    [[nodiscard]] std::span<const Datagram> receive(int socket);

  private:
    // One byte more than can be ours, so that what is longer is seen to be longer.
    static constexpr std::size_t kBuffer = wire::kMaxDatagramBytes + 1;
    static constexpr std::size_t kControl = CMSG_SPACE(sizeof(in6_pktinfo));
    struct alignas(cmsghdr) Control {
        std::array<std::uint8_t, kControl> bytes;
    };

    std::vector<std::uint8_t> buffers_;
    std::array<Control, limits::kFramesPerWakeup> control_{};
    std::array<runtime::SocketAddress, limits::kFramesPerWakeup> from_{};
    std::array<iovec, limits::kFramesPerWakeup> iov_{};
    std::array<mmsghdr, limits::kFramesPerWakeup> headers_{};
    std::array<Datagram, limits::kFramesPerWakeup> datagrams_{};
};

}  // namespace hb::comm
