#include "common/runtime/socket_address.hpp"

#include <cstring>

namespace hb::runtime {

SocketAddress socket_address(const IpAddress& address, std::uint16_t port, int interface) {
    SocketAddress result{};
    if (address.is_v4()) {
        result.v4 = {};
        result.v4.sin_family = AF_INET;
        result.v4.sin_port = htons(port);
        result.v4.sin_addr.s_addr = htonl(address.v4_host_order());
        return result;
    }
    result.v6.sin6_family = AF_INET6;
    result.v6.sin6_port = htons(port);
    std::memcpy(&result.v6.sin6_addr, address.bytes.data(), address.bytes.size());
    result.v6.sin6_scope_id = static_cast<std::uint32_t>(interface);
    return result;
}

socklen_t size_of(const SocketAddress& address) {
    return address.any.sa_family == AF_INET6 ? sizeof address.v6 : sizeof address.v4;
}

IpAddress ip_address(const SocketAddress& address) {
    if (address.any.sa_family == AF_INET) return IpAddress::v4(ntohl(address.v4.sin_addr.s_addr));
    if (address.any.sa_family != AF_INET6) return {};
    IpAddress result{.family = IpAddress::Family::kV6};
    std::memcpy(result.bytes.data(), &address.v6.sin6_addr, result.bytes.size());
    return result;
}

}  // namespace hb::runtime
