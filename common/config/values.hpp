// The value types of the configuration, each from the text of one word (a time: one or two).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/result.hpp"
#include "common/base/time.hpp"

namespace hb::config {

// "30", "0.5", "2s", "500ms", "500 ms", "250us", "1min". No unit: seconds. At most a day.
[[nodiscard]] Result<Duration> parse_time(std::string_view text);

// on/off, yes/no, true/false, y/n, 1/0, in any letter case.
[[nodiscard]] std::optional<bool> parse_boolean(std::string_view text);

[[nodiscard]] Result<std::int64_t> parse_number(std::string_view text, std::int64_t least,
                                                std::int64_t most);

// Each says what is wrong with the name, or nothing.
[[nodiscard]] std::optional<Error> bad_node_name(std::string_view name);
[[nodiscard]] std::optional<Error> bad_interface(std::string_view name);
[[nodiscard]] std::optional<Error> bad_host(std::string_view text);     // IPv4 address or host name
[[nodiscard]] std::optional<Error> bad_host_v6(std::string_view text);  // of one host, or a name
// Whom `ping` asks: IPv4 or a name; `ping6`: IPv6 or a name; `ping_group`: any.
enum class PingFamily : std::uint8_t { kV4, kV6, kAny };
[[nodiscard]] std::optional<Error> bad_ping_host(std::string_view text, PingFamily family);

[[nodiscard]] std::string to_lower(std::string_view text);

}  // namespace hb::config
