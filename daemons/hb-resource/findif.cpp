#include "daemons/hb-resource/findif.hpp"

#include <fmt/format.h>

#include <tuple>

namespace hb::resource {

namespace {

// Does `a` serve better than `b`? False in a tie: the first found stays.
bool better(const KernelRoute& a, const KernelRoute& b) {
    const auto rank = [](const KernelRoute& route) {
        return std::tuple(route.prefix == 0, route.metric, -static_cast<int>(route.prefix));
    };
    return rank(a) < rank(b);
}

std::optional<KernelRoute> best_route(const IpAddress& address, const KernelLink* only,
                                      const KernelTable& kernel) {
    std::optional<KernelRoute> best;
    kernel.for_each_route([&](const KernelRoute& route) {
        if (!same_subnet(route.destination, address, route.prefix)) return;
        if (only != nullptr && route.link != only->index) return;
        if (!best || better(route, *best)) best = route;
    });
    return best;
}

std::optional<IpAddress> broadcast_of(const IpAddress& address, unsigned prefix) {
    if (!address.is_v4() || prefix > 30) return std::nullopt;
    return IpAddress::v4(address.v4_host_order() | ~netmask_v4(prefix));
}

}  // namespace

Result<FoundInterface> find_interface(const config::AddressSpec& spec, const KernelTable& kernel) {
    const std::string name = spec.address.to_string();
    const KernelLink* link = nullptr;
    if (spec.interface.empty() && config::is_link_local(spec.address))
        return failure(
            fmt::format("{} is a link-local address: its interface has to be named", name));
    if (!spec.interface.empty()) {
        link = kernel.link(spec.interface);
        if (link == nullptr) return failure(fmt::format("{}: no such device", spec.interface));
    }
    std::optional<unsigned> prefix = spec.prefix;
    if (link == nullptr || !prefix) {
        const std::optional<KernelRoute> route = best_route(spec.address, link, kernel);
        if (!route) return failure(fmt::format("No route to {}", name));
        if (!prefix && route->prefix == 0)
            return failure(fmt::format("Cannot use default route w/o netmask [{}]", name));
        if (!prefix) prefix = route->prefix;
        if (link == nullptr) link = kernel.link(route->link);
        if (link == nullptr) return failure(fmt::format("No route to {}", name));
    }
    if (!link->up) return failure(fmt::format("{} is down", link->name));
    return FoundInterface{link->index, link->name, *prefix,
                          spec.broadcast ? spec.broadcast : broadcast_of(spec.address, *prefix)};
}

}  // namespace hb::resource
