// What IPsrcaddr does to routes, decided: pure. Given the routes of one table as the kernel has
// them, where the address is, and what is remembered of an earlier start.
//
// Remembered is each route as it was without our source address. A stop gives the source back that
// was remembered, to routes that have ours; a route that is gone altogether is added again, as it
// was, unless another one leads to its destination now: the kernel takes IPv4 routes away with the
// address that they name as source, and this host must not lose its default route over that. What
// others have changed since is theirs and stays.
//
// A route that could not be added again (its interface is down) is *left*: no start is under way
// for it any more, but the next stop tries again, and the next start adds it with our source.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "common/base/ip_address.hpp"
#include "common/base/result.hpp"

namespace hb::agent {

// A route of the kernel's; of several next hops, all of it.
struct SourceRoute {
    std::uint32_t table = 0;
    IpAddress destination;
    unsigned prefix = 0;
    std::uint8_t tos = 0;
    std::uint32_t metric = 0;
    std::uint8_t protocol = 0;
    bool is_direct = false;      // without a gateway
    bool is_advertised = false;  // IPv6: the kernel's own, of router advertisements
    std::vector<int> links;
    std::optional<IpAddress> source;
    std::string text;     // "default via 10.0.0.254 dev eth0"
    std::string message;  // as the kernel has it, whatever that is

    // What the kernel replaces a route by.
    [[nodiscard]] auto key() const { return std::tuple(table, destination, prefix, tos, metric); }
    bool operator==(const SourceRoute&) const = default;
};
using SourceRoutes = std::vector<SourceRoute>;

struct SourceMemo {
    SourceRoutes changed;  // by a start that no stop undid
    SourceRoutes left;     // to be added again
    bool operator==(const SourceMemo&) const = default;
};

struct SourceQuestion {
    IpAddress address;
    IpAddress destination;
    unsigned destination_prefix = 0;
    std::optional<std::uint8_t> protocol;
    std::optional<std::uint32_t> metric;
    std::vector<int> links;  // where the address is; none: it is not here
    std::string where;       // "eth0": for what is said
};

struct SourceStep {
    enum class What : std::uint8_t { kReplace = 1, kAdd } what{};
    SourceRoute route;                // as it is, or (kAdd) was
    std::optional<IpAddress> source;  // that it shall have
    bool operator==(const SourceStep&) const = default;
};

struct SourcePlan {
    SourceMemo remember;  // before the first step
    std::vector<SourceStep> steps;
};

// `others`: what other resources of this kind remember. The error says what is missing.
[[nodiscard]] Result<SourcePlan> plan_source_start(const SourceQuestion& question,
                                                   const SourceRoutes& present,
                                                   const SourceMemo& remembered,
                                                   const SourceRoutes& others);

[[nodiscard]] SourcePlan plan_source_stop(const SourceQuestion& question,
                                          const SourceRoutes& present,
                                          const SourceMemo& remembered);

// What came of a stop, by the routes as they are behind its steps.
struct SourceEnd {
    std::string still;  // a route that has our source: the stop failed. Empty: none
    SourceRoutes left;  // to be remembered
};
[[nodiscard]] SourceEnd source_end(const SourceQuestion& question, const SourceRoutes& present,
                                   const SourceMemo& remembered);

enum class SourceState : std::uint8_t { kSet = 1, kNotSet, kWrong };
struct SourceAnswer {
    SourceState state{};
    std::string reason;  // of kWrong
};
[[nodiscard]] SourceAnswer source_state(const SourceQuestion& question, const SourceRoutes& present,
                                        const SourceMemo& remembered);

[[nodiscard]] std::string source_text(const std::optional<IpAddress>& source);

}  // namespace hb::agent
