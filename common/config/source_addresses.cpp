#include "common/config/source_addresses.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "common/config/address_spec.hpp"
#include "common/config/agents/ip_srcaddr.hpp"
#include "common/config/built_in.hpp"
#include "common/config/lexer.hpp"

namespace hb::config {
namespace {

constexpr std::string_view kType = "IPsrcaddr";

// Of what came through the parser without an error.
std::optional<SourceSpec> source_of(const Resource& resource) {
    const BuiltInAgent* const agent = find_built_in(kType);
    if (resource.type != kType || agent == nullptr) return std::nullopt;
    const Arguments arguments = built_in_arguments(*agent, resource.args);
    ParameterProblems problems = check_parameters(*agent, arguments.given);
    if (arguments.refused || !problems.empty()) return std::nullopt;
    return source_of_parameters(arguments.given, problems);
}

bool provides(const Resource& resource, const IpAddress& address) {
    if (const auto own = address_of(resource)) return own->address == address;
    // An OCF agent, or a script: ip=10.0.0.5, 10.0.0.5/24.
    return std::ranges::any_of(resource.args, [&](std::string_view arg) {
        arg.remove_prefix(arg.find('=') + 1);
        return IpAddress::parse(arg.substr(0, arg.find('/'))) == address;
    });
}

}  // namespace

void check_source_addresses(const Settings& settings, Diagnostics& diagnostics) {
    using Routes = std::tuple<std::string, IpAddress, unsigned, std::optional<std::uint32_t>>;
    std::map<Routes, Position> of_others;  // of the groups before this one
    for (const Group& group : settings.groups) {
        std::map<Routes, Position> of_this;
        for (auto at = group.resources.begin(); at != group.resources.end(); ++at) {
            const auto source = source_of(*at);
            if (!source) continue;
            const std::string word = printable(at->word);
            if (std::none_of(group.resources.begin(), at, [&](const Resource& other) {
                    return provides(other, source->address);
                }))
                diagnostics.warning(
                    at->position,
                    fmt::format("{}: nothing to the left of it gives this host the address {}",
                                word, source->address.to_string()));
            const Routes routes = {source->table.empty() ? "main" : source->table,
                                   source->destination, source->destination_prefix, source->metric};
            const auto [first, is_new] = of_this.emplace(routes, at->position);
            if (!is_new)
                diagnostics.error(at->position,
                                  fmt::format("{}: its routes have a source already, given at {}",
                                              word, to_string(first->second)));
            else if (const auto other = of_others.find(routes); other != of_others.end())
                diagnostics.warning(
                    at->position,
                    fmt::format("{}: the same routes as at {}; on one node only one of the two "
                                "groups can start",
                                word, to_string(other->second)));
        }
        of_others.merge(of_this);
    }
}

}  // namespace hb::config
