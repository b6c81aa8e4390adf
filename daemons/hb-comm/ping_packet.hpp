// ICMP echo requests that only their own answer matches, as bytes.
//
// The payload names the host (by its place in ha.cf) and the request, and carries a keyed hash over
// both and the address that was asked. The key is random, made when the process starts, and leaves
// it never: who did not see the request cannot answer it, and no answer outlives the process. What
// does not fit is told apart from a stranger's echo (other programs ping, too) and refused.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "common/base/ip_address.hpp"
#include "common/base/result.hpp"

namespace hb::comm {

struct PingAsked {
    std::uint32_t host = 0;
    std::uint64_t sequence = 0;
    bool operator==(const PingAsked&) const = default;
};

enum class EchoFault : std::uint8_t {
    kStranger,  // not ours: another program's, or no echo reply at all
    kForged,    // looks like ours, and its hash is wrong
};

class PingSecret {
  public:
    // Random. Throws std::runtime_error without protected memory.
    PingSecret();
    PingSecret(const PingSecret&) = delete;
    PingSecret& operator=(const PingSecret&) = delete;

    // The ICMP (or ICMPv6) message to send to `address`.
    [[nodiscard]] std::vector<std::uint8_t> request(const IpAddress& address,
                                                    const PingAsked& asked) const;
    // An ICMP message (without its IP header) that came from `address`.
    [[nodiscard]] std::expected<PingAsked, EchoFault> open(
        const IpAddress& address, std::span<const std::uint8_t> icmp) const;

  private:
    struct Free {
        void operator()(std::uint8_t* key) const;
    };
    std::unique_ptr<std::uint8_t[], Free> key_;
    std::uint16_t identifier_ = 0;
};

// What follows the IPv4 header that a raw socket delivers; empty: no whole packet.
[[nodiscard]] std::span<const std::uint8_t> behind_ip_header(std::span<const std::uint8_t> packet);
// The Internet checksum (RFC 1071).
[[nodiscard]] std::uint16_t internet_checksum(std::span<const std::uint8_t> bytes);

}  // namespace hb::comm
