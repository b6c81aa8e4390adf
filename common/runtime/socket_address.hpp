// SocketAddress: where a UDP datagram goes or comes from, in either family, as system calls want
// it.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>

#include "common/base/ip_address.hpp"

namespace hb::runtime {

// Which member it is its family says, which is at the same place in all of them.
union SocketAddress {
    sockaddr_in6 v6;  // first: what is zeroed is the largest
    sockaddr_in v4;
    sockaddr any;
};

// `interface` (an index) is the scope of an IPv6 address. Only link-local ones have any.
[[nodiscard]] SocketAddress socket_address(const IpAddress& address, std::uint16_t port,
                                           int interface);
[[nodiscard]] socklen_t size_of(const SocketAddress& address);
// Of a family that is neither: 0.0.0.0.
[[nodiscard]] IpAddress ip_address(const SocketAddress& address);

}  // namespace hb::runtime
