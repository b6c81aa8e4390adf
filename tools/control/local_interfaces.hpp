// The interfaces of this host with their IP addresses, as values; read once.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/ip_address.hpp"
#include "common/base/result.hpp"

namespace hb::control {

struct LocalAddress {
    IpAddress address;
    unsigned prefix = 32;  // bits of its network
    std::string label;     // "eth0:0"; the interface's name if it has none of its own
    bool operator==(const LocalAddress&) const = default;
};

struct LocalInterface {
    std::string name;
    int index = 0;
    MacAddress mac;
    bool up = false;
    bool carrier = false;
    bool can_arp = false;  // it has neighbours on a network
    std::vector<LocalAddress> addresses;
    bool operator==(const LocalInterface&) const = default;
};

[[nodiscard]] Result<std::vector<LocalInterface>> read_local_interfaces();

[[nodiscard]] bool in_network(const IpAddress& address, const LocalAddress& network);
// The one in whose network the address is, the narrowest of several; null: none.
[[nodiscard]] const LocalInterface* network_of(const std::vector<LocalInterface>& interfaces,
                                               const IpAddress& address);
[[nodiscard]] const LocalInterface* find_interface(const std::vector<LocalInterface>& interfaces,
                                                   const std::string& name);

}  // namespace hb::control
