// IPsrcaddr: what this host sends begins with an address of the group.
#include "common/config/agents/ip_srcaddr.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "common/config/address_spec.hpp"
#include "common/config/agents/descriptions.hpp"
#include "common/config/lexer.hpp"
#include "common/config/values.hpp"

namespace hb::config {
namespace {

constexpr AgentParameter kParameters[] = {
    {.name = "ipaddress",
     .brief = "the source address",
     .text = "An address that this host has when the resource starts: put it behind IPaddr in its "
             "group.",
     .required = true},
    {.name = "cidr_netmask",
     .brief = "netmask of the address",
     .text = "Only needed where the address is there more than once: bits (24), or a dotted quad."},
    {.name = "destination",
     .brief = "destination of the routes",
     .text = "The routes to it get the source address. The default route's: then also the route to "
             "the network that the address is in.",
     .standard = "0.0.0.0/0"},
    {.name = "proto",
     .brief = "protocol of the routes",
     .text = "Only routes of this protocol (kernel, static, 4): those to the destination, or for "
             "the default route those to the address's network."},
    {.name = "metric",
     .brief = "metric of the routes",
     .text = "Only routes of this metric: as with proto.",
     .kind = ParameterKind::kInteger},
    {.name = "table",
     .brief = "routing table",
     .text = "main, local, a name of /etc/iproute2/rt_tables, or a number.",
     .standard = "main"},
};

bool is_loopback(const IpAddress& address) {
    return address.is_v4() ? address.bytes[0] == 127 : address == *IpAddress::parse("::1");
}

bool is_network(const IpAddress& address, unsigned prefix) {
    for (unsigned bit = prefix; bit < (address.is_v4() ? 32U : 128U); bit++)
        if ((address.bytes[bit / 8] >> (7 - bit % 8) & 1) != 0) return false;
    return true;
}

void take_destination(const std::string& text, SourceSpec& spec, ParameterProblems& problems) {
    if (!spec.address.is_v4()) spec.destination.family = IpAddress::Family::kV6;
    // What the description says is the default; of IPv6 it is written otherwise.
    if (text.empty() || text == "default" || text == "0.0.0.0/0") return;
    const std::size_t slash = text.find('/');
    const auto network = IpAddress::parse(text.substr(0, slash));
    const auto bits =
        slash == std::string::npos
            ? Result<std::int64_t>(std::unexpect, "")
            : parse_number(text.substr(slash + 1), 0, network && network->is_v4() ? 32 : 128);
    if (!network || !bits)
        return problems.push_back(
            {"destination", fmt::format("destination: '{}' is no network: write 192.0.2.0/24, or "
                                        "default",
                                        printable(text))});
    spec.destination = *network;
    spec.destination_prefix = static_cast<unsigned>(*bits);
    if (network->family != spec.address.family)
        problems.push_back({"destination", fmt::format("destination: {} does not go with {}", text,
                                                       spec.address.to_string())});
    else if (!is_network(*network, spec.destination_prefix))
        problems.push_back(
            {"destination", fmt::format("destination: {} is no network: it has bits behind the /{}",
                                        text, spec.destination_prefix)});
}

// Of a table or protocol: which there are is a matter of the host.
void check_name(const char* name, const std::string& text, ParameterProblems& problems) {
    const auto is_good = [](char c) { return c > ' ' && c < 0x7f && c != '/'; };
    if (text.size() > 64 || !std::ranges::all_of(text, is_good))
        problems.push_back(
            {name, fmt::format("{}: '{}' is neither a name nor a number", name, printable(text))});
}

void check(const Parameters& given, ParameterProblems& problems) {
    (void)source_of_parameters(given, problems);
}

}  // namespace

SourceSpec source_of_parameters(const Parameters& given, ParameterProblems& problems) {
    SourceSpec spec;
    const std::string mask = value_of(given, "cidr_netmask");
    const auto address =
        IpAddress::parse(value_of(given, "ipaddress"));  // link-local ones want no interface here
    const auto parsed = address_of_fields({.address = value_of(given, "ipaddress")});
    if (!address || (!parsed && !is_link_local(*address))) {
        problems.push_back({"ipaddress", parsed.error().text});
        return spec;
    }
    spec.address = *address;
    if (is_loopback(*address))
        problems.push_back(
            {"ipaddress", fmt::format("{} is a loopback address: it cannot be a source address",
                                      address->to_string())});
    if (!mask.empty() && !is_link_local(*address)) {
        const auto with_mask =
            address_of_fields({.address = value_of(given, "ipaddress"), .mask = mask});
        if (with_mask)
            spec.prefix = with_mask->prefix;
        else
            problems.push_back({"cidr_netmask", with_mask.error().text});
    }
    take_destination(value_of(given, "destination"), spec, problems);
    spec.protocol = value_of(given, "proto");
    check_name("proto", spec.protocol, problems);
    spec.table = value_of(given, "table");
    check_name("table", spec.table, problems);
    if (const std::string metric = value_of(given, "metric"); !metric.empty()) {
        const auto number = parse_number(metric, 0, std::numeric_limits<std::uint32_t>::max());
        if (number)
            spec.metric = static_cast<std::uint32_t>(*number);
        else
            problems.push_back({"metric", fmt::format("metric: {}", number.error().text)});
    }
    return spec;
}

const BuiltInAgent kIPsrcaddrAgent = {
    .type = "IPsrcaddr",
    .brief = "Sets the source address of what this host sends",
    .text =
        "Makes an address the preferred source address of the default route over its "
        "interface, and of the route to its network, when its group starts here; puts back "
        "what was there when it stops. A route that has gone meanwhile with its source "
        "address is put back, too.",
    .parameters = kParameters,
    .positional = 1,
    .address_first = true,
    .start_seconds = 20,
    .stop_seconds = 20,
    .monitor_seconds = 20,
    .monitor_interval_seconds = 10,
    .check = check,
};

}  // namespace hb::config
