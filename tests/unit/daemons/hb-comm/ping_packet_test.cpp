#include "daemons/hb-comm/ping_packet.hpp"

#include <gtest/gtest.h>

namespace hb::comm {
namespace {

const IpAddress kRouter = *IpAddress::parse("10.0.0.1");
const IpAddress kRouter6 = *IpAddress::parse("2001:db8::1");

// What an honest host makes of a request.
std::vector<std::uint8_t> answer(const IpAddress& of, std::vector<std::uint8_t> request) {
    request[0] = of.is_v4() ? 0 : 129;
    return request;
}

TEST(PingPacket, IsOpenedByWhoSentIt) {
    const PingSecret secret;
    for (const IpAddress& address : {kRouter, kRouter6}) {
        const PingAsked asked{.host = 7, .sequence = 0x1'0002'0003};
        const auto request = secret.request(address, asked);
        EXPECT_EQ(request[0], address.is_v4() ? 8 : 128);
        const auto opened = secret.open(address, answer(address, request));
        ASSERT_TRUE(opened);
        EXPECT_EQ(*opened, asked);
    }
}

TEST(PingPacket, HasAChecksumOverIpv4) {
    const PingSecret secret;
    EXPECT_EQ(internet_checksum(secret.request(kRouter, {1, 2})), 0);
    const std::vector<std::uint8_t> rfc1071 = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    EXPECT_EQ(internet_checksum(rfc1071), static_cast<std::uint16_t>(~0xddf2 & 0xffff));
}

TEST(PingPacket, OfAnotherHostAnotherLifeOrWithAChangedByteIsNone) {
    const PingSecret secret, another;
    const auto good = answer(kRouter, secret.request(kRouter, {3, 4}));
    EXPECT_FALSE(secret.open(*IpAddress::parse("10.0.0.2"), good));
    EXPECT_FALSE(another.open(kRouter, good));
    for (std::size_t i = 0; i < good.size(); ++i) {
        if (i == 2 || i == 3 || i == 6 || i == 7)
            continue;  // checksum: the kernel's; short sequence
        auto changed = good;
        changed[i] ^= 1;
        EXPECT_FALSE(secret.open(kRouter, changed)) << "byte " << i;
    }
}

TEST(PingPacket, ForgeriesAreToldFromStrangers) {
    const PingSecret secret;
    auto forged = answer(kRouter, secret.request(kRouter, {3, 4}));
    forged.back() ^= 0x80;
    EXPECT_EQ(secret.open(kRouter, forged).error(), EchoFault::kForged);
    const auto request = secret.request(kRouter, {3, 4});
    EXPECT_EQ(secret.open(kRouter, request).error(), EchoFault::kStranger);
    EXPECT_EQ(secret.open(kRouter, std::vector<std::uint8_t>(8)).error(), EchoFault::kStranger);
    EXPECT_EQ(secret.open(kRouter, {}).error(), EchoFault::kStranger);
}

TEST(PingPacket, NoPrefixAndNoLengthCrashes) {
    const PingSecret secret;
    auto whole = answer(kRouter, secret.request(kRouter, {3, 4}));
    for (std::size_t n = 0; n < whole.size(); ++n)
        EXPECT_FALSE(secret.open(kRouter, std::span(whole).first(n)));
    whole.push_back(0);
    EXPECT_FALSE(secret.open(kRouter, whole));
}

TEST(PingPacket, BeginsBehindTheIpHeader) {
    std::vector<std::uint8_t> packet(24);
    packet[0] = 0x45;
    EXPECT_EQ(behind_ip_header(packet).size(), 4U);
    packet[0] = 0x46;
    EXPECT_EQ(behind_ip_header(packet).size(), 0U);
    for (const int first : {0x44, 0x4f, 0x60, 0x00}) {
        packet[0] = static_cast<std::uint8_t>(first);
        EXPECT_TRUE(behind_ip_header(packet).empty()) << first;
    }
    EXPECT_TRUE(behind_ip_header({}).empty());
}

}  // namespace
}  // namespace hb::comm
