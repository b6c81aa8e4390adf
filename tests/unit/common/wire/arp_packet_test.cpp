#include "common/wire/arp_packet.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace hb::wire {
namespace {

const MacAddress kOurs = *MacAddress::parse("52:54:00:12:34:56");
const MacAddress kTheirs = *MacAddress::parse("52:54:00:aa:bb:cc");
const IpAddress kVip = *IpAddress::parse("10.0.0.5");
const IpAddress kPeer = *IpAddress::parse("10.0.0.9");

std::string hex(std::span<const std::uint8_t> bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t b : bytes) {
        text += kDigits[b >> 4];
        text += kDigits[b & 15];
    }
    return text;
}

TEST(ArpPacket, IsWhatRfc826Says) {
    EXPECT_EQ(hex(encode_arp(arp_probe(kOurs, kVip))),
              "0001"
              "0800"
              "06"
              "04"
              "0001"
              "525400123456"
              "00000000"
              "000000000000"
              "0a000005");
    EXPECT_EQ(hex(encode_arp(arp_question(kOurs, kPeer, kVip))),
              "0001"
              "0800"
              "06"
              "04"
              "0001"
              "525400123456"
              "0a000009"
              "000000000000"
              "0a000005");
    EXPECT_EQ(hex(encode_arp(arp_answer(kOurs, kVip, kTheirs, kPeer))),
              "0001"
              "0800"
              "06"
              "04"
              "0002"
              "525400123456"
              "0a000005"
              "525400aabbcc"
              "0a000009");
}

TEST(ArpPacket, BackAndForthAndPadding) {
    for (const ArpPacket& p : {arp_probe(kOurs, kVip), arp_question(kOurs, kPeer, kVip),
                               arp_answer(kOurs, kVip, kTheirs, kPeer)}) {
        const auto bytes = encode_arp(p);
        EXPECT_EQ(decode_arp(bytes), p);
        std::vector<std::uint8_t> padded(bytes.begin(), bytes.end());
        padded.resize(46, 0xee);
        EXPECT_EQ(decode_arp(padded), p);
    }
}

TEST(ArpPacket, RefusesWhatIsNot) {
    const auto good = encode_arp(arp_probe(kOurs, kVip));
    for (std::size_t size = 0; size < kArpBytes; ++size)
        EXPECT_FALSE(decode_arp(std::span(good).first(size)).has_value()) << size;
    for (std::size_t place = 0; place < 8; ++place) {  // all of the fixed part matters
        auto bad = good;
        bad[place] ^= 0x40;
        EXPECT_FALSE(decode_arp(bad).has_value()) << place;
    }
}

}  // namespace
}  // namespace hb::wire
