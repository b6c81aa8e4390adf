#include "daemons/hb-comm/interface_table.hpp"

#include <algorithm>

namespace hb::comm {

std::optional<IpAddress> broadcast_of(const InterfaceTable::Address& address) {
    if (address.broadcast) return address.broadcast;
    if (address.prefix == 0 || address.prefix > 30) return std::nullopt;
    return IpAddress::v4(address.address.v4_host_order() | (0xffffffffU >> address.prefix));
}

void InterfaceTable::put_link(int index, Link link) {
    // Routes go without a word when their link goes down.
    if (!link.up) routes_.erase(index);
    links_[index] = {std::move(link), true};
}

void InterfaceTable::drop_link(int index) {
    links_.erase(index);
    addresses_.erase(index);
    routes_.erase(index);
}

void InterfaceTable::put_address(int index, const Address& address) {
    auto& all = addresses_[index];
    const auto same = std::find_if(all.begin(), all.end(), [&](const auto& a) {
        return a.value.address == address.address && a.value.prefix == address.prefix;
    });
    if (same == all.end())
        all.push_back({address, true});
    else
        *same = {address, true};
}

void InterfaceTable::drop_address(int index, const IpAddress& address, unsigned prefix) {
    const auto it = addresses_.find(index);
    if (it == addresses_.end()) return;
    std::erase_if(it->second, [&](const auto& a) {
        return a.value.address == address && a.value.prefix == prefix;
    });
}

void InterfaceTable::put_route(int index, const DefaultRoute& route) {
    routes_[index][route] = true;
}

void InterfaceTable::drop_route(int index, const DefaultRoute& route) {
    if (const auto it = routes_.find(index); it != routes_.end()) it->second.erase(route);
}

void InterfaceTable::begin_dump() {
    for (auto& [index, link] : links_)
        link.seen = false;
    for (auto& [index, all] : addresses_)
        for (auto& address : all)
            address.seen = false;
    for (auto& [index, all] : routes_)
        for (auto& [route, seen] : all)
            seen = false;
}

void InterfaceTable::end_dump() {
    std::erase_if(links_, [](const auto& entry) { return !entry.second.seen; });
    for (auto& [index, all] : addresses_)
        std::erase_if(all, [](const auto& address) { return !address.seen; });
    for (auto& [index, all] : routes_)
        std::erase_if(all, [](const auto& entry) { return !entry.second; });
}

InterfaceState InterfaceTable::state(const std::string& name) const {
    InterfaceState state;
    for (const auto& [index, link] : links_) {
        if (link.value.name != name) continue;
        state.index = index;
        state.up = link.value.up;
        state.carrier = link.value.carrier;
        state.mac = link.value.mac;
    }
    if (state.index == 0) return state;
    if (const auto it = addresses_.find(state.index); it != addresses_.end()) {
        const auto first = std::find_if(it->second.begin(), it->second.end(),
                                        [](const auto& a) { return a.value.address.is_v4(); });
        if (first != it->second.end()) {
            state.address = first->value.address;
            state.broadcast = broadcast_of(first->value);
        }
        const auto v6 = std::find_if(it->second.begin(), it->second.end(),
                                     [](const auto& a) { return !a.value.address.is_v4(); });
        if (v6 != it->second.end()) state.link_local = v6->value.address;
    }
    if (const auto it = routes_.find(state.index); it != routes_.end())
        for (const auto& [route, seen] : it->second) {
            auto& gateway = route.gateway.is_v4() ? state.gateway : state.gateway_v6;
            if (!gateway) gateway = route.gateway;
        }
    return state;
}

std::optional<std::string> InterfaceTable::name_of(int index) const {
    const auto it = links_.find(index);
    if (it == links_.end()) return std::nullopt;
    return it->second.value.name;
}

std::set<std::string> InterfaceTable::names() const {
    std::set<std::string> names;
    for (const auto& [index, link] : links_)
        names.insert(link.value.name);
    return names;
}

bool InterfaceTable::is_own_mac(const MacAddress& mac) const {
    return std::any_of(links_.begin(), links_.end(),
                       [&](const auto& entry) { return entry.second.value.mac == mac; });
}

}  // namespace hb::comm
