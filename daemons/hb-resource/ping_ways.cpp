#include "daemons/hb-resource/ping_ways.hpp"

#include <algorithm>
#include <optional>
#include <tuple>

#include "common/config/address_spec.hpp"

namespace hb::resource {

namespace {

// As the kernel chooses: the longest prefix, of these the lowest metric. Each link has a route to
// link-local addresses: which way is meant is not known.
const KernelLink* way_to(const IpAddress& address, const KernelTable& kernel) {
    if (config::is_link_local(address)) return nullptr;
    std::optional<KernelRoute> best;
    kernel.for_each_route([&](const KernelRoute& route) {
        if (route.tos != 0 || !same_subnet(route.destination, address, route.prefix)) return;
        if (best &&
            std::tuple(best->prefix, route.metric) >= std::tuple(route.prefix, best->metric))
            return;
        best = route;
    });
    return best ? kernel.link(best->link) : nullptr;
}

}  // namespace

PingWays::PingWays(const std::vector<config::PingNode>& nodes) {
    for (const config::PingNode& node : nodes) {
        auto& [name, hosts] = nodes_.emplace_back(node.name, std::vector<Host>());
        for (const std::string& member : node.members)
            hosts.push_back({IpAddress::parse(member), {}});
    }
}

bool PingWays::look(const KernelTable& kernel) {
    PingPlaces now;
    for (auto& [name, hosts] : nodes_) {
        std::set<std::string>& interfaces = now.interfaces[name];
        for (Host& host : hosts) {
            if (!host.address) continue;
            const KernelLink* const found = way_to(*host.address, kernel);
            if (found != nullptr && found->up) host.interface = found->name;
            if (!host.interface.empty()) interfaces.insert(host.interface);
        }
        // One member of a group whose way is not known: neither is the group's.
        if (std::ranges::any_of(hosts, [](const Host& h) { return h.interface.empty(); }))
            interfaces.clear();
    }
    if (now == places_) return false;
    places_ = std::move(now);
    return true;
}

}  // namespace hb::resource
