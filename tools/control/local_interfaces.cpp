#include "tools/control/local_interfaces.hpp"

#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <memory>

namespace hb::control {

namespace {

std::optional<IpAddress> address_of(const sockaddr* from) {
    IpAddress address;
    if (from->sa_family == AF_INET) {
        sockaddr_in in{};
        std::memcpy(&in, from, sizeof in);
        return IpAddress::v4(ntohl(in.sin_addr.s_addr));
    }
    if (from->sa_family != AF_INET6) return std::nullopt;
    sockaddr_in6 in{};
    std::memcpy(&in, from, sizeof in);
    address.family = IpAddress::Family::kV6;
    std::memcpy(address.bytes.data(), &in.sin6_addr, address.bytes.size());
    return address;
}

unsigned bits_of(const sockaddr* mask) {
    const auto address = address_of(mask);
    if (!address) return 0;
    int bits = 0;
    for (const std::uint8_t byte : address->bytes)
        bits += std::popcount(byte);
    return static_cast<unsigned>(bits);
}

LocalInterface& place(std::vector<LocalInterface>& all, const std::string& name) {
    const auto it = std::ranges::find(all, name, &LocalInterface::name);
    if (it != all.end()) return *it;
    LocalInterface& made = all.emplace_back();
    made.name = name;
    return made;
}

}  // namespace

Result<std::vector<LocalInterface>> read_local_interfaces() {
    ifaddrs* raw = nullptr;
    if (::getifaddrs(&raw) != 0) return failure(std::strerror(errno));
    const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> list(raw, &::freeifaddrs);
    std::vector<LocalInterface> all;
    for (const ifaddrs* i = list.get(); i != nullptr; i = i->ifa_next) {
        const std::string label = i->ifa_name;
        LocalInterface& at = place(all, label.substr(0, label.find(':')));
        at.up = (i->ifa_flags & IFF_UP) != 0;
        at.carrier = (i->ifa_flags & IFF_RUNNING) != 0;
        at.can_arp = (i->ifa_flags & (IFF_NOARP | IFF_LOOPBACK)) == 0;
        if (i->ifa_addr == nullptr) continue;
        if (i->ifa_addr->sa_family == AF_PACKET) {
            sockaddr_ll link{};
            std::memcpy(&link, i->ifa_addr, sizeof link);
            at.index = link.sll_ifindex;
            std::copy_n(link.sll_addr, at.mac.bytes.size(), at.mac.bytes.begin());
        } else if (const auto address = address_of(i->ifa_addr)) {
            at.addresses.push_back(
                {*address, i->ifa_netmask == nullptr ? 0 : bits_of(i->ifa_netmask), label});
        }
    }
    return all;
}

bool in_network(const IpAddress& address, const LocalAddress& network) {
    if (address.family != network.address.family) return false;
    for (unsigned bit = 0; bit < network.prefix; bit++) {
        const unsigned mask = 0x80U >> (bit % 8);
        if (((address.bytes[bit / 8] ^ network.address.bytes[bit / 8]) & mask) != 0) return false;
    }
    return true;
}

// A host address is no network: it says nothing of where its neighbours are.
const LocalInterface* network_of(const std::vector<LocalInterface>& interfaces,
                                 const IpAddress& address) {
    const LocalInterface* best = nullptr;
    unsigned narrowest = 0;
    const unsigned host = address.is_v4() ? 32 : 128;
    for (const LocalInterface& interface : interfaces)
        for (const LocalAddress& a : interface.addresses) {
            if (!interface.can_arp || a.prefix == 0 || a.prefix >= host) continue;
            if (!in_network(address, a) || (best != nullptr && a.prefix <= narrowest)) continue;
            best = &interface;
            narrowest = a.prefix;
        }
    return best;
}

const LocalInterface* find_interface(const std::vector<LocalInterface>& interfaces,
                                     const std::string& name) {
    const auto it = std::ranges::find(interfaces, name, &LocalInterface::name);
    return it == interfaces.end() ? nullptr : &*it;
}

}  // namespace hb::control
