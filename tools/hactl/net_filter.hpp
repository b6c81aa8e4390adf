// What the packet filter of this host does with heartbeats that come in, as far as the text of
// `nft list ruleset` says it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hb::hactl {

struct FilterLine {
    std::string chain;  // "inet filter input"
    std::string text;   // the rule, or "policy drop"
    bool drops = false;
    bool operator==(const FilterLine&) const = default;
};

// Of chains that see what comes in (hook input, prerouting, ingress): a policy that drops, rules
// that name the port, and rules that drop whatever comes. Chains that are jumped to, sets and maps
// are not followed.
[[nodiscard]] std::vector<FilterLine> filter_lines(std::string_view ruleset, std::uint16_t port);

}  // namespace hb::hactl
