#include "daemons/hb-resource/ping_ways.hpp"

#include <algorithm>

#include "daemons/hb-resource/findif.hpp"

namespace hb::resource {

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
            // A host's route, not an address of ours: the default route will do.
            const auto found = find_interface(
                {.address = *host.address, .prefix = host.address->is_v4() ? 32U : 128U}, kernel);
            if (found) host.interface = found->interface;
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
