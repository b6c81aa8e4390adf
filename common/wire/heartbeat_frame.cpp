#include "common/wire/heartbeat_frame.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "common/base/limits.hpp"
#include "common/wire/byte_order.hpp"

namespace hb::wire {
namespace {

constexpr std::string_view kBegin = "###\n";
constexpr std::string_view kEnd = "%%%\n";
constexpr std::string_view kClassic = ">>>\n";

// The polynomial of zlib's, highest bit first: of a flood each frame costs this.
constexpr std::array<std::uint32_t, 256> kCrcTable = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
        std::uint32_t crc = byte << 24U;
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc << 1U) ^ ((crc & 0x80000000U) != 0 ? 0x04c11db7U : 0U);
        table[byte] = crc;
    }
    return table;
}();

template <typename Number>
std::optional<Number> number(std::string_view text, int base = 10) {
    Number value{};
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (text.empty() || fault != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

// "LENGTH:CONTENT," off the front of `rest`.
std::optional<std::string_view> take_string(std::string_view& rest) {
    const std::size_t colon = rest.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto length = number<std::size_t>(rest.substr(0, colon));
    if (!length || *length > rest.size() - colon - 1) return std::nullopt;
    const std::string_view content = rest.substr(colon + 1, *length);
    rest.remove_prefix(colon + 1 + *length);
    if (!rest.starts_with(',')) return std::nullopt;
    rest.remove_prefix(1);
    return content;
}

ByteSpan bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

struct Claim {
    std::uint8_t key_index = 0;
    Tag tag;
};

// What stands behind the fields: "42:1 9547...,".
std::optional<Claim> claim_of(std::string_view rest) {
    const auto content = take_string(rest);
    if (!content || !rest.empty()) return std::nullopt;
    const std::size_t blank = content->find(' ');
    if (blank == std::string_view::npos) return std::nullopt;
    const auto index = number<unsigned>(content->substr(0, blank));
    const std::string_view hex = content->substr(blank + 1);
    if (!index || *index >= limits::kAuthKeys || hex.empty() || hex.size() > 2 * kMaxTagBytes)
        return std::nullopt;
    Claim claim{.key_index = static_cast<std::uint8_t>(*index), .tag = {}};
    // Its crc is printed as a number: without leading zeros.
    const std::string even = hex.size() % 2 == 0 ? std::string(hex) : "0" + std::string(hex);
    std::size_t size = 0;
    const char* end = nullptr;
    if (::sodium_hex2bin(claim.tag.bytes.data(), claim.tag.bytes.size(), even.data(), even.size(),
                         nullptr, &size, &end) != 0 ||
        end != even.data() + even.size())
        return std::nullopt;
    claim.tag.size = size;
    return claim;
}

bool is_authentic(AuthMethod method, const Claim& claim, std::string_view covered,
                  const KeyRing& keys) {
    switch (method) {
        case AuthMethod::kCrc: {
            std::array<std::uint8_t, 4> expected{};
            store_be32(expected.data(), heartbeat_crc(covered));
            if (claim.tag.size > expected.size()) return false;
            std::array<std::uint8_t, 4> said{};
            std::ranges::copy(claim.tag.span(),
                              said.end() - static_cast<std::ptrdiff_t>(claim.tag.size));
            return said == expected;
        }
        case AuthMethod::kMd5:
        case AuthMethod::kSha1:
            return claim.tag.size == tag_bytes(method) &&
                   keys.verify(claim.key_index, bytes_of(covered), claim.tag.span());
        case AuthMethod::kHmacSha256:
        case AuthMethod::kBlake2b:
        case AuthMethod::kXchacha20Poly1305:
            break;  // Heartbeat has none of these
    }
    return false;
}

// The value of "(0)NAME=VALUE", a string field.
std::optional<std::string_view> value_of(std::string_view field, std::string_view name) {
    const std::string begin = fmt::format("(0){}=", name);
    if (!field.starts_with(begin)) return std::nullopt;
    return field.substr(begin.size());
}

}  // namespace

std::uint32_t heartbeat_crc(std::string_view covered) {
    std::uint32_t crc = 0;
    for (const char c : covered)
        crc = (crc << 8U) ^ kCrcTable[(crc >> 24U) ^ static_cast<unsigned char>(c)];
    return ~crc;
}

bool is_heartbeat_frame(std::string_view datagram) {
    return datagram.starts_with(kBegin) || datagram.starts_with(kClassic);
}

std::expected<HeartbeatFrame, std::string> open_heartbeat_frame(std::string_view datagram,
                                                                const KeyRing& keys) {
    const auto refused = [](std::string_view why) {
        return std::unexpected(fmt::format("a frame of Heartbeat, {}", why));
    };
    if (datagram.starts_with(kClassic)) return refused("in a form that is not understood");
    // A binary field may contain anything; what stands behind the last field may not.
    const std::size_t end = datagram.rfind(kEnd);
    if (!datagram.starts_with(kBegin) || end == std::string_view::npos) return refused("cut short");
    const std::string_view covered = datagram.substr(0, end + kEnd.size());
    const auto claim = claim_of(datagram.substr(covered.size()));
    if (!claim) return refused("without a signature");
    const auto method = keys.method(claim->key_index);
    if (!method) return refused(fmt::format("unknown key {}", claim->key_index));
    if (!is_authentic(*method, *claim, covered, keys))
        return refused(fmt::format("wrong key {} ({})", claim->key_index, to_string(*method)));

    HeartbeatFrame frame{.kind = HeartbeatFrame::Kind::kOther};
    std::string_view rest = covered.substr(kBegin.size(), end - kBegin.size());
    while (!rest.empty()) {
        const auto field = take_string(rest);
        if (!field) return refused("authentic, but its fields cannot be read");
        if (const auto type = value_of(*field, "t")) {
            if (*type == "status") frame.kind = HeartbeatFrame::Kind::kStatus;
            if (*type == "shutdone") frame.kind = HeartbeatFrame::Kind::kShutdown;
        } else if (const auto node = value_of(*field, "src")) {
            frame.node = std::string(node->substr(0, limits::kNodeNameBytes));
        } else if (const auto generation = value_of(*field, "hg")) {
            frame.generation = number<std::uint64_t>(*generation, 16).value_or(0);
        } else if (const auto sequence = value_of(*field, "seq")) {
            frame.sequence = number<std::uint64_t>(*sequence, 16).value_or(0);
        } else if (const auto deadtime = value_of(*field, "dt")) {
            frame.deadtime =
                std::chrono::milliseconds(number<std::uint32_t>(*deadtime, 16).value_or(0));
        }
    }
    return frame;
}

}  // namespace hb::wire
