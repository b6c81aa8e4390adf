// The parameters of IPsrcaddr, parsed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/ip_address.hpp"
#include "common/config/built_in.hpp"

namespace hb::config {

struct SourceSpec {
    IpAddress address;
    std::optional<unsigned> prefix;  // of the address, where it is there with several
    IpAddress destination;           // of the routes: a network
    unsigned destination_prefix = 0;
    std::string protocol;  // empty: any
    std::optional<std::uint32_t> metric;
    std::string table;  // empty: main
    bool operator==(const SourceSpec&) const = default;
};

// Problems go to `problems`; then what is returned means nothing.
[[nodiscard]] SourceSpec source_of_parameters(const Parameters& given, ParameterProblems& problems);

}  // namespace hb::config
