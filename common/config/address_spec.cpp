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

// The kernel keeps "eth0:web" in the room of an interface name.
std::optional<Error> take_label(std::string_view text, AddressSpec& spec) {
    spec.label = text;
    if (text.empty() || spec.interface.size() + 1 + text.size() > limits::kInterfaceNameBytes ||
        text.find_first_of(":%/") != std::string_view::npos)
        return Error{fmt::format("'{}:{}' is no interface with a label", printable(spec.interface),
                                 printable(text))};
    return std::nullopt;
}

std::optional<Error> take_interface(std::string_view text, AddressSpec& spec) {
    const std::size_t colon = text.find(':');
    if (auto bad = bad_interface(text.substr(0, colon))) return bad;
    spec.interface = text.substr(0, colon);
    if (colon == std::string_view::npos) return std::nullopt;
    return take_label(text.substr(colon + 1), spec);
}

std::optional<Error> bad_v6(const AddressSpec& spec) {
    const std::string name = spec.address.to_string();
    if (!spec.label.empty())
        return Error{fmt::format("'{}:{}': an IPv6 address has no label", printable(spec.interface),
                                 printable(spec.label))};
    if (is_link_local(spec.address) && spec.interface.empty())
        return Error{
            fmt::format("{} is a link-local address: write its interface, {}/64/eth0", name, name)};
    return std::nullopt;
}

}  // namespace

Result<AddressSpec> address_of_fields(const AddressFields& fields) {
    AddressSpec spec;
    const auto address = IpAddress::parse(fields.address);
    if (!address) return failure(fmt::format("'{}' is no IP address", printable(fields.address)));
    if (!is_usable(*address))
        return failure(fmt::format("{} is not the address of a host", fields.address));
    spec.address = *address;
    if (fields.mask) {
        const Result<unsigned> prefix = parse_mask(*fields.mask, spec.address);
        if (!prefix) return std::unexpected(prefix.error());
        spec.prefix = *prefix;
    }
    if (fields.interface)
        if (auto bad = take_interface(*fields.interface, spec)) return std::unexpected(*bad);
    if (fields.label)
        if (auto bad = take_label(*fields.label, spec)) return std::unexpected(*bad);
    if (fields.broadcast) {
        const Result<IpAddress> broadcast = parse_broadcast(*fields.broadcast, spec.address);
        if (!broadcast) return std::unexpected(broadcast.error());
        spec.broadcast = *broadcast;
    }
    if (!spec.address.is_v4())
        if (auto bad = bad_v6(spec)) return std::unexpected(*bad);
    return spec;
}

Result<AddressSpec> parse_address_spec(std::string_view text) {
    const std::vector<std::string_view> parts = split_slashes(text);
    AddressFields fields{.address = parts[0]};
    const auto address = IpAddress::parse(parts[0]);
    if (address && !address->is_v4() && parts.size() > 3)
        return failure("too many fields: ip/bits/interface is the longest form of an IPv6 address");
    if (address && parts.size() > 4)
        return failure("too many fields: ip/mask/interface/broadcast is the longest form");
    // Heartbeat's rule: a third field that begins with a digit is the broadcast address.
    const bool short_form = address && address->is_v4() && parts.size() == 3 && !parts[2].empty() &&
                            parts[2][0] >= '0' && parts[2][0] <= '9';
    if (parts.size() > 1) fields.mask = parts[1];
    if (parts.size() > 2 && !short_form) fields.interface = parts[2];
    if (parts.size() > 3 || short_form) fields.broadcast = parts.back();
    return address_of_fields(fields);
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
