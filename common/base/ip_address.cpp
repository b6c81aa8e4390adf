#include "common/base/ip_address.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <cstring>

namespace hb {

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
    const std::string copy(text);
    if (copy.find('\0') != std::string::npos) return std::nullopt;
    IpAddress a;
    if (inet_pton(AF_INET, copy.c_str(), a.bytes.data()) == 1) return a;
    a.family = Family::kV6;
    a.bytes = {};
    if (inet_pton(AF_INET6, copy.c_str(), a.bytes.data()) == 1) return a;
    return std::nullopt;
}

IpAddress IpAddress::v4(std::uint32_t host_order) {
    IpAddress a;
    const std::uint32_t n = htonl(host_order);
    std::memcpy(a.bytes.data(), &n, sizeof n);
    return a;
}

std::uint32_t IpAddress::v4_host_order() const {
    std::uint32_t n = 0;
    std::memcpy(&n, bytes.data(), sizeof n);
    return ntohl(n);
}

std::string IpAddress::to_string() const {
    char text[INET6_ADDRSTRLEN] = "";
    inet_ntop(is_v4() ? AF_INET : AF_INET6, bytes.data(), text, sizeof text);
    return text;
}

std::optional<MacAddress> MacAddress::parse(std::string_view text) {
    MacAddress mac;
    if (text.size() != 17) return std::nullopt;
    for (std::size_t i = 0; i < 6; i++) {
        if (i > 0 && text[i * 3 - 1] != ':') return std::nullopt;
        unsigned value = 0;
        for (char c : text.substr(i * 3, 2)) {
            unsigned digit = 0;
            if (c >= '0' && c <= '9')
                digit = static_cast<unsigned>(c - '0');
            else if (c >= 'a' && c <= 'f')
                digit = static_cast<unsigned>(c - 'a' + 10);
            else if (c >= 'A' && c <= 'F')
                digit = static_cast<unsigned>(c - 'A' + 10);
            else
                return std::nullopt;
            value = value * 16 + digit;
        }
        mac.bytes[i] = static_cast<std::uint8_t>(value);
    }
    return mac;
}

std::string MacAddress::to_string() const {
    return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", bytes[0], bytes[1], bytes[2],
                       bytes[3], bytes[4], bytes[5]);
}

}  // namespace hb
