#include "daemons/hb-comm/ping_packet.hpp"

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "common/base/assert.hpp"

namespace hb::comm {
namespace {

constexpr std::size_t kHeader = 8;  // type, code, checksum, identifier, sequence
constexpr std::array<std::uint8_t, 4> kMagic = {'H', 'B', 'P', '1'};
constexpr std::size_t kNamed = kMagic.size() + 4 + 8;  // magic, host, sequence
constexpr std::size_t kTag = 16;
constexpr std::size_t kMessage = kHeader + kNamed + kTag;
constexpr std::size_t kKey = crypto_generichash_KEYBYTES;
static_assert(kTag >= crypto_generichash_BYTES_MIN);

template <typename Integer>
void put(std::span<std::uint8_t> to, Integer value) {
    for (std::size_t i = sizeof value; i-- > 0; value = static_cast<Integer>(value >> 8))
        to[i] = static_cast<std::uint8_t>(value & 0xff);
}

template <typename Integer>
Integer get(std::span<const std::uint8_t> from) {
    Integer value = 0;
    for (std::size_t i = 0; i < sizeof value; ++i)
        value = static_cast<Integer>(static_cast<Integer>(value << 8) | from[i]);
    return value;
}

std::array<std::uint8_t, kTag> tag_of(const std::uint8_t* key, const IpAddress& address,
                                      std::span<const std::uint8_t> named) {
    std::array<std::uint8_t, kTag> tag{};
    crypto_generichash_state state;
    const auto family = static_cast<std::uint8_t>(address.family);
    crypto_generichash_init(&state, key, kKey, tag.size());
    crypto_generichash_update(&state, &family, 1);
    crypto_generichash_update(&state, address.bytes.data(), address.bytes.size());
    crypto_generichash_update(&state, named.data(), named.size());
    crypto_generichash_final(&state, tag.data(), tag.size());
    sodium_memzero(&state, sizeof state);
    return tag;
}

}  // namespace

void PingSecret::Free::operator()(std::uint8_t* key) const {
    sodium_free(key);
}

PingSecret::PingSecret() {
    if (sodium_init() < 0) throw std::runtime_error("libsodium cannot be initialised");
    key_.reset(static_cast<std::uint8_t*>(sodium_malloc(kKey)));
    if (!key_) throw std::runtime_error("no protected memory for the secret of pings");
    randombytes_buf(key_.get(), kKey);
    identifier_ = static_cast<std::uint16_t>(randombytes_uniform(0x10000));
    sodium_mprotect_readonly(key_.get());
}

std::vector<std::uint8_t> PingSecret::request(const IpAddress& address,
                                              const PingAsked& asked) const {
    std::vector<std::uint8_t> message(kMessage);
    const std::span<std::uint8_t> all(message);
    message[0] = address.is_v4() ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
    put(all.subspan(4), identifier_);
    put(all.subspan(6), static_cast<std::uint16_t>(asked.sequence & 0xffff));
    const auto named = all.subspan(kHeader, kNamed);
    std::ranges::copy(kMagic, named.begin());
    put(named.subspan(4), asked.host);
    put(named.subspan(8), asked.sequence);
    std::ranges::copy(tag_of(key_.get(), address, named), all.subspan(kHeader + kNamed).begin());
    // Of ICMPv6 the kernel makes the checksum: it covers the addresses, too.
    if (address.is_v4()) put(all.subspan(2), internet_checksum(message));
    return message;
}

std::expected<PingAsked, EchoFault> PingSecret::open(const IpAddress& address,
                                                     std::span<const std::uint8_t> icmp) const {
    const std::uint8_t reply = address.is_v4() ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY;
    if (icmp.size() != kMessage || icmp[0] != reply || icmp[1] != 0 ||
        get<std::uint16_t>(icmp.subspan(4)) != identifier_)
        return std::unexpected(EchoFault::kStranger);
    const auto named = icmp.subspan(kHeader, kNamed);
    if (!std::ranges::equal(named.first(kMagic.size()), kMagic))
        return std::unexpected(EchoFault::kStranger);
    const auto tag = tag_of(key_.get(), address, named);
    if (sodium_memcmp(tag.data(), icmp.data() + kHeader + kNamed, kTag) != 0)
        return std::unexpected(EchoFault::kForged);
    return PingAsked{.host = get<std::uint32_t>(named.subspan(4)),
                     .sequence = get<std::uint64_t>(named.subspan(8))};
}

std::span<const std::uint8_t> behind_ip_header(std::span<const std::uint8_t> packet) {
    if (packet.empty() || packet[0] >> 4 != 4) return {};
    const std::size_t header = static_cast<std::size_t>(packet[0] & 0x0f) * 4;
    if (header < 20 || header > packet.size()) return {};
    return packet.subspan(header);
}

std::uint16_t internet_checksum(std::span<const std::uint8_t> bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        sum += i % 2 == 0 ? static_cast<std::uint32_t>(bytes[i]) << 8 : bytes[i];
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum & 0xffff);
}

}  // namespace hb::comm
