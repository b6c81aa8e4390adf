#include "daemons/hb-resource/kernel_table.hpp"

#include <algorithm>

namespace hb::resource {

std::uint32_t netmask_v4(unsigned prefix) {
    if (prefix == 0) return 0;
    return prefix >= 32 ? 0xffffffffU : 0xffffffffU << (32 - prefix);
}

bool same_subnet(const IpAddress& a, const IpAddress& b, unsigned prefix) {
    if (a.family != b.family) return false;
    const std::size_t whole = std::min<std::size_t>(prefix / 8, a.bytes.size());
    if (!std::equal(a.bytes.begin(), a.bytes.begin() + static_cast<std::ptrdiff_t>(whole),
                    b.bytes.begin()))
        return false;
    if (whole == a.bytes.size() || prefix % 8 == 0) return true;
    return ((a.bytes[whole] ^ b.bytes[whole]) & (0xff00 >> prefix % 8) & 0xff) == 0;
}

std::vector<KernelAddress> KernelTable::apply(const KernelUpdate& update) {
    std::vector<KernelAddress> gone;
    std::visit([&](const auto& alternative) { take(alternative, gone); }, update);
    version_++;
    return gone;
}

void KernelTable::take(const LinkSeen& seen, std::vector<KernelAddress>&) {
    links_version_++;
    if (!seen.link.up) drop_routes_of_link(seen.link.index);
    links_[seen.link.index] = {seen.link, dump(KernelKind::kLinks).number};
}

void KernelTable::take(const LinkGone& gone_link, std::vector<KernelAddress>& gone) {
    links_version_++;
    links_.erase(gone_link.index);
    drop_routes_of_link(gone_link.index);
    // The kernel says so of each address too, before or after; whichever comes first counts.
    std::erase_if(addresses_, [&](const auto& entry) {
        if (entry.second.value.link != gone_link.index) return false;
        gone.push_back(entry.second.value);
        return true;
    });
}

void KernelTable::take(const AddressSeen& seen, std::vector<KernelAddress>&) {
    addresses_[seen.address.key()] = {seen.address, dump(KernelKind::kAddresses).number};
}

void KernelTable::take(const AddressGone& gone_address, std::vector<KernelAddress>& gone) {
    const auto found = addresses_.find(gone_address.address.key());
    if (found == addresses_.end()) return;
    const KernelAddress value = found->second.value;
    addresses_.erase(found);
    gone.push_back(value);
    if (find(value.address).empty()) drop_source(value.address);
}

void KernelTable::take(const RouteSeen& seen, std::vector<KernelAddress>&) {
    if (seen.replaces)
        std::erase_if(routes_, [&](const auto& entry) {
            if (entry.first.key() != seen.route.key()) return false;
            if (entry.first.source != seen.route.source) lost(entry.first);
            return true;
        });
    routes_[seen.route] = dump(KernelKind::kRoutes).number;
}

void KernelTable::take(const RouteGone& gone_route, std::vector<KernelAddress>&) {
    if (routes_.erase(gone_route.route) > 0) lost(gone_route.route);
}

void KernelTable::take(const DumpBegan& began, std::vector<KernelAddress>&) {
    dump(began.kind).number++;
    dump(began.kind).complete = false;
}

void KernelTable::take(const DumpEnded& ended, std::vector<KernelAddress>& gone) {
    const std::uint64_t number = dump(ended.kind).number;
    dump(ended.kind).complete = true;
    const auto stale = [number](const auto& entry) { return entry.second.seen < number; };
    switch (ended.kind) {
        case KernelKind::kLinks: {
            std::vector<int> lost;
            for (const auto& entry : links_)
                if (stale(entry)) lost.push_back(entry.first);
            for (int index : lost)
                take(LinkGone{index}, gone);
            return;
        }
        case KernelKind::kAddresses:
            std::erase_if(addresses_, [&](const auto& entry) {
                if (!stale(entry)) return false;
                gone.push_back(entry.second.value);
                return true;
            });
            return;
        case KernelKind::kRoutes:
            std::erase_if(routes_, [&](const auto& entry) {
                if (entry.second >= number) return false;
                lost(entry.first);
                return true;
            });
            return;
    }
}

void KernelTable::take(const KernelOverrun&, std::vector<KernelAddress>&) {
    links_version_++;
    for (Dump& each : dumps_)
        each.complete = false;
}

// IPv4: a route goes with its source address. IPv6: only the preference goes.
void KernelTable::drop_source(const IpAddress& source) {
    std::map<KernelRoute, std::uint64_t> without;
    std::erase_if(routes_, [&](const auto& entry) {
        if (entry.first.source != source) return false;
        KernelRoute route = entry.first;
        lost(route);
        route.source.reset();
        if (!source.is_v4()) without.emplace(route, entry.second);
        return true;
    });
    routes_.merge(without);
}

void KernelTable::drop_routes_of_link(int index) {
    std::erase_if(routes_, [&](const auto& entry) {
        if (entry.first.link != index) return false;
        lost(entry.first);
        return true;
    });
}

bool KernelTable::synced() const {
    return std::ranges::all_of(dumps_, &Dump::complete);
}

const KernelLink* KernelTable::link(int index) const {
    const auto found = links_.find(index);
    return found == links_.end() ? nullptr : &found->second.value;
}

const KernelLink* KernelTable::link(const std::string& name) const {
    for (const auto& [index, aged] : links_)
        if (aged.value.name == name) return &aged.value;
    return nullptr;
}

std::vector<KernelAddress> KernelTable::find(const IpAddress& address) const {
    std::vector<KernelAddress> found;
    for (auto at = addresses_.lower_bound({address, 0, 0});
         at != addresses_.end() && at->second.value.address == address; ++at)
        found.push_back(at->second.value);
    return found;
}

const KernelAddress* KernelTable::find(const KernelAddress::Key& key) const {
    const auto found = addresses_.find(key);
    return found == addresses_.end() ? nullptr : &found->second.value;
}

std::vector<KernelAddress> KernelTable::secondaries_of(const KernelAddress& primary) const {
    std::vector<KernelAddress> found;
    if (!primary.address.is_v4()) return found;
    const std::uint32_t network = primary.address.v4_host_order() & netmask_v4(primary.prefix);
    for (auto at = addresses_.lower_bound({IpAddress::v4(network), 0, 0});
         at != addresses_.end() &&
         same_subnet(at->second.value.address, primary.address, primary.prefix);
         ++at) {
        const KernelAddress& other = at->second.value;
        if (other.secondary && other.link == primary.link && other.prefix == primary.prefix)
            found.push_back(other);
    }
    return found;
}

bool KernelTable::is_source(const IpAddress& address) const {
    return std::ranges::any_of(routes_,
                               [&](const auto& entry) { return entry.first.source == address; });
}

std::uint64_t KernelTable::losses_of_source(const IpAddress& address) const {
    const auto found = losses_.find(address);
    return found == losses_.end() ? 0 : found->second;
}

void KernelTable::lost(const KernelRoute& route) {
    if (route.source) losses_[*route.source]++;
}

std::vector<std::string> KernelTable::labels_on(int link) const {
    std::vector<std::string> labels;
    for (const auto& [key, aged] : addresses_)
        if (aged.value.link == link) labels.push_back(aged.value.label);
    return labels;
}

}  // namespace hb::resource
