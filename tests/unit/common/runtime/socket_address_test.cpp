#include "common/runtime/socket_address.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>

namespace hb::runtime {
namespace {

TEST(SocketAddress, IsOfTheFamilyOfTheAddress) {
    const SocketAddress v4 = socket_address(*IpAddress::parse("10.77.1.2"), 694, 3);
    EXPECT_EQ(v4.any.sa_family, AF_INET);
    EXPECT_EQ(size_of(v4), sizeof(sockaddr_in));
    EXPECT_EQ(v4.v4.sin_port, htons(694));
    EXPECT_EQ(v4.v4.sin_addr.s_addr, ::inet_addr("10.77.1.2"));

    const SocketAddress v6 = socket_address(*IpAddress::parse("fe80::2"), 694, 3);
    EXPECT_EQ(v6.any.sa_family, AF_INET6);
    EXPECT_EQ(size_of(v6), sizeof(sockaddr_in6));
    EXPECT_EQ(v6.v6.sin6_port, htons(694));
    EXPECT_EQ(v6.v6.sin6_scope_id, 3U);
    EXPECT_EQ(v6.v6.sin6_addr.s6_addr[0], 0xfe);
    EXPECT_EQ(v6.v6.sin6_addr.s6_addr[15], 2);
}

TEST(SocketAddress, GivesTheAddressBack) {
    for (const char* text : {"10.77.1.2", "255.255.255.255", "0.0.0.0", "fe80::2", "ff12::1", "::"})
        EXPECT_EQ(ip_address(socket_address(*IpAddress::parse(text), 694, 3)).to_string(), text);
    SocketAddress other{};
    other.any.sa_family = AF_UNIX;
    EXPECT_EQ(ip_address(other), IpAddress{});
}

}  // namespace
}  // namespace hb::runtime
