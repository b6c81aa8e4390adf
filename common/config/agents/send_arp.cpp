// SendArp: an address is announced on an interface, whether or not the interface has it.
#include <fmt/format.h>

#include "common/config/address_spec.hpp"
#include "common/config/agents/descriptions.hpp"
#include "common/config/values.hpp"

namespace hb::config {
namespace {

constexpr AgentParameter kParameters[] = {
    {.name = "ip",
     .brief = "the address that is announced",
     .text = "The address. IPv4: by gratuitous ARP; IPv6: by an unsolicited neighbour "
             "advertisement.",
     .required = true},
    {.name = "nic",
     .brief = "the interface on which it is announced",
     .text = "A network interface: the address is announced at its MAC. A label behind a colon is "
             "left out (eth0:1 is eth0).",
     .required = true},
    {.name = "background",
     .brief = "whether the start is over before the announcements are",
     .text = "yes: the start ends at once, and a process of its own repeats the announcement for "
             "five seconds. no: the start lasts as long, and fails when one cannot be sent.",
     .kind = ParameterKind::kBoolean,
     .standard = "true"},
};

void check(const Parameters& given, ParameterProblems& problems) {
    const std::string& nic = given.at("nic");
    const std::string device = nic.substr(0, nic.find(':'));
    if (const auto bad = bad_interface(device))
        return problems.push_back({"nic", fmt::format("nic: {}", bad->text)});
    // With the interface: a link-local address wants one.
    const auto spec = address_of_fields({.address = given.at("ip"), .interface = device});
    if (!spec) problems.push_back({"ip", spec.error().text});
}

}  // namespace

const BuiltInAgent kSendArpAgent = {
    .type = "SendArp",
    .brief = "Announces an address",
    .text =
        "Announces an address on an interface by gratuitous ARP when its group starts here, "
        "without adding it: for an address that is on another interface of this host, or that "
        "reaches it in another way. Addresses of IPaddr, IPaddr2 and IPv6addr are announced "
        "anyway.",
    .parameters = kParameters,
    .positional = 2,
    .address_first = true,
    .slashes = true,
    .start_seconds = 20,
    .stop_seconds = 20,
    .monitor_seconds = 20,
    .monitor_interval_seconds = 10,
    .check = check,
};

}  // namespace hb::config
