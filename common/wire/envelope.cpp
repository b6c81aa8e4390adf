#include "common/wire/envelope.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "common/base/assert.hpp"
#include "common/wire/byte_order.hpp"

namespace hb::wire {
namespace {

constexpr std::array<std::uint8_t, 4> kMagic = {'H', 'A', 's', '1'};

// Places within the header; the table in envelope.hpp.
constexpr std::size_t kAtVersion = 4, kAtKeyIndex = 5, kAtMethod = 6, kAtSender = 7, kAtCluster = 8,
                      kAtPart = 12, kAtParts = 14, kAtBodyBytes = 16, kAtGeneration = 20,
                      kAtSessionStart = 28, kAtSessionNonce = 32, kAtSequence = 36,
                      kAtPartBytes = 44, kAtZero = 46;
static_assert(kAtZero + 2 == kHeaderBytes);

ByteSpan span_of(std::string_view s) {
    return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}

std::size_t part_count(std::size_t body_bytes) {
    return std::max<std::size_t>(1, (body_bytes + limits::kPartBytes - 1) / limits::kPartBytes);
}

// How many bytes of a body of this length the part carries.
std::size_t bytes_of_part(std::size_t body_bytes, std::size_t part) {
    return std::min(limits::kPartBytes, body_bytes - part * limits::kPartBytes);
}

// Authentic bytes, but from a peer that may be of another version, or mad.
bool read_header(ByteSpan h, std::size_t body_in_datagram, OpenedPart& out) {
    const std::uint8_t* p = h.data();
    if (p[kAtSender] >= limits::kNodes) return false;
    out.header.sender = node_id(p[kAtSender]);
    out.header.cluster = load_be32(p + kAtCluster);
    out.header.part = load_be16(p + kAtPart);
    out.header.parts = load_be16(p + kAtParts);
    out.body_bytes = load_be32(p + kAtBodyBytes);
    out.header.generation = load_be64(p + kAtGeneration);
    out.header.session.start = load_be32(p + kAtSessionStart);
    out.header.session.nonce = load_be32(p + kAtSessionNonce);
    out.header.sequence = load_be64(p + kAtSequence);
    return out.body_bytes <= limits::kBodyBytes && out.header.parts == part_count(out.body_bytes) &&
           out.header.part < out.header.parts && load_be16(p + kAtPartBytes) == body_in_datagram &&
           body_in_datagram == bytes_of_part(out.body_bytes, out.header.part) &&
           out.header.generation != 0 && out.header.sequence != 0 && load_be16(p + kAtZero) == 0;
}

}  // namespace

std::string encode_header(const FrameHeader& header, std::uint32_t body_bytes,
                          std::uint16_t part_bytes, std::uint8_t key_index, AuthMethod method) {
    std::array<std::uint8_t, kHeaderBytes> h{};
    std::copy(kMagic.begin(), kMagic.end(), h.begin());
    h[kAtVersion] = kWireVersion;
    h[kAtKeyIndex] = key_index;
    h[kAtMethod] = static_cast<std::uint8_t>(method);
    h[kAtSender] = static_cast<std::uint8_t>(rank(header.sender));
    store_be32(&h[kAtCluster], header.cluster);
    store_be16(&h[kAtPart], header.part);
    store_be16(&h[kAtParts], header.parts);
    store_be32(&h[kAtBodyBytes], body_bytes);
    store_be64(&h[kAtGeneration], header.generation);
    store_be32(&h[kAtSessionStart], header.session.start);
    store_be32(&h[kAtSessionNonce], header.session.nonce);
    store_be64(&h[kAtSequence], header.sequence);
    store_be16(&h[kAtPartBytes], part_bytes);
    return {h.begin(), h.end()};
}

std::string seal_part(std::string bytes, std::string_view part, const KeyRing& keys,
                      std::uint8_t key_index) {
    const auto method = keys.method(key_index);
    HB_ASSERT(method.has_value());
    bytes.reserve(bytes.size() + nonce_bytes(*method) + part.size() + tag_bytes(*method));
    if (encrypts(*method)) {
        const std::string header = bytes;
        keys.encrypt(key_index, span_of(header), span_of(part), bytes);
    } else {
        bytes.append(part);
        const Tag tag = keys.tag(key_index, span_of(bytes));
        bytes.append(reinterpret_cast<const char*>(tag.bytes.data()), tag.size);
    }
    return bytes;
}

Result<std::vector<std::string>> seal(const FrameHeader& header, std::string_view body,
                                      const KeyRing& keys) {
    if (body.size() > limits::kBodyBytes)
        return failure(
            fmt::format("a frame of {} bytes, more than {}", body.size(), limits::kBodyBytes));
    const std::uint8_t key_index = keys.signing_index();
    const auto method = keys.method(key_index);
    HB_ASSERT(method.has_value());

    FrameHeader h = header;
    h.parts = static_cast<std::uint16_t>(part_count(body.size()));
    std::vector<std::string> datagrams;
    datagrams.reserve(h.parts);
    for (h.part = 0; h.part < h.parts; ++h.part) {
        const std::string_view part =
            body.substr(h.part * limits::kPartBytes, bytes_of_part(body.size(), h.part));
        std::string bytes =
            encode_header(h, static_cast<std::uint32_t>(body.size()),
                          static_cast<std::uint16_t>(part.size()), key_index, *method);
        datagrams.push_back(seal_part(std::move(bytes), part, keys, key_index));
    }
    return datagrams;
}

std::expected<OpenedPart, Refusal> open(ByteSpan d, const KeyRing& keys) {
    using Why = Refusal::Why;
    Refusal refusal;
    const auto refuse = [&refusal](Why why) {
        refusal.why = why;
        return std::unexpected(refusal);
    };
    if (d.size() > kMaxDatagramBytes) return refuse(Why::kTooLong);
    if (d.size() < kMagic.size() || !std::equal(kMagic.begin(), kMagic.end(), d.begin()))
        return refuse(d.empty() ? Why::kTooShort : Why::kNotOurs);
    if (d.size() < kHeaderBytes) return refuse(Why::kTooShort);
    if (d[kAtVersion] != kWireVersion) return refuse(Why::kVersion);

    refusal.key_index = d[kAtKeyIndex];
    refusal.method = d[kAtMethod];
    const auto method = keys.method(refusal.key_index);
    if (!method) return refuse(Why::kUnknownKey);
    if (refusal.method != static_cast<std::uint8_t>(*method)) return refuse(Why::kWrongMethod);
    if (d.size() < kHeaderBytes + nonce_bytes(*method) + tag_bytes(*method))
        return refuse(Why::kTooShort);

    OpenedPart opened;
    const ByteSpan header = d.first(kHeaderBytes);
    if (encrypts(*method)) {
        auto plain = keys.decrypt(refusal.key_index, header, d.subspan(kHeaderBytes));
        if (!plain) return refuse(Why::kBadTag);
        opened.body = std::move(*plain);
    } else {
        const ByteSpan covered = d.first(d.size() - tag_bytes(*method));
        if (!keys.verify(refusal.key_index, covered, d.last(tag_bytes(*method))))
            return refuse(Why::kBadTag);
        const ByteSpan body = covered.subspan(kHeaderBytes);
        opened.body.assign(reinterpret_cast<const char*>(body.data()), body.size());
    }
    if (!read_header(header, opened.body.size(), opened)) return refuse(Why::kOutOfBounds);
    return opened;
}

std::expected<OpenedPart, Refusal> open(std::string_view datagram, const KeyRing& keys) {
    return open(span_of(datagram), keys);
}

std::string to_string(const Refusal& r) {
    const bool named = r.method >= static_cast<std::uint8_t>(AuthMethod::kCrc) &&
                       r.method <= static_cast<std::uint8_t>(AuthMethod::kXchacha20Poly1305);
    const std::string method =
        named ? to_string(static_cast<AuthMethod>(r.method)) : fmt::format("method {}", r.method);
    switch (r.why) {
        case Refusal::Why::kTooShort:
            return "too short";
        case Refusal::Why::kTooLong:
            return "too long";
        case Refusal::Why::kNotOurs:
            return "not a frame of ha-suite";
        case Refusal::Why::kVersion:
            return "another version of the protocol";
        case Refusal::Why::kUnknownKey:
            return fmt::format("unknown key {}", r.key_index);
        case Refusal::Why::kWrongMethod:
            return fmt::format("key {} is not for {}", r.key_index, method);
        case Refusal::Why::kBadTag:
            return fmt::format("wrong key {} ({})", r.key_index, method);
        case Refusal::Why::kOutOfBounds:
            return "authentic, but out of bounds";
    }
    return "?";
}

}  // namespace hb::wire
