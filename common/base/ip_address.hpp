// Addresses as values: parsed once, compared and printed without the system's help.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hb {

// An IPv4 or IPv6 address. IPv4 uses the first four bytes; the others are zero.
struct IpAddress {
    enum class Family : std::uint8_t { kV4, kV6 };
    Family family = Family::kV4;
    std::array<std::uint8_t, 16> bytes{};  // network order

    [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text);  // no host names
    [[nodiscard]] static IpAddress v4(std::uint32_t host_order);
    [[nodiscard]] std::uint32_t v4_host_order() const;  // only for kV4
    [[nodiscard]] bool is_v4() const { return family == Family::kV4; }
    [[nodiscard]] std::string to_string() const;
    auto operator<=>(const IpAddress&) const = default;
};

struct MacAddress {
    std::array<std::uint8_t, 6> bytes{};
    [[nodiscard]] static std::optional<MacAddress> parse(std::string_view text);
    [[nodiscard]] std::string to_string() const;  // 52:54:00:12:34:56
    auto operator<=>(const MacAddress&) const = default;
};

// An address on an interface: what is claimed, probed, announced.
struct PlacedAddress {
    IpAddress address;
    std::string interface;  // device name as the kernel has it, without a label
    auto operator<=>(const PlacedAddress&) const = default;
};

}  // namespace hb
