// IPaddr, IPaddr2, IPv6addr: an address of a group, as OCF agents call it. In haresources the same
// names are words of their own (address_spec.hpp).
#include "common/config/agents/addresses.hpp"

#include <fmt/format.h>

#include "common/config/agents/descriptions.hpp"

namespace hb::config {
namespace {

constexpr AgentParameter kPrefix = {
    .name = "cidr_netmask",
    .brief = "netmask",
    .text =
        "As a number of bits (24), or of IPv4 as a dotted quad. Not given: that of the route "
        "which leads to the address.",
};
constexpr AgentParameter kInterface = {
    .name = "nic",
    .brief = "network interface",
    .text =
        "The interface that gets the address. Not given: that of the route which leads to the "
        "address.",
};
constexpr AgentParameter kBroadcast = {
    .name = "broadcast",
    .brief = "broadcast address",
    .text = "Of IPv4. Not given: the highest address of the subnet.",
};
constexpr AgentParameter kLabel = {
    .name = "iflabel",
    .brief = "label of the address",
    .text =
        "What stands behind the colon in eth0:web, of IPv4. Not given: the first number that "
        "is free.",
};

constexpr AgentParameter kIpv4[] = {
    {.name = "ip", .brief = "IPv4 address", .text = "The address: 192.0.2.10.", .required = true},
    kInterface,
    kPrefix,
    kBroadcast,
    kLabel,
};
constexpr AgentParameter kEither[] = {
    {.name = "ip",
     .brief = "IPv4 or IPv6 address",
     .text = "The address: 192.0.2.10, 2001:db8::10.",
     .required = true},
    kInterface,
    kPrefix,
    kBroadcast,
    kLabel,
};
constexpr AgentParameter kIpv6[] = {
    {.name = "ipv6addr",
     .brief = "IPv6 address",
     .text = "The address: 2001:db8::10. The number of bits may follow it: 2001:db8::10/64.",
     .required = true},
    kPrefix,
    kInterface,
};

std::optional<std::string_view> if_given(const Parameters& given, std::string_view name) {
    const auto found = given.find(name);
    if (found == given.end() || found->second.empty()) return std::nullopt;
    return std::string_view(found->second);
}

void check_family(const Parameters& given, bool v4, bool v6, ParameterProblems& problems) {
    const Result<AddressSpec> spec = address_of_parameters(given);
    const char* const name = given.contains("ipv6addr") ? "ipv6addr" : "ip";
    if (!spec) return problems.push_back({name, spec.error().text});
    if (spec->address.is_v4() ? !v4 : !v6)
        problems.push_back(
            {name, fmt::format("{} is no IPv{} address", spec->address.to_string(), v4 ? 4 : 6)});
}

}  // namespace

Result<AddressSpec> address_of_parameters(const Parameters& given) {
    AddressFields fields{.address = if_given(given, "ip").value_or(""),
                         .mask = if_given(given, "cidr_netmask"),
                         .interface = if_given(given, "nic"),
                         .label = if_given(given, "iflabel"),
                         .broadcast = if_given(given, "broadcast")};
    if (const auto v6 = if_given(given, "ipv6addr")) {
        const std::size_t slash = v6->find('/');
        fields.address = v6->substr(0, slash);
        if (slash != std::string_view::npos && !fields.mask) fields.mask = v6->substr(slash + 1);
    }
    return address_of_fields(fields);
}

const BuiltInAgent kIPaddrAgent = {
    .type = "IPaddr",
    .brief = "An IPv4 address",
    .text =
        "Adds an IPv4 address to an interface, announces it to the network by gratuitous ARP, "
        "and removes it.",
    .parameters = kIpv4,
    .start_seconds = 20,
    .stop_seconds = 20,
    .monitor_seconds = 20,
    .monitor_interval_seconds = 10,
    .check = [](const Parameters& given,
                ParameterProblems& problems) { check_family(given, true, false, problems); },
};

const BuiltInAgent kIPaddr2Agent = {
    .type = "IPaddr2",
    .brief = "An IPv4 or IPv6 address",
    .text =
        "Adds an address to an interface, announces it to the network, and removes it. The "
        "same as IPaddr; it takes IPv6 addresses, too.",
    .parameters = kEither,
    .start_seconds = 20,
    .stop_seconds = 20,
    .monitor_seconds = 20,
    .monitor_interval_seconds = 10,
    .check = [](const Parameters& given,
                ParameterProblems& problems) { check_family(given, true, true, problems); },
};

const BuiltInAgent kIPv6addrAgent = {
    .type = "IPv6addr",
    .brief = "An IPv6 address",
    .text =
        "Adds an IPv6 address to an interface, without duplicate address detection, announces "
        "it by a neighbour advertisement, and removes it. It is there as deprecated: no "
        "traffic of this host begins with it unasked.",
    .parameters = kIpv6,
    .start_seconds = 20,
    .stop_seconds = 20,
    .monitor_seconds = 20,
    .monitor_interval_seconds = 10,
    .check = [](const Parameters& given,
                ParameterProblems& problems) { check_family(given, false, true, problems); },
};

}  // namespace hb::config
