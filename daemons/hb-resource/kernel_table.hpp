// KernelTable: what the kernel last told us of its links, addresses and routes, IPv4 and IPv6.
// Plain values; the netlink socket fills it, everything else reads it.
//
// A dump refreshes what it names and, when it ends, drops what it did not name. Some things the
// kernel does without saying so are imitated: routes go with their link (also when it is only set
// down) and with the address that they prefer as a source.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "common/base/ip_address.hpp"

namespace hb::resource {

struct KernelLink {
    int index = 0;
    std::string name;
    MacAddress mac;
    bool up = false;       // IFF_UP
    bool carrier = false;  // IFF_LOWER_UP
    bool can_arp = true;   // Ethernet-like, without IFF_NOARP
    bool operator==(const KernelLink&) const = default;
};

struct KernelAddress {
    IpAddress address;
    unsigned prefix = 32;
    int link = 0;
    std::optional<IpAddress> broadcast;
    std::string label;        // as the kernel has it: the name of the link when none was given
    bool secondary = false;   // IPv4: goes with its subnet's primary
    std::uint32_t flags = 0;  // IFA_F_* as seen; kept so that it can be put back as it was
    std::optional<std::uint32_t> valid;  // seconds; none: for ever
    std::optional<std::uint32_t> preferred;
    bool operator==(const KernelAddress&) const = default;

    // What the kernel distinguishes addresses by; ordered so that a subnet is a range.
    using Key = std::tuple<IpAddress, int, unsigned>;
    [[nodiscard]] Key key() const { return {address, link, prefix}; }
};

// A unicast route of the main table, one per next hop.
struct KernelRoute {
    IpAddress destination;
    unsigned prefix = 0;
    std::uint8_t tos = 0;
    std::uint32_t metric = 0;
    int link = 0;
    std::optional<IpAddress> gateway;
    std::optional<IpAddress> source;
    auto operator<=>(const KernelRoute&) const = default;

    // What the kernel replaces a route by.
    using Key = std::tuple<IpAddress, unsigned, std::uint8_t, std::uint32_t>;
    [[nodiscard]] Key key() const { return {destination, prefix, tos, metric}; }
};

enum class KernelKind : std::uint8_t { kLinks, kAddresses, kRoutes };

// ---- what the netlink socket reports

struct LinkSeen {
    KernelLink link;
};
struct LinkGone {
    int index = 0;
};
struct AddressSeen {
    KernelAddress address;
};
struct AddressGone {
    KernelAddress address;
};
struct RouteSeen {
    KernelRoute route;
    bool replaces = false;  // all of the same destination, tos and metric
};
struct RouteGone {
    KernelRoute route;
};
struct DumpBegan {
    KernelKind kind{};
};
struct DumpEnded {
    KernelKind kind{};
};
// Messages were lost; everything is being dumped again.
struct KernelOverrun {};

using KernelUpdate = std::variant<LinkSeen, LinkGone, AddressSeen, AddressGone, RouteSeen,
                                  RouteGone, DumpBegan, DumpEnded, KernelOverrun>;

[[nodiscard]] std::uint32_t netmask_v4(unsigned prefix);  // host order
// False for addresses of two families.
[[nodiscard]] bool same_subnet(const IpAddress& a, const IpAddress& b, unsigned prefix);

class KernelTable {
  public:
    // Takes an update in. Returns the addresses that are there no more by it.
    std::vector<KernelAddress> apply(const KernelUpdate& update);

    // All three kinds were dumped to the end, and nothing was lost since.
    [[nodiscard]] bool synced() const;
    // Grows with every change.
    [[nodiscard]] std::uint64_t version() const { return version_; }
    // Grows with every change of a link, and when nothing is known of them any more.
    [[nodiscard]] std::uint64_t links_version() const { return links_version_; }

    [[nodiscard]] const KernelLink* link(int index) const;
    [[nodiscard]] const KernelLink* link(const std::string& name) const;
    // Every place of this address, on whatever link and with whatever prefix.
    [[nodiscard]] std::vector<KernelAddress> find(const IpAddress& address) const;
    [[nodiscard]] const KernelAddress* find(const KernelAddress::Key& key) const;
    // The secondaries that the kernel ties to this primary address. IPv6 has none.
    [[nodiscard]] std::vector<KernelAddress> secondaries_of(const KernelAddress& primary) const;
    // Does a route prefer this address as its source?
    [[nodiscard]] bool is_source(const IpAddress& address) const;
    // Grows when a route that did is gone, or prefers another.
    [[nodiscard]] std::uint64_t losses_of_source(const IpAddress& address) const;
    // Labels of all addresses on one link.
    [[nodiscard]] std::vector<std::string> labels_on(int link) const;
    // f(const KernelRoute&), in the order of destinations.
    template <typename F>
    void for_each_route(F&& f) const {
        for (const auto& [route, seen] : routes_)
            f(route);
    }

  private:
    // `seen`: number of the dump of its kind that was the newest then.
    template <typename T>
    struct Aged {
        T value;
        std::uint64_t seen = 0;
    };
    struct Dump {
        std::uint64_t number = 0;
        bool complete = false;
    };

    void take(const LinkSeen& seen, std::vector<KernelAddress>& gone);
    void take(const LinkGone& gone_link, std::vector<KernelAddress>& gone);
    void take(const AddressSeen& seen, std::vector<KernelAddress>& gone);
    void take(const AddressGone& gone_address, std::vector<KernelAddress>& gone);
    void take(const RouteSeen& seen, std::vector<KernelAddress>& gone);
    void take(const RouteGone& gone_route, std::vector<KernelAddress>& gone);
    void take(const DumpBegan& began, std::vector<KernelAddress>& gone);
    void take(const DumpEnded& ended, std::vector<KernelAddress>& gone);
    void take(const KernelOverrun& overrun, std::vector<KernelAddress>& gone);
    void drop_routes_of_link(int index);
    void drop_source(const IpAddress& source);
    void lost(const KernelRoute& route);
    Dump& dump(KernelKind kind) { return dumps_[static_cast<std::size_t>(kind)]; }

    std::map<int, Aged<KernelLink>> links_;
    std::map<KernelAddress::Key, Aged<KernelAddress>> addresses_;
    std::map<KernelRoute, std::uint64_t> routes_;  // and when they were seen, as in Aged
    std::map<IpAddress, std::uint64_t> losses_;    // by source
    Dump dumps_[3];
    std::uint64_t version_ = 0;
    std::uint64_t links_version_ = 0;
};

}  // namespace hb::resource
