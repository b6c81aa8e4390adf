#include "common/config/address_spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cctype>
#include <vector>

#include "common/base/limits.hpp"
#include "common/config/lexer.hpp"
#include "common/config/values.hpp"

namespace hb::config {
namespace {

std::vector<std::string_view> split_slashes(std::string_view text) {
    std::vector<std::string_view> fields;
    while (true) {
        const std::size_t slash = text.find('/');
        fields.push_back(text.substr(0, slash));
        if (slash == std::string_view::npos) return fields;
        text.remove_prefix(slash + 1);
    }
}

bool is_usable(const IpAddress& a) {
    if (!a.is_v4()) {
        const bool mapped = std::all_of(a.bytes.begin(), a.bytes.begin() + 10,
                                        [](std::uint8_t byte) { return byte == 0; }) &&
                            a.bytes[10] == 0xff && a.bytes[11] == 0xff;
        return a.bytes[0] != 0xff && !mapped && a.bytes != std::array<std::uint8_t, 16>{};
    }
    return a.bytes[0] != 0 && a.bytes[0] < 224;
}

Result<unsigned> parse_mask(std::string_view text, const IpAddress& address) {
    if (text.find('.') == std::string_view::npos) {
        const Result<std::int64_t> bits = parse_number(text, 1, address.is_v4() ? 32 : 128);
        if (!bits) return failure("bad netmask: " + bits.error().text);
        return static_cast<unsigned>(*bits);
    }
    const auto mask = IpAddress::parse(text);
    if (!mask || !mask->is_v4() || !address.is_v4())
        return failure(fmt::format("'{}' is no netmask", printable(text)));
    const std::uint32_t bits = mask->v4_host_order();
    const int prefix = std::countl_one(bits);
    if (prefix == 0 || std::popcount(bits) != prefix)
        return failure(fmt::format("netmask {} is not of ones followed by zeros", text));
    return static_cast<unsigned>(prefix);
}

Result<IpAddress> parse_broadcast(std::string_view text, const IpAddress& address) {
    const auto broadcast = IpAddress::parse(text);
    if (!broadcast || !broadcast->is_v4() || !address.is_v4())
        return failure(fmt::format("'{}' is no broadcast address", printable(text)));
    return *broadcast;
}

std::optional<Error> take_interface(std::string_view text, AddressSpec& spec) {
    const std::size_t colon = text.find(':');
    if (auto bad = bad_interface(text.substr(0, colon))) return bad;
    spec.interface = text.substr(0, colon);
    if (colon == std::string_view::npos) return std::nullopt;
    spec.label = text.substr(colon + 1);
    // The kernel keeps "eth0:web" in the room of an interface name.
    const std::string_view label = text.substr(colon + 1);
    if (label.empty() || text.size() > limits::kInterfaceNameBytes ||
        label.find_first_of(":%") != std::string_view::npos)
        return Error{fmt::format("'{}' is no interface with a label", printable(text))};
    return std::nullopt;
}

}  // namespace

Result<AddressSpec> parse_address_spec(std::string_view text) {
    const std::vector<std::string_view> fields = split_slashes(text);
    AddressSpec spec;
    const auto address = IpAddress::parse(fields[0]);
    if (!address) return failure(fmt::format("'{}' is no IP address", printable(fields[0])));
    if (!is_usable(*address))
        return failure(fmt::format("{} is not the address of a host", fields[0]));
    spec.address = *address;
    if (!address->is_v4() && fields.size() > 3)
        return failure("too many fields: ip/bits/interface is the longest form of an IPv6 address");
    if (fields.size() > 4)
        return failure("too many fields: ip/mask/interface/broadcast is the longest form");
    if (fields.size() > 1) {
        const Result<unsigned> prefix = parse_mask(fields[1], spec.address);
        if (!prefix) return std::unexpected(prefix.error());
        spec.prefix = *prefix;
    }
    // Heartbeat's rule: a third field that begins with a digit is the broadcast address.
    const bool short_form = address->is_v4() && fields.size() == 3 && !fields[2].empty() &&
                            fields[2][0] >= '0' && fields[2][0] <= '9';
    if (fields.size() > 2 && !short_form)
        if (auto bad = take_interface(fields[2], spec)) return std::unexpected(*bad);
    if (fields.size() > 3 || short_form) {
        const Result<IpAddress> broadcast = parse_broadcast(fields.back(), spec.address);
        if (!broadcast) return std::unexpected(broadcast.error());
        spec.broadcast = *broadcast;
    }
    if (!spec.address.is_v4()) {
        if (!spec.label.empty())
            return failure(fmt::format("'{}': an IPv6 address has no label", printable(fields[2])));
        if (is_link_local(spec.address) && spec.interface.empty())
            return failure(
                fmt::format("{} is a link-local address: write its interface, {}/64/eth0",
                            fields[0], fields[0]));
    }
    return spec;
}

std::string to_string(const AddressSpec& spec) {
    std::string text = spec.address.to_string();
    if (spec.prefix) text += fmt::format("/{}", *spec.prefix);
    if (!spec.interface.empty()) text += "/" + spec.interface;
    if (!spec.label.empty()) text += ":" + spec.label;
    if (spec.broadcast) text += "/" + spec.broadcast->to_string();
    return text;
}

bool is_link_local(const IpAddress& address) {
    return !address.is_v4() && address.bytes[0] == 0xfe && (address.bytes[1] & 0xc0) == 0x80;
}

bool is_address_type(std::string_view type) {
    return type == "IPaddr" || type == "IPaddr2" || type == "IPv6addr";
}

std::optional<AddressSpec> address_of(const Resource& resource) {
    if (!is_address_type(resource.type) || resource.args.empty()) return std::nullopt;
    const Result<AddressSpec> spec = parse_address_spec(resource.args[0]);
    if (!spec) return std::nullopt;
    return *spec;
}

}  // namespace hb::config
