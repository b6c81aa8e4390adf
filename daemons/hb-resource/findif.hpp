// findif: which interface, netmask and broadcast an address of haresources gets, as Heartbeat's
// program of that name chose them. A plain function of the kernel's links and routes; for IPv6 by
// the same rules, without a broadcast address.
//
// What the word says counts. Else, of the routes that lead to the address (over the interface that
// the word names, if it does): the one with the lowest metric, of these the most specific; the
// default route only if there is no other. It gives the interface and the netmask, but the default
// route gives no netmask. The broadcast address is the highest of the subnet. Link-local addresses
// want the interface named: each has a route to them.
#pragma once

#include <optional>
#include <string>

#include "common/base/ip_address.hpp"
#include "common/base/result.hpp"
#include "common/config/address_spec.hpp"
#include "daemons/hb-resource/kernel_table.hpp"

namespace hb::resource {

struct FoundInterface {
    int link = 0;
    std::string interface;
    unsigned prefix = 32;
    std::optional<IpAddress> broadcast;  // none for /31, /32 and IPv6
    bool operator==(const FoundInterface&) const = default;
};

[[nodiscard]] Result<FoundInterface> find_interface(const config::AddressSpec& spec,
                                                    const KernelTable& kernel);

}  // namespace hb::resource
