// The envelope of a frame: header and body in, authenticated datagrams out, and back.
//
// A datagram is: header (48 bytes), nonce (encryption only), part of the body, tag. Every part
// carries the whole header and its own tag. All numbers are in network order:
//
//    0  magic "HAs1"                 20  generation (8)
//    4  version (1)                  28  session start (4)
//    5  key index                    32  session nonce (4)
//    6  method (config::AuthMethod)  36  sequence (8)
//    7  sender (rank)                44  length of this part of the body (2)
//    8  cluster (4)                  46  zero (2)
//   12  part (2), parts (2)
//   16  length of the whole body (4)
//
// The tag covers every byte before it. It is checked first, over the exact bytes and in constant
// time; only then is anything else of the header believed. All parts but the last carry exactly
// limits::kPartBytes of the body.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/frame.hpp"
#include "common/base/limits.hpp"
#include "common/base/result.hpp"
#include "common/wire/key_ring.hpp"

namespace hb::wire {

inline constexpr std::size_t kHeaderBytes = 48;
inline constexpr std::uint8_t kWireVersion = 1;
inline constexpr std::size_t kMaxParts =
    (limits::kBodyBytes + limits::kPartBytes - 1) / limits::kPartBytes;
// The longest datagram that can be ours; a receive buffer one byte longer tells truncation.
inline constexpr std::size_t kMaxDatagramBytes =
    kHeaderBytes + kNonceBytes + limits::kPartBytes + kMaxTagBytes;

// Signed with the key of `keys.signing_index()`. `header.part` and `header.parts` are set here.
// Fails when the body is longer than limits::kBodyBytes.
[[nodiscard]] Result<std::vector<std::string>> seal(const FrameHeader& header,
                                                    std::string_view body, const KeyRing& keys);

struct OpenedPart {
    FrameHeader header;
    std::uint32_t body_bytes = 0;  // of the whole body
    std::string body;              // of this part
    bool operator==(const OpenedPart&) const = default;
};

// Why a datagram was refused; small and cheap, since a flood of them must cost nothing.
struct Refusal {
    enum class Why : std::uint8_t {
        kTooShort,
        kTooLong,
        kNotOurs,      // no magic of ours
        kVersion,      // a later ha-suite?
        kUnknownKey,   // no key with this index
        kWrongMethod,  // the key of this index is for another method
        kBadTag,       // wrong key, or changed on the way
        kOutOfBounds,  // authentic, but not within our limits
    };
    Why why{};
    std::uint8_t key_index = 0;  // as the datagram says
    std::uint8_t method = 0;     // as the datagram says
    bool operator==(const Refusal&) const = default;
};
// "wrong key 1 (sha1)", "unknown key 3": for "N bad frames from ...: ".
[[nodiscard]] std::string to_string(const Refusal& r);

[[nodiscard]] std::expected<OpenedPart, Refusal> open(ByteSpan datagram, const KeyRing& keys);
[[nodiscard]] std::expected<OpenedPart, Refusal> open(std::string_view datagram,
                                                      const KeyRing& keys);

// The steps of seal(), for tests that need authentic frames with contents that seal never makes.
[[nodiscard]] std::string encode_header(const FrameHeader& header, std::uint32_t body_bytes,
                                        std::uint16_t part_bytes, std::uint8_t key_index,
                                        AuthMethod method);
// `header_bytes` as encode_header made them (or did not); key and method are those of `key_index`.
[[nodiscard]] std::string seal_part(std::string header_bytes, std::string_view part,
                                    const KeyRing& keys, std::uint8_t key_index);

}  // namespace hb::wire
