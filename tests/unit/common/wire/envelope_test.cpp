#include "common/wire/envelope.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/common/wire/test_keys.hpp"

namespace hb::wire {
namespace {

using testing::HasSubstr;
using Why = Refusal::Why;

FrameHeader vector_header() {
    return {.cluster = 0xc0ffee01,
            .sender = node_id(1),
            .generation = 0x1122334455667788,
            .session = {.start = 7, .nonce = 0xdeadbeef},
            .sequence = 42};
}
constexpr std::string_view kVectorBody = "the body of a frame";

std::string from_hex(std::string_view hex) {
    std::string out;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        out.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
    return out;
}

struct Vector {
    std::uint8_t key_index;
    std::string_view hex;
};

// One frame of each method, computed by other programs than ours (Python's hmac, hashlib and zlib,
// and the RFCs' algorithms written out). What is on the wire must stay readable: never change
// these.
constexpr Vector kVectors[] = {
    {0,
     "4841733101000101c0ffee010000000100000013112233445566778800000007deadbeef00000000"
     "0000002a0013000074686520626f6479206f662061206672616d6521be9c8f"},
    {1,
     "4841733101010201c0ffee010000000100000013112233445566778800000007deadbeef00000000"
     "0000002a0013000074686520626f6479206f662061206672616d651e6509b9f64490ba716532dc65"
     "47f771"},
    {2,
     "4841733101020301c0ffee010000000100000013112233445566778800000007deadbeef00000000"
     "0000002a0013000074686520626f6479206f662061206672616d654f82ba1bffc2a9eaa158aee847"
     "88e0ea9bbf7676"},
    {3,
     "4841733101030401c0ffee010000000100000013112233445566778800000007deadbeef00000000"
     "0000002a0013000074686520626f6479206f662061206672616d65708a9637d1be11c2d1b1f3dbb8"
     "5cdbb786a93a7dbc336d4c612ddae8c036917e"},
    {4,
     "4841733101040501c0ffee010000000100000013112233445566778800000007deadbeef00000000"
     "0000002a0013000074686520626f6479206f662061206672616d65af67797fb27bc3eec62c410d6a"
     "9bb903095eae7fc386d9922dc3f6f62bba734b"},
    {5,
     "4841733101050601c0ffee010000000100000013112233445566778800000007deadbeef00000000"
     "0000002a00130000000102030405060708090a0b0c0d0e0f1011121314151617d84d3a6a2f258348"
     "49ceb152789f6e5844955e5b3a0be6ab39050f2973b8f53d2a9c58"},
};

class EveryMethod : public testing::TestWithParam<Vector> {};

TEST_P(EveryMethod, VerifiesTheFixedVector) {
    const KeyRing keys = test_keys();
    const auto opened = open(from_hex(GetParam().hex), keys);
    ASSERT_TRUE(opened.has_value()) << to_string(opened.error());
    EXPECT_EQ(opened->header, vector_header());
    EXPECT_EQ(opened->body, kVectorBody);
    EXPECT_EQ(opened->body_bytes, kVectorBody.size());
}

TEST_P(EveryMethod, MakesTheFixedVector) {
    if (GetParam().key_index == 5) GTEST_SKIP() << "the nonce is random";
    const KeyRing keys = test_keys(GetParam().key_index);
    EXPECT_EQ(seal(vector_header(), kVectorBody, keys), std::vector{from_hex(GetParam().hex)});
}

TEST_P(EveryMethod, OpensWhatItSealed) {
    const KeyRing signer = test_keys(GetParam().key_index);
    const KeyRing verifier = test_keys(0);  // signs with another key, verifies all
    for (const std::size_t size : {0UL, 1UL, 1299UL, 1300UL, 1301UL, 2600UL, 5000UL}) {
        std::string body;
        for (std::size_t i = 0; i < size; ++i)
            body.push_back(static_cast<char>(i * 7));
        const auto datagrams = seal(vector_header(), body, signer);
        ASSERT_TRUE(datagrams.has_value());
        ASSERT_EQ(datagrams->size(), std::max<std::size_t>(1, (size + 1299) / 1300));
        std::string joined;
        for (std::size_t i = 0; i < datagrams->size(); ++i) {
            EXPECT_LE((*datagrams)[i].size(), kMaxDatagramBytes);
            const auto opened = open((*datagrams)[i], verifier);
            ASSERT_TRUE(opened.has_value()) << to_string(opened.error());
            EXPECT_EQ(opened->header.part, i);
            EXPECT_EQ(opened->header.parts, datagrams->size());
            EXPECT_EQ(opened->header.sequence, 42U);
            joined += opened->body;
        }
        EXPECT_EQ(joined, body);
    }
}

TEST_P(EveryMethod, RefusesEveryTruncation) {
    const KeyRing keys = test_keys();
    const std::string good = from_hex(GetParam().hex);
    for (std::size_t size = 0; size < good.size(); ++size)
        EXPECT_FALSE(open(good.substr(0, size), keys).has_value()) << size;
    EXPECT_FALSE(open(good + '\0', keys).has_value());
}

TEST_P(EveryMethod, RefusesEveryFlippedBit) {
    const KeyRing keys = test_keys();
    const std::string good = from_hex(GetParam().hex);
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
        std::string bad = good;
        bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
        EXPECT_FALSE(open(bad, keys).has_value()) << "bit " << bit;
    }
}

TEST_P(EveryMethod, RefusesAnotherKey) {
    if (GetParam().key_index == 0) GTEST_SKIP() << "crc has no key: it protects from nothing";
    config::AuthKeys other = test_auth_keys();
    for (auto& [key_index, key] : other.keys)
        if (!key.key.empty()) key.key += "x";
    const KeyRing keys = KeyRing::make(other).value();
    EXPECT_EQ(open(from_hex(GetParam().hex), keys).error().why, Why::kBadTag);
}

TEST_P(EveryMethod, RefusesAnotherMethodForItsIndex) {
    config::AuthKeys other = test_auth_keys();
    auto& key = other.keys.at(GetParam().key_index);
    key.method =
        key.method == AuthMethod::kSha1 ? AuthMethod::kMd5 : AuthMethod::kSha1;  // keep the text
    if (key.key.empty()) key.key = "k";
    const KeyRing keys = KeyRing::make(other).value();
    EXPECT_EQ(open(from_hex(GetParam().hex), keys).error().why, Why::kWrongMethod);
}

TEST_P(EveryMethod, RefusesAnIndexThatIsNotListed) {
    config::AuthKeys other = test_auth_keys();
    other.keys.erase(GetParam().key_index);
    other.sign_with = other.keys.begin()->first;
    const KeyRing keys = KeyRing::make(other).value();
    EXPECT_EQ(open(from_hex(GetParam().hex), keys).error().why, Why::kUnknownKey);
}

// Authentic frames whose header says what cannot be.
TEST_P(EveryMethod, RefusesWhatIsOutOfBounds) {
    const std::uint8_t key = GetParam().key_index;
    const KeyRing keys = test_keys(key);
    const AuthMethod method = keys.method(key).value();
    struct Case {
        const char* what;
        FrameHeader header;
        std::uint32_t body_bytes;
        std::uint16_t part_bytes;
        std::size_t carried;
        bool good = false;
    };
    const auto with = [](auto change) {
        FrameHeader h = vector_header();
        change(h);
        return h;
    };
    const FrameHeader plain = vector_header();
    const Case cases[] = {
        {"as it should be", plain, 10, 10, 10, true},
        {"last of two parts", with([](auto& h) { h.part = 1, h.parts = 2; }), 1310, 10, 10, true},
        {"sender beyond the limit", with([](auto& h) { h.sender = node_id(64); }), 10, 10, 10},
        {"no sequence", with([](auto& h) { h.sequence = 0; }), 10, 10, 10},
        {"no generation", with([](auto& h) { h.generation = 0; }), 10, 10, 10},
        {"no parts", with([](auto& h) { h.parts = 0; }), 10, 10, 10},
        {"part beyond parts", with([](auto& h) { h.part = 1; }), 10, 10, 10},
        {"part far beyond", with([](auto& h) { h.part = 65535, h.parts = 65535; }), 10, 10, 10},
        {"more parts than the body needs", with([](auto& h) { h.parts = 2; }), 10, 10, 10},
        {"fewer parts than the body needs", plain, 1310, 10, 10},
        {"part shorter than it says", plain, 10, 10, 9},
        {"part longer than it says", plain, 10, 10, 11},
        {"first part not full", with([](auto& h) { h.parts = 2; }), 1310, 1299, 1299},
        {"body beyond the limit", with([](auto& h) { h.parts = 404; }),
         static_cast<std::uint32_t>(limits::kBodyBytes) + 1, 1300, 1300},
        {"body absurd", with([](auto& h) { h.parts = 65535; }), 0xffffffff, 1300, 1300},
    };
    for (const Case& c : cases) {
        const auto opened =
            open(seal_part(encode_header(c.header, c.body_bytes, c.part_bytes, key, method),
                           std::string(c.carried, 'b'), keys, key),
                 keys);
        EXPECT_EQ(opened.has_value(), c.good) << c.what;
        if (!opened) {
            EXPECT_EQ(opened.error().why, Why::kOutOfBounds) << c.what;
        }
    }
    // Reserved bytes and a later version, authentic.
    for (const auto& [place, why] :
         {std::pair{46UL, Why::kOutOfBounds}, std::pair{4UL, Why::kVersion}}) {
        std::string header = encode_header(plain, 10, 10, key, method);
        header[place] = 2;
        const auto opened = open(seal_part(header, std::string(10, 'b'), keys, key), keys);
        ASSERT_FALSE(opened.has_value());
        EXPECT_EQ(opened.error().why, why);
    }
}

INSTANTIATE_TEST_SUITE_P(Wire, EveryMethod, testing::ValuesIn(kVectors),
                         [](const testing::TestParamInfo<Vector>& p) {
                             std::string name =
                                 to_string(test_keys().method(p.param.key_index).value());
                             std::erase(name, '-');
                             return name;
                         });

TEST(Envelope, RefusesForeignBytesAndOversize) {
    const KeyRing keys = test_keys();
    EXPECT_EQ(open("", keys).error().why, Why::kTooShort);
    EXPECT_EQ(open("###\n10:t=status,\n%%%\n", keys).error().why, Why::kNotOurs);
    EXPECT_EQ(open("HAs1", keys).error().why, Why::kTooShort);
    EXPECT_EQ(open(std::string(kMaxDatagramBytes + 1, 'x'), keys).error().why, Why::kTooLong);
}

TEST(Envelope, RefusesToSealMoreThanTheLimit) {
    const KeyRing keys = test_keys();
    EXPECT_TRUE(seal(vector_header(), std::string(limits::kBodyBytes, 'x'), keys).has_value());
    EXPECT_FALSE(seal(vector_header(), std::string(limits::kBodyBytes + 1, 'x'), keys).has_value());
}

TEST(Envelope, EncryptionHidesTheBodyAndNeverRepeatsANonce) {
    const KeyRing keys = test_keys(5);
    const auto a = seal(vector_header(), kVectorBody, keys).value().front();
    const auto b = seal(vector_header(), kVectorBody, keys).value().front();
    EXPECT_EQ(a.find(kVectorBody), std::string::npos);
    EXPECT_NE(a, b);
}

TEST(Envelope, SaysWhyInWords) {
    EXPECT_EQ(to_string(Refusal{Why::kBadTag, 1, 3}), "wrong key 1 (sha1)");
    EXPECT_EQ(to_string(Refusal{Why::kUnknownKey, 9, 3}), "unknown key 9");
    EXPECT_EQ(to_string(Refusal{Why::kWrongMethod, 2, 2}), "key 2 is not for md5");
    EXPECT_EQ(to_string(Refusal{Why::kWrongMethod, 2, 77}), "key 2 is not for method 77");
}

TEST(KeyRing, RefusesWhatCannotBeUsed) {
    struct Case {
        config::AuthKeys keys;
        const char* says;
    };
    Case cases[] = {
        {{.sign_with = 1, .keys = {}}, "auth 1"},
        {{.sign_with = 2, .keys = {{1, {AuthMethod::kSha1, "k"}}}}, "auth 2"},
        {{.sign_with = 1, .keys = {{1, {AuthMethod::kSha1, ""}}}}, "key 1: sha1 needs a key"},
        {{.sign_with = 16, .keys = {{16, {AuthMethod::kSha1, "k"}}}}, "key 16"},
    };
    for (Case& c : cases) {
        const auto ring = KeyRing::make(c.keys);
        ASSERT_FALSE(ring.has_value()) << c.says;
        EXPECT_THAT(ring.error().text, HasSubstr(c.says));
    }
}

TEST(KeyRing, WipesTheTextsItWasGiven) {
    config::AuthKeys keys = test_auth_keys();
    const std::string& text = keys.keys.at(2).key;
    const char* bytes = text.data();
    const std::size_t size = text.size();
    ASSERT_TRUE(KeyRing::make(keys).has_value());
    EXPECT_TRUE(text.empty());
    EXPECT_TRUE(std::all_of(bytes, bytes + size, [](char c) { return c == '\0'; }));
}

TEST(KeyRing, SameTextGivesEachMethodAnotherKey) {
    config::AuthKeys keys{.sign_with = 1,
                          .keys = {{1, {AuthMethod::kHmacSha256, "same"}},
                                   {2, {AuthMethod::kBlake2b, "same"}},
                                   {3, {AuthMethod::kBlake2b, "other"}}}};
    const KeyRing ring = KeyRing::make(keys).value();
    const std::uint8_t data[] = {1, 2, 3};
    EXPECT_NE(ring.tag(1, data).bytes, ring.tag(2, data).bytes);
    EXPECT_NE(ring.tag(2, data).bytes, ring.tag(3, data).bytes);
    EXPECT_TRUE(ring.verify(2, data, ring.tag(2, data).span()));
    EXPECT_FALSE(ring.verify(3, data, ring.tag(2, data).span()));
    EXPECT_FALSE(ring.verify(2, data, ring.tag(2, data).span().first(31)));
}

}  // namespace
}  // namespace hb::wire
