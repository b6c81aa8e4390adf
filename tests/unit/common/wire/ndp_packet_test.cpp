#include "common/wire/ndp_packet.hpp"

#include <gtest/gtest.h>

#include <string>

namespace hb::wire {
namespace {

const MacAddress kOurs = *MacAddress::parse("52:54:00:12:34:56");
IpAddress ip(const char* text) {
    return *IpAddress::parse(text);
}

std::string hex(std::span<const std::uint8_t> bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t b : bytes) {
        text += kDigits[b >> 4];
        text += kDigits[b & 15];
    }
    return text;
}

// The checksums were computed by another program, for the same packets.
TEST(NdpPacket, IsWhatRfc4861Says) {
    EXPECT_EQ(hex(encode_ndp(ndp_probe(ip("2001:db8::5")))),
              "6000000000183aff"
              "00000000000000000000000000000000"
              "ff0200000000000000000001ff000005"
              "8700"
              "4ce5"
              "00000000"
              "20010db8000000000000000000000005");
    EXPECT_EQ(hex(encode_ndp(ndp_announcement(kOurs, ip("2001:db8::5")))),
              "6000000000203aff"
              "20010db8000000000000000000000005"
              "ff020000000000000000000000000001"
              "8800"
              "7467"
              "20000000"
              "20010db8000000000000000000000005"
              "0201525400123456");
    EXPECT_EQ(hex(encode_ndp(ndp_question(kOurs, ip("fe80::9"), ip("fe80::1")))).substr(0, 80),
              "6000000000203aff"
              "fe800000000000000000000000000009"
              "ff0200000000000000000001ff000001");
}

TEST(NdpPacket, ComesBackTheSame) {
    for (const NdpPacket& packet :
         {ndp_probe(ip("2001:db8::5")), ndp_announcement(kOurs, ip("2001:db8::1:2:3")),
          ndp_question(kOurs, ip("fe80::9"), ip("fe80::ffff:1"))})
        EXPECT_EQ(decode_ndp(encode_ndp(packet)), packet);
}

TEST(NdpPacket, GroupsAndTheirMacs) {
    EXPECT_EQ(solicited_node(ip("2001:db8::12:3456")).to_string(), "ff02::1:ff12:3456");
    EXPECT_EQ(multicast_mac(ip("ff02::1:ff12:3456")).to_string(), "33:33:ff:12:34:56");
    EXPECT_EQ(multicast_mac(all_nodes_v6()).to_string(), "33:33:00:00:00:01");
}

// Changes bytes and mends the checksum, so that only what the row says is wrong.
std::vector<std::uint8_t> changed(std::vector<std::uint8_t> bytes, std::size_t at,
                                  std::uint8_t value) {
    bytes[at] = value;
    bytes[42] = bytes[43] = 0;
    std::uint32_t sum = static_cast<std::uint32_t>(bytes.size() - 40) + 58;
    for (std::size_t i = 8; i < bytes.size(); i += 2)
        sum += static_cast<std::uint32_t>(bytes[i] << 8 | bytes[i + 1]);
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    bytes[42] = static_cast<std::uint8_t>(~sum >> 8);
    bytes[43] = static_cast<std::uint8_t>(~sum);
    return bytes;
}

struct Row {
    const char* name;
    bool advertisement;
    std::size_t at;
    std::uint8_t value;
    bool taken;
};

const Row kRows[] = {
    {"nothing changed", true, 0, 0x60, true},
    {"traffic class", true, 1, 0x10, true},
    {"IPv4", true, 0, 0x45, false},
    {"another protocol", true, 6, 17, false},
    {"came through a router", true, 7, 254, false},
    {"payload longer than the packet", true, 5, 33, false},
    {"payload without a target", true, 5, 23, false},
    {"echo request", true, 40, 128, false},
    {"router advertisement", true, 40, 134, false},
    {"code", true, 41, 1, false},
    {"flags", true, 44, 0x80, true},
    {"solicited, and to a group", true, 44, 0x60, false},
    {"target is a group", true, 48, 0xff, false},
    {"source is a group", true, 8, 0xff, false},
    {"option of another kind", true, 64, 14, true},
    {"option without length", true, 65, 0, false},
    {"option that is cut off", true, 65, 2, false},
    {"probe", false, 0, 0x60, true},
    {"probe to another group", false, 39, 0x99, false},
    {"question from a group", false, 8, 0xff, false},
    {"question from somebody, to any group", false, 8, 0x20, true},
};

TEST(NdpPacket, TakesWhatFulfilsTheRules) {
    for (const Row& row : kRows) {
        SCOPED_TRACE(row.name);
        const auto bytes = encode_ndp(row.advertisement ? ndp_announcement(kOurs, ip("2001:db8::5"))
                                                        : ndp_probe(ip("2001:db8::5")));
        EXPECT_EQ(decode_ndp(changed(bytes, row.at, row.value)).has_value(), row.taken);
    }
}

TEST(NdpPacket, AProbeNamesNoLinkAddress) {
    NdpPacket probe = ndp_probe(ip("2001:db8::5"));
    probe.link_address = kOurs;
    EXPECT_FALSE(decode_ndp(encode_ndp(probe)));
}

TEST(NdpPacket, AWrongChecksumAndEveryCutAreRefused) {
    auto bytes = encode_ndp(ndp_announcement(kOurs, ip("2001:db8::5")));
    for (std::size_t i = 0; i < bytes.size(); i++) {
        EXPECT_FALSE(decode_ndp(std::span(bytes).first(i))) << i;
        if (i >= 1 && i <= 3) continue;  // traffic class and flow label: of no checksum
        bytes[i] = static_cast<std::uint8_t>(bytes[i] ^ 0x40);
        EXPECT_FALSE(decode_ndp(bytes)) << i;
        bytes[i] = static_cast<std::uint8_t>(bytes[i] ^ 0x40);
    }
    bytes.resize(bytes.size() + 10);  // padding
    EXPECT_TRUE(decode_ndp(bytes));
    bytes.resize(kMostNdpBytes + 1);
    EXPECT_FALSE(decode_ndp(bytes));
}

}  // namespace
}  // namespace hb::wire
