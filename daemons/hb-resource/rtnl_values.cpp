#include "daemons/hb-resource/rtnl_values.hpp"

#include <linux/if.h>
#include <linux/if_addr.h>
#include <net/if_arp.h>
#include <netlink/addr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <sys/socket.h>

#include <cstring>

namespace hb::resource {

namespace {

constexpr std::uint32_t kForEver = 0xffffffff;  // as a lifetime

struct FreeAddress {
    void operator()(rtnl_addr* address) const { rtnl_addr_put(address); }
};
struct FreeNlAddress {
    void operator()(nl_addr* address) const { nl_addr_put(address); }
};

std::optional<IpAddress> ip_of(nl_addr* address) {
    if (address == nullptr) return std::nullopt;
    const int family = nl_addr_get_family(address);
    if (family != AF_INET && family != AF_INET6) return std::nullopt;
    IpAddress result;
    if (family == AF_INET6) result.family = IpAddress::Family::kV6;
    const std::size_t length = nl_addr_get_len(address);
    if (length == (family == AF_INET ? 4 : 16))
        std::memcpy(result.bytes.data(), nl_addr_get_binary_addr(address), length);
    else if (length != 0)  // the default route's destination has no bytes
        return std::nullopt;
    return result;
}

std::unique_ptr<nl_addr, FreeNlAddress> nl_addr_of(const IpAddress& address, unsigned prefix) {
    std::unique_ptr<nl_addr, FreeNlAddress> result(
        address.is_v4() ? nl_addr_build(AF_INET, address.bytes.data(), 4)
                        : nl_addr_build(AF_INET6, address.bytes.data(), 16));
    if (result) nl_addr_set_prefixlen(result.get(), static_cast<int>(prefix));
    return result;
}

void link_update(rtnl_link* link, bool gone, std::vector<KernelUpdate>& out) {
    // A bridge says "gone" of a port that only left it; that is not the link's end.
    if (rtnl_link_get_family(link) != AF_UNSPEC) return;
    if (gone) {
        out.emplace_back(LinkGone{rtnl_link_get_ifindex(link)});
        return;
    }
    KernelLink result;
    result.index = rtnl_link_get_ifindex(link);
    if (const char* name = rtnl_link_get_name(link)) result.name = name;
    const unsigned flags = rtnl_link_get_flags(link);
    result.up = (flags & IFF_UP) != 0;
    result.carrier = (flags & IFF_LOWER_UP) != 0;
    nl_addr* mac = rtnl_link_get_addr(link);
    if (mac != nullptr && nl_addr_get_len(mac) == result.mac.bytes.size())
        std::memcpy(result.mac.bytes.data(), nl_addr_get_binary_addr(mac), 6);
    result.can_arp =
        rtnl_link_get_arptype(link) == ARPHRD_ETHER && (flags & (IFF_NOARP | IFF_LOOPBACK)) == 0;
    out.emplace_back(LinkSeen{std::move(result)});
}

void address_update(rtnl_addr* address, bool gone, std::vector<KernelUpdate>& out) {
    const std::optional<IpAddress> local = ip_of(rtnl_addr_get_local(address));
    if (!local) return;
    KernelAddress result;
    result.address = *local;
    result.prefix = static_cast<unsigned>(rtnl_addr_get_prefixlen(address));
    result.link = rtnl_addr_get_ifindex(address);
    result.broadcast = ip_of(rtnl_addr_get_broadcast(address));
    if (const char* label = rtnl_addr_get_label(address)) result.label = label;
    result.flags = rtnl_addr_get_flags(address);
    // The same bit means a temporary address for IPv6.
    result.secondary = local->is_v4() && (result.flags & IFA_F_SECONDARY) != 0;
    if (!local->is_v4() && (result.flags & IFA_F_DEPRECATED) != 0) result.preferred = 0;
    if ((result.flags & IFA_F_PERMANENT) == 0) {
        result.valid = rtnl_addr_get_valid_lifetime(address);
        result.preferred = rtnl_addr_get_preferred_lifetime(address);
    }
    if (gone)
        out.emplace_back(AddressGone{std::move(result)});
    else
        out.emplace_back(AddressSeen{std::move(result)});
}

void route_update(rtnl_route* route, bool gone, bool replaces, std::vector<KernelUpdate>& out) {
    const int family = rtnl_route_get_family(route);
    if (family != AF_INET && family != AF_INET6) return;
    if (rtnl_route_get_table(route) != RT_TABLE_MAIN) return;
    if (rtnl_route_get_type(route) != RTN_UNICAST) return;
    if ((rtnl_route_get_flags(route) & RTM_F_CLONED) != 0) return;
    KernelRoute common;
    if (family == AF_INET6) common.destination.family = IpAddress::Family::kV6;
    nl_addr* destination = rtnl_route_get_dst(route);
    if (destination != nullptr) {
        const std::optional<IpAddress> network = ip_of(destination);
        if (!network) return;
        common.destination = *network;
        common.prefix = nl_addr_get_prefixlen(destination);
    }
    common.tos = rtnl_route_get_tos(route);
    common.metric = rtnl_route_get_priority(route);
    common.source = ip_of(rtnl_route_get_pref_src(route));
    const int hops = rtnl_route_get_nnexthops(route);
    for (int i = 0; i < hops; i++) {
        rtnl_nexthop* hop = rtnl_route_nexthop_n(route, i);
        KernelRoute result = common;
        result.link = rtnl_route_nh_get_ifindex(hop);
        result.gateway = ip_of(rtnl_route_nh_get_gateway(hop));
        if (gone)
            out.emplace_back(RouteGone{result});
        else
            out.emplace_back(RouteSeen{result, replaces && i == 0});
    }
}

struct Parsing {
    nlmsghdr* header;
    std::vector<KernelUpdate> updates;
};

void parsed(nl_object* object, void* argument) {
    auto& parsing = *static_cast<Parsing*>(argument);
    // libnl's own way down from an object to its kind is a cast.
    void* const kind = object;
    switch (parsing.header->nlmsg_type) {
        case RTM_NEWLINK:
        case RTM_DELLINK:
            return link_update(static_cast<rtnl_link*>(kind),
                               parsing.header->nlmsg_type == RTM_DELLINK, parsing.updates);
        case RTM_NEWADDR:
        case RTM_DELADDR:
            return address_update(static_cast<rtnl_addr*>(kind),
                                  parsing.header->nlmsg_type == RTM_DELADDR, parsing.updates);
        case RTM_NEWROUTE:
        case RTM_DELROUTE:
            return route_update(
                static_cast<rtnl_route*>(kind), parsing.header->nlmsg_type == RTM_DELROUTE,
                (parsing.header->nlmsg_flags & NLM_F_REPLACE) != 0, parsing.updates);
        default:
            return;
    }
}

}  // namespace

void FreeMessage::operator()(nl_msg* message) const {
    nlmsg_free(message);
}

std::vector<KernelUpdate> updates_of(nl_msg* message) {
    Parsing parsing{nlmsg_hdr(message), {}};
    switch (parsing.header->nlmsg_type) {
        case RTM_NEWLINK:
        case RTM_DELLINK:
        case RTM_NEWADDR:
        case RTM_DELADDR:
        case RTM_NEWROUTE:
        case RTM_DELROUTE:
            break;
        default:
            return {};
    }
    if (nl_msg_parse(message, &parsed, &parsing) < 0) return {};
    return std::move(parsing.updates);
}

Result<NetlinkMessage> message_of(const AddressRequest& request) {
    const KernelAddress& what = request.address;
    const std::unique_ptr<rtnl_addr, FreeAddress> address(rtnl_addr_alloc());
    const auto local = nl_addr_of(what.address, what.prefix);
    if (!address || !local) return failure("out of memory");
    rtnl_addr_set_ifindex(address.get(), what.link);
    rtnl_addr_set_family(address.get(), what.address.is_v4() ? AF_INET : AF_INET6);
    int error = rtnl_addr_set_local(address.get(), local.get());
    rtnl_addr_set_prefixlen(address.get(), static_cast<int>(what.prefix));

    nl_msg* message = nullptr;
    if (request.what == AddressRequest::What::kAdd) {
        if (what.broadcast) {
            const auto broadcast = nl_addr_of(*what.broadcast, 32);
            if (!broadcast) return failure("out of memory");
            if (error == 0) error = rtnl_addr_set_broadcast(address.get(), broadcast.get());
        }
        if (error == 0 && !what.label.empty())
            error = rtnl_addr_set_label(address.get(), what.label.c_str());
        unsigned flags = what.flags & IFA_F_NOPREFIXROUTE;
        // Whose address it is the cluster has settled: it answers from the first moment.
        if (!what.address.is_v4()) flags |= IFA_F_NODAD;
        if (flags != 0) rtnl_addr_set_flags(address.get(), flags);
        if (what.valid || what.preferred)
            rtnl_addr_set_valid_lifetime(address.get(), what.valid.value_or(kForEver));
        if (what.preferred) rtnl_addr_set_preferred_lifetime(address.get(), *what.preferred);
        if (error == 0)
            error = rtnl_addr_build_add_request(address.get(), NLM_F_CREATE | NLM_F_EXCL, &message);
    } else if (error == 0) {
        error = rtnl_addr_build_delete_request(address.get(), 0, &message);
    }
    if (error != 0 || message == nullptr) return failure(nl_geterror(error));
    NetlinkMessage result(message);
    nlmsghdr* header = nlmsg_hdr(message);
    header->nlmsg_seq = request.request;
    header->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
    return result;
}

}  // namespace hb::resource
