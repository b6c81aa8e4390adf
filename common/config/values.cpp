#include "common/config/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <span>
#include <string>

#include "common/base/ip_address.hpp"
#include "common/base/limits.hpp"
#include "common/config/lexer.hpp"

namespace hb::config {
namespace {

constexpr std::size_t kHostNameBytes = 253;  // DNS
constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kLongestMicros = 24 * 3600 * kMicrosPerSecond;

struct Unit {
    std::string_view name;
    std::int64_t micros;
};
constexpr std::array kUnits = {
    Unit{"", kMicrosPerSecond},
    Unit{"s", kMicrosPerSecond},
    Unit{"sec", kMicrosPerSecond},
    Unit{"secs", kMicrosPerSecond},
    Unit{"second", kMicrosPerSecond},
    Unit{"seconds", kMicrosPerSecond},
    Unit{"ms", 1000},
    Unit{"msec", 1000},
    Unit{"msecs", 1000},
    Unit{"us", 1},
    Unit{"usec", 1},
    Unit{"usecs", 1},
    Unit{"min", 60 * kMicrosPerSecond},
    Unit{"mins", 60 * kMicrosPerSecond},
    Unit{"minute", 60 * kMicrosPerSecond},
    Unit{"minutes", 60 * kMicrosPerSecond},
};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_letter_or_digit(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

Result<std::int64_t> unit_micros(std::string_view name) {
    const std::string unit = to_lower(name);
    for (const Unit& u : kUnits)
        if (u.name == unit) return u.micros;
    if (unit == "m")
        return failure("unit 'm' could be minutes or milliseconds: write 'min' or 'ms'");
    return failure(
        fmt::format("unknown unit '{}': use us, ms, s or min (none: seconds)", printable(name)));
}

// `digits` as a whole number; more than fits counts as the most.
std::int64_t saturating(std::string_view digits) {
    std::int64_t value = 0;
    for (char c : digits)
        if (value <= kLongestMicros * 10) value = value * 10 + (c - '0');
    return value;
}

}  // namespace

std::string to_lower(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return result;
}

Result<Duration> parse_time(std::string_view text) {
    if (text.starts_with('-')) return failure("a time cannot be negative");
    const std::size_t whole_end = std::min(text.find_first_not_of("0123456789"), text.size());
    const std::string_view whole = text.substr(0, whole_end);
    std::string_view rest = text.substr(whole_end);
    std::string_view fraction;
    if (rest.starts_with('.')) {
        rest.remove_prefix(1);
        fraction = rest.substr(0, std::min(rest.find_first_not_of("0123456789"), rest.size()));
        rest.remove_prefix(fraction.size());
    }
    if (whole.empty() && fraction.empty())
        return failure(
            fmt::format("'{}' is no time: a number is wanted, with us, ms, s or min after "
                        "it (none: seconds)",
                        printable(text)));
    rest.remove_prefix(std::min(rest.find_first_not_of(kBlanks), rest.size()));
    const Result<std::int64_t> unit = unit_micros(rest);
    if (!unit) return std::unexpected(unit.error());

    const std::int64_t units = saturating(whole);
    if (units > kLongestMicros / *unit) return failure("more than a day");
    // Nine digits of the fraction are more than a microsecond of a minute; the tenth cannot matter.
    std::int64_t part = 0;
    std::int64_t scale = 1;
    for (char c : fraction.substr(0, 9)) {
        part = part * 10 + (c - '0');
        scale *= 10;
    }
    const std::int64_t micros = units * *unit + (part * *unit + scale / 2) / scale;
    if (micros > kLongestMicros) return failure("more than a day");
    return std::chrono::microseconds(micros);
}

std::optional<bool> parse_boolean(std::string_view text) {
    const std::string word = to_lower(text);
    if (word == "on" || word == "yes" || word == "true" || word == "y" || word == "1") return true;
    if (word == "off" || word == "no" || word == "false" || word == "n" || word == "0")
        return false;
    return std::nullopt;
}

Result<std::int64_t> parse_number(std::string_view text, std::int64_t least, std::int64_t most) {
    std::int64_t value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code == std::errc::invalid_argument || end != text.data() + text.size())
        return failure(fmt::format("'{}' is no whole number", printable(text)));
    if (code != std::errc() || value < least || value > most)
        return failure(fmt::format("{} is not within {} to {}", printable(text), least, most));
    return value;
}

std::optional<Error> bad_node_name(std::string_view name) {
    if (name.size() > limits::kNodeNameBytes)
        return Error{
            fmt::format("'{}' is longer than {} letters", printable(name), limits::kNodeNameBytes)};
    const auto is_good = [](char c) {
        return is_letter_or_digit(c) || c == '-' || c == '.' || c == '_';
    };
    if (name.empty() || !std::ranges::all_of(name, is_good) || !is_letter_or_digit(name.front()))
        return Error{
            fmt::format("'{}' is no node name (letters, digits, '-', '.', '_')", printable(name))};
    return std::nullopt;
}

std::optional<Error> bad_interface(std::string_view name) {
    const std::size_t colon = name.find(':');
    if (colon != std::string_view::npos && colon > 0)
        return Error{fmt::format("'{}' is the label of an address, not an interface: write '{}'",
                                 printable(name), printable(name.substr(0, colon)))};
    if (name.size() > limits::kInterfaceNameBytes)
        return Error{fmt::format("'{}' is no interface: longer than {} letters", printable(name),
                                 limits::kInterfaceNameBytes)};
    const auto is_good = [](char c) { return c > 0x20 && c < 0x7f && c != '/' && c != ':'; };
    if (name.empty() || name == "." || name == ".." || !std::ranges::all_of(name, is_good))
        return Error{fmt::format("'{}' is no interface", printable(name))};
    return std::nullopt;
}

namespace {

bool is_host_name(std::string_view text) {
    const auto is_good = [](char c) {
        return is_letter_or_digit(c) || c == '-' || c == '.' || c == '_';
    };
    return !text.empty() && text.size() <= kHostNameBytes && std::ranges::all_of(text, is_good) &&
           is_letter_or_digit(text.front());
}

// A host name of these only would be a mistyped address.
bool is_digits_and_dots(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return is_digit(c) || c == '.'; });
}

}  // namespace

std::optional<Error> bad_host(std::string_view text) {
    if (const auto address = IpAddress::parse(text)) {
        if (address->is_v4()) return std::nullopt;
        return Error{fmt::format(
            "'{}' is an IPv6 address; an IPv4 address or a host name is wanted", printable(text))};
    }
    if (!is_host_name(text))
        return Error{fmt::format("'{}' is neither an address nor a host name", printable(text))};
    if (is_digits_and_dots(text))
        return Error{fmt::format("'{}' is no IPv4 address", printable(text))};
    return std::nullopt;
}

std::optional<Error> bad_host_v6(std::string_view text) {
    const auto address = IpAddress::parse(text);
    if (!address) {
        if (is_host_name(text) && !is_digits_and_dots(text)) return std::nullopt;
        return Error{
            fmt::format("'{}' is neither an IPv6 address nor a host name", printable(text))};
    }
    if (address->is_v4())
        return Error{fmt::format(
            "'{}' is an IPv4 address; an IPv6 address or a host name is wanted", printable(text))};
    // ::ffff:10.0.0.1 is an IPv4 address in disguise.
    constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (address->bytes[0] == 0xff ||
        std::ranges::equal(kMapped, std::span(address->bytes).first(kMapped.size())) ||
        *address == IpAddress{.family = IpAddress::Family::kV6})
        return Error{fmt::format("'{}' is not the address of one host", printable(text))};
    return std::nullopt;
}

std::optional<Error> bad_ping_host(std::string_view text, PingFamily family) {
    const auto address = IpAddress::parse(text);
    if (!address) {
        if (text.find('%') != std::string_view::npos && text.find(':') != std::string_view::npos)
            return Error{
                fmt::format("'{}' names an interface: an address that every node reaches "
                            "is wanted",
                            printable(text))};
        return bad_host(text);
    }
    if (family == PingFamily::kV4 && !address->is_v4())
        return Error{fmt::format(
            "'{}' is an IPv6 address: that is for 'ping6', or for a ping_group", printable(text))};
    if (family == PingFamily::kV6 && address->is_v4())
        return Error{fmt::format("'{}' is an IPv4 address: that is for 'ping'", printable(text))};
    return std::nullopt;
}

}  // namespace hb::config
