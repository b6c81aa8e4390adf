// Which notifications of rtnetlink a socket wants: the rest never wakes its process. A thousand
// addresses that come or go are several thousand notifications, most of them of local routes.
//
// Dumps pass whole, whatever is in them: the kernel packs many objects into one message there. So
// whoever reads still checks what he reads.
#pragma once

#include "common/base/result.hpp"

namespace hb::runtime {

enum class NetlinkWish {
    // Links, addresses, and unicast routes of the main table.
    kAddressesAndRoutes,
    // Links, addresses that a host speaks from (IPv4 but secondaries, IPv6 link-local), and default
    // routes of the main table.
    kOwnAddressesAndGateways,
};

// Before the socket is a member of any group.
[[nodiscard]] Result<void> filter_netlink(int socket, NetlinkWish wish);

}  // namespace hb::runtime
