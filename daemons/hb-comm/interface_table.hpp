// What the kernel last told us of its interfaces, as plain values: filled by InterfaceWatch, read
// by media and the address watch.
//
// A dump names everything there is: what it did not name when it ends is dropped.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/ip_address.hpp"

namespace hb::comm {

struct InterfaceState {
    int index = 0;  // 0: there is no such interface now
    bool up = false;
    bool carrier = false;  // up, and the other end of the cable is there
    MacAddress mac;
    std::optional<IpAddress> address;     // first of IPv4
    std::optional<IpAddress> broadcast;   // of that address
    std::optional<IpAddress> gateway;     // default route with the lowest metric through it
    std::optional<IpAddress> link_local;  // first of IPv6
    std::optional<IpAddress> gateway_v6;
    bool operator==(const InterfaceState&) const = default;
};

class InterfaceTable {
  public:
    struct Link {
        std::string name;
        MacAddress mac;
        bool up = false;
        bool carrier = false;
        bool operator==(const Link&) const = default;
    };
    struct Address {
        IpAddress address;
        unsigned prefix = 32;
        std::optional<IpAddress> broadcast;
    };
    struct DefaultRoute {
        std::uint32_t metric = 0;
        IpAddress gateway;
        auto operator<=>(const DefaultRoute&) const = default;
    };

    void put_link(int index, Link link);
    void drop_link(int index);
    // Of IPv4 all but secondary addresses belong here, of IPv6 only link-local ones.
    void put_address(int index, const Address& address);
    void drop_address(int index, const IpAddress& address, unsigned prefix);
    void put_route(int index, const DefaultRoute& route);
    void drop_route(int index, const DefaultRoute& route);

    void begin_dump();
    void end_dump();

    [[nodiscard]] InterfaceState state(const std::string& name) const;
    [[nodiscard]] std::optional<std::string> name_of(int index) const;
    [[nodiscard]] std::set<std::string> names() const;
    // Of any interface of this host: what it says is not said by another host.
    [[nodiscard]] bool is_own_mac(const MacAddress& mac) const;

  private:
    template <typename T>
    struct Seen {
        T value;
        bool seen = true;  // by the dump under way
    };
    std::map<int, Seen<Link>> links_;
    std::map<int, std::vector<Seen<Address>>> addresses_;  // in the kernel's order
    std::map<int, std::map<DefaultRoute, bool>> routes_;
};

// Directed broadcast: what the kernel says, else what the prefix gives; none for /31 and /32.
[[nodiscard]] std::optional<IpAddress> broadcast_of(const InterfaceTable::Address& address);

}  // namespace hb::comm
