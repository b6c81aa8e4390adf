// Frames that Heartbeat 3.0.6 sent, byte for byte; and what is no frame of it.
#include "common/wire/heartbeat_frame.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>

namespace hb::wire {
namespace {

using testing::HasSubstr;

template <std::size_t N>
std::string bytes(const char (&text)[N]) {
    return std::string(text, N - 1);
}

const std::string kSha1Status = bytes(
    "###\012"
    "11:(0)t=status,10:(0)st=init,9:(0)dt=fa0,13:(0)protocol=1,12:(0)src=node1,"
    "27:(1)srcuuid=7v]s\321\266F\325\237\334\316S\032\030A\246,8:(0)seq=1,14:(0)hg=6b09cc7b,"
    "14:(0)ts=6b09cc7a,29:(0)ld=2.90 2.52 2.04 4/107 72,8:(0)ttl=3,"
    "50:(0)auth=1 ac3c5407abb5cd9b8491a82a0a7ce281b10fd529,"
    "%%%\012"
    "42:1 9547bd8121f8408bad509bcf7e346b5821025c71,");
const std::string kSha1Shutdown = bytes(
    "###\012"
    "13:(0)t=shutdone,10:(0)st=dead,12:(0)src=node1,"
    "27:(1)srcuuid=7v]s\321\266F\325\237\334\316S\032\030A\246,9:(0)seq=45,14:(0)hg=6b09cc7b,"
    "14:(0)ts=6b09cc88,30:(0)ld=2.70 2.50 2.04 2/104 146,8:(0)ttl=3,"
    "50:(0)auth=1 48e816c6eda4ac1770a61278ac9fcc0014c990ff,"
    "%%%\012"
    "42:1 60c02aa8681689e131adf38b0ed64a9a9f94f0fb,");
const std::string kMd5Status = bytes(
    "###\012"
    "11:(0)t=status,10:(0)st=init,9:(0)dt=fa0,13:(0)protocol=1,12:(0)src=node1,"
    "27:(1)srcuuid=O\360\250A\370\326K\326\242\032~\031\235\216\347p,8:(0)seq=1,"
    "14:(0)hg=6b09cc9d,14:(0)ts=6b09cc9c,29:(0)ld=2.22 2.40 2.01 3/102 72,8:(0)ttl=3,"
    "42:(0)auth=3 74c29603ef4911eefe58836680f7f010,"
    "%%%\012"
    "34:3 e4c7cc9250da2fe2d20321b10ab50292,");
const std::string kCrcAck = bytes(
    "###\012"
    "14:(0)t=NS_ackmsg,13:(0)dest=node1,11:(0)ackseq=1,"
    "28:(1)destuuid=T\323\231V\371\034O\002\235\253\012\303\247\201\362r,12:(0)src=node1,"
    "27:(1)srcuuid=T\323\231V\371\034O\002\235\253\012\303\247\201\362r,14:(0)hg=6b09ccb2,"
    "14:(0)ts=6b09ccb1,8:(0)ttl=3,18:(0)auth=3 d2e69fd8,"
    "%%%\012"
    "10:3 b1086c20,");

KeyRing ring(AuthMethod method, std::uint8_t index, const std::string& key) {
    config::AuthKeys keys{.sign_with = index, .keys = {{index, {method, key}}}};
    return KeyRing::make(keys).value();
}
KeyRing sha1() {
    return ring(AuthMethod::kSha1, 1, "a-key-of-the-lab");
}

// Fields as given, signed as Heartbeat's crc does it.
std::string with_crc(const std::string& fields, unsigned key = 3) {
    const std::string covered = "###\n" + fields + "%%%\n";
    std::array<char, 32> crc{};
    std::snprintf(crc.data(), crc.size(), "%u %x", key, heartbeat_crc(covered));
    const std::string tag = crc.data();
    return covered + std::to_string(tag.size()) + ":" + tag + ",";
}

TEST(HeartbeatFrame, IsKnownByItsFirstBytes) {
    EXPECT_TRUE(is_heartbeat_frame(kSha1Status));
    EXPECT_TRUE(is_heartbeat_frame(">>>\nt=status\n"));
    EXPECT_FALSE(is_heartbeat_frame("HAs1"));
    EXPECT_FALSE(is_heartbeat_frame("###"));
    EXPECT_FALSE(is_heartbeat_frame(""));
}

TEST(HeartbeatFrame, OfEachMethodIsRead) {
    EXPECT_EQ(open_heartbeat_frame(kSha1Status, sha1()),
              (HeartbeatFrame{HeartbeatFrame::Kind::kStatus, "node1", 0x6b09cc7b, 1, 4s}));
    EXPECT_EQ(open_heartbeat_frame(kSha1Shutdown, sha1()),
              (HeartbeatFrame{HeartbeatFrame::Kind::kShutdown, "node1", 0x6b09cc7b, 0x45}));
    EXPECT_EQ(open_heartbeat_frame(kMd5Status, ring(AuthMethod::kMd5, 3, "another")),
              (HeartbeatFrame{HeartbeatFrame::Kind::kStatus, "node1", 0x6b09cc9d, 1, 4s}));
    EXPECT_EQ(open_heartbeat_frame(kCrcAck, ring(AuthMethod::kCrc, 3, "")),
              (HeartbeatFrame{HeartbeatFrame::Kind::kOther, "node1", 0x6b09ccb2, 0}));
}

TEST(HeartbeatFrame, NotSignedWithOurKeyIsRefused) {
    const auto why = [](const std::string& frame, const KeyRing& keys) {
        const auto opened = open_heartbeat_frame(frame, keys);
        return opened ? std::string("accepted") : opened.error();
    };
    EXPECT_THAT(why(kSha1Status, ring(AuthMethod::kSha1, 1, "another")),
                HasSubstr("wrong key 1 (sha1)"));
    EXPECT_THAT(why(kSha1Status, ring(AuthMethod::kSha1, 2, "a-key-of-the-lab")),
                HasSubstr("unknown key 1"));
    EXPECT_THAT(why(kSha1Status, ring(AuthMethod::kHmacSha256, 1, "a-key-of-the-lab")),
                HasSubstr("wrong key 1 (hmac-sha256)"));
    EXPECT_THAT(why(kSha1Status, ring(AuthMethod::kCrc, 1, "")), HasSubstr("wrong key 1 (crc)"));
    EXPECT_THAT(why(">>>\nt=status\n<<<\n", sha1()), HasSubstr("not understood"));
}

TEST(HeartbeatFrame, WithAnyByteChangedOrMissingIsRefused) {
    const KeyRing keys = sha1();
    for (std::size_t i = 0; i < kSha1Status.size(); ++i) {
        std::string changed = kSha1Status;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        EXPECT_FALSE(open_heartbeat_frame(changed, keys)) << "byte " << i;
        EXPECT_FALSE(open_heartbeat_frame(kSha1Status.substr(0, i), keys)) << "cut at " << i;
    }
    EXPECT_FALSE(open_heartbeat_frame(kSha1Status + "x", keys));
}

TEST(HeartbeatFrame, ACrcHasNoLeadingZeros) {
    const KeyRing keys = ring(AuthMethod::kCrc, 3, "");
    unsigned short_ones = 0;
    for (int i = 0; i < 100; ++i) {
        const std::string frame =
            with_crc("11:(0)t=status,10:(0)n=" + std::to_string(100 + i) + "ab,");
        short_ones += frame.find("\n9:3 ") != std::string::npos ? 1U : 0U;
        EXPECT_TRUE(open_heartbeat_frame(frame, keys)) << frame;
    }
    EXPECT_GT(short_ones, 0U) << "the loop has to make some";
}

TEST(HeartbeatFrame, AuthenticNonsenseIsRefusedOrOther) {
    const KeyRing keys = ring(AuthMethod::kCrc, 3, "");
    EXPECT_FALSE(open_heartbeat_frame(with_crc("99:(0)t=status,"), keys)) << "longer than there is";
    EXPECT_FALSE(open_heartbeat_frame(with_crc("11:(0)t=status"), keys)) << "no comma";
    EXPECT_FALSE(open_heartbeat_frame(with_crc("-1:(0)t=status,"), keys));
    EXPECT_FALSE(open_heartbeat_frame(with_crc("x"), keys));
    EXPECT_EQ(open_heartbeat_frame(with_crc(""), keys),
              HeartbeatFrame{HeartbeatFrame::Kind::kOther});
    const auto numbers = open_heartbeat_frame(
        with_crc("11:(0)t=status,25:(0)hg=123456789abcdef0123,7:(0)seq=,"), keys);
    ASSERT_TRUE(numbers);
    EXPECT_EQ(numbers->generation, 0U);
    EXPECT_EQ(numbers->sequence, 0U);
    const auto name = open_heartbeat_frame(
        with_crc("11:(0)t=status,207:(0)src=" + std::string(200, 'n') + ","), keys);
    ASSERT_TRUE(name);
    EXPECT_EQ(name->node.size(), 63U);
}

}  // namespace
}  // namespace hb::wire
