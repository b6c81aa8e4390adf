#include "daemons/hb-comm/interface_watch.hpp"

#include <fmt/format.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/object.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <netlink/socket.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "common/runtime/netlink_filter.hpp"

namespace hb::comm {
namespace {

constexpr int kSocketBytes = 1024 * 1024;
constexpr Duration kFirstAnswer = 5s;
constexpr std::size_t kReadsPerWakeup = 64;  // then heartbeats get a turn

std::optional<IpAddress> to_ip(const nl_addr* address) {
    if (address == nullptr) return std::nullopt;
    const int family = nl_addr_get_family(address);
    const std::size_t length = nl_addr_get_len(address);
    if (!(family == AF_INET && length == 4) && !(family == AF_INET6 && length == 16))
        return std::nullopt;
    IpAddress ip;
    if (family == AF_INET6) ip.family = IpAddress::Family::kV6;
    std::memcpy(ip.bytes.data(), nl_addr_get_binary_addr(address), length);
    return ip;
}

void check(int rc, const char* what) {
    if (rc < 0) throw std::runtime_error(fmt::format("netlink: {}: {}", what, nl_geterror(rc)));
}

}  // namespace

void InterfaceWatch::FreeSocket::operator()(nl_sock* s) const {
    nl_socket_free(s);
}

InterfaceWatch::InterfaceWatch(runtime::EventLoop& loop, OnChange on_change)
    : on_change_(std::move(on_change)),
      socket_(nl_socket_alloc()),
      event_(loop, [this](runtime::Readiness) noexcept { read(); }) {
    if (!socket_) throw std::runtime_error("netlink: no memory");
    nl_sock* s = socket_.get();
    nl_socket_disable_seq_check(s);
    check(nl_connect(s, NETLINK_ROUTE), "connect");
    nl_socket_set_buffer_size(s, kSocketBytes, 0);  // the default will do if it is refused
    if (const auto done = runtime::filter_netlink(nl_socket_get_fd(s),
                                                  runtime::NetlinkWish::kOwnAddressesAndGateways);
        !done)
        throw std::runtime_error(done.error().text);
    check(nl_socket_add_memberships(s, RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE,
                                    RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV6_ROUTE, 0),
          "subscribe");
    check(nl_socket_set_nonblocking(s), "set non-blocking");
    check(nl_socket_modify_cb(s, NL_CB_VALID, NL_CB_CUSTOM, on_valid, this), "callback");
    check(nl_socket_modify_cb(s, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, this), "callback");
    check(nl_socket_modify_cb(s, NL_CB_DUMP_INTR, NL_CB_CUSTOM, on_interrupted, this), "callback");
    first_read();
    for (const std::string& name : table_.names())
        told_[name] = table_.state(name);
    event_.watch(nl_socket_get_fd(s), runtime::Interest::kRead);
}

InterfaceWatch::~InterfaceWatch() {
    event_.cancel();
}

// Start-up only: the media want to know their interfaces before anything else happens.
void InterfaceWatch::first_read() {
    start_dump();
    pollfd wait{.fd = nl_socket_get_fd(socket_.get()), .events = POLLIN, .revents = 0};
    while (dump_ != Dump::kNone) {
        if (::poll(&wait, 1, static_cast<int>(to_ms(kFirstAnswer))) <= 0)
            throw std::runtime_error("netlink: the kernel does not answer");
        check(nl_recvmsgs_default(socket_.get()), "read");
    }
}

void InterfaceWatch::start_dump() {
    again_ = false;
    table_.begin_dump();
    ask(Dump::kLinks, AF_UNSPEC);
}

void InterfaceWatch::ask(Dump what, int family) {
    dump_ = what;
    family_ = family;
    int rc = 0;
    switch (what) {
        case Dump::kNone:
            break;
        case Dump::kLinks:
            rc = nl_rtgen_request(socket_.get(), RTM_GETLINK, AF_UNSPEC, NLM_F_DUMP);
            break;
        case Dump::kAddresses:
            rc = nl_rtgen_request(socket_.get(), RTM_GETADDR, family, NLM_F_DUMP);
            break;
        case Dump::kRoutes:
            rc = nl_rtgen_request(socket_.get(), RTM_GETROUTE, family, NLM_F_DUMP);
            break;
    }
    if (rc < 0) dump_ = Dump::kNone;  // the next change asks again
}

int InterfaceWatch::on_valid(nl_msg* message, void* self) {
    Message m{static_cast<InterfaceWatch*>(self), nlmsg_hdr(message)->nlmsg_type};
    nl_msg_parse(message, on_object, &m);
    return NL_OK;
}

int InterfaceWatch::on_finish(nl_msg*, void* self) {
    auto* watch = static_cast<InterfaceWatch*>(self);
    switch (watch->dump_) {
        case Dump::kNone:
            break;
        case Dump::kLinks:
            watch->ask(Dump::kAddresses, AF_INET);
            break;
        case Dump::kAddresses:
            if (watch->family_ == AF_INET) {
                watch->ask(Dump::kAddresses, AF_INET6);
                break;
            }
            watch->ask(Dump::kRoutes, AF_INET);
            break;
        case Dump::kRoutes:
            if (watch->family_ == AF_INET) {
                watch->ask(Dump::kRoutes, AF_INET6);
                break;
            }
            watch->dump_ = Dump::kNone;
            if (watch->again_)
                watch->start_dump();
            else
                watch->table_.end_dump();
            break;
    }
    return NL_OK;
}

int InterfaceWatch::on_interrupted(nl_msg*, void* self) {
    static_cast<InterfaceWatch*>(self)->again_ = true;
    return NL_OK;
}

void InterfaceWatch::on_object(nl_object* object, void* message) {
    const auto* m = static_cast<Message*>(message);
    m->self->object(object, m->type);
}

void InterfaceWatch::object(nl_object* object, int type) {
    switch (type) {
        case RTM_NEWLINK:
        case RTM_DELLINK:
            return link(object, type == RTM_DELLINK);
        case RTM_NEWADDR:
        case RTM_DELADDR:
            return address(object, type == RTM_DELADDR);
        case RTM_NEWROUTE:
        case RTM_DELROUTE:
            return route(object, type == RTM_DELROUTE);
        default:
            return;
    }
}

void InterfaceWatch::link(nl_object* object, bool gone) {
    auto* l = reinterpret_cast<rtnl_link*>(object);
    // A bridge tells in the same words when a port leaves it.
    if (rtnl_link_get_family(l) != AF_UNSPEC) return;
    const int index = rtnl_link_get_ifindex(l);
    if (gone) return table_.drop_link(index);
    const char* name = rtnl_link_get_name(l);
    if (name == nullptr) return;
    const unsigned flags = rtnl_link_get_flags(l);
    InterfaceTable::Link value{.name = name,
                               .mac = {},
                               .up = (flags & IFF_UP) != 0,
                               .carrier = (flags & IFF_UP) != 0 && (flags & IFF_LOWER_UP) != 0};
    if (const nl_addr* mac = rtnl_link_get_addr(l); mac != nullptr && nl_addr_get_len(mac) == 6)
        std::memcpy(value.mac.bytes.data(), nl_addr_get_binary_addr(mac), 6);
    table_.put_link(index, std::move(value));
}

void InterfaceWatch::address(nl_object* object, bool gone) {
    auto* a = reinterpret_cast<rtnl_addr*>(object);
    const auto ip = to_ip(rtnl_addr_get_local(a));
    // Who asks a gateway does so from a link-local address: others of IPv6, of which there may be
    // thousands, are nothing to us. One under duplicate address detection is not ours yet; nor do
    // we speak from a secondary one (one that is promoted is told anew).
    if (!ip || (!ip->is_v4() && rtnl_addr_get_scope(a) != RT_SCOPE_LINK)) return;
    const unsigned not_ours = ip->is_v4() ? IFA_F_SECONDARY : IFA_F_TENTATIVE | IFA_F_DADFAILED;
    if ((rtnl_addr_get_flags(a) & not_ours) != 0) gone = true;
    const int index = rtnl_addr_get_ifindex(a);
    const auto prefix = static_cast<unsigned>(rtnl_addr_get_prefixlen(a));
    if (gone) return table_.drop_address(index, *ip, prefix);
    table_.put_address(
        index, {.address = *ip, .prefix = prefix, .broadcast = to_ip(rtnl_addr_get_broadcast(a))});
}

void InterfaceWatch::route(nl_object* object, bool gone) {
    auto* r = reinterpret_cast<rtnl_route*>(object);
    const nl_addr* destination = rtnl_route_get_dst(r);
    const int family = rtnl_route_get_family(r);
    if ((family != AF_INET && family != AF_INET6) || rtnl_route_get_table(r) != RT_TABLE_MAIN ||
        rtnl_route_get_type(r) != RTN_UNICAST ||
        (destination != nullptr && nl_addr_get_prefixlen(destination) != 0))
        return;
    for (int i = 0; i < rtnl_route_get_nnexthops(r); ++i) {
        rtnl_nexthop* hop = rtnl_route_nexthop_n(r, i);
        const auto gateway = to_ip(rtnl_route_nh_get_gateway(hop));
        if (!gateway) continue;
        const int index = rtnl_route_nh_get_ifindex(hop);
        const InterfaceTable::DefaultRoute value{.metric = rtnl_route_get_priority(r),
                                                 .gateway = *gateway};
        gone ? table_.drop_route(index, value) : table_.put_route(index, value);
    }
}

void InterfaceWatch::read() noexcept {
    int rc = 0;
    for (std::size_t i = 0; i < kReadsPerWakeup && rc >= 0; ++i)
        rc = nl_recvmsgs_default(socket_.get());
    // The kernel dropped notifications (ENOBUFS): what we know is not all.
    if (rc < 0 && rc != -NLE_AGAIN && rc != -NLE_INTR) {
        if (dump_ != Dump::kNone)
            again_ = true;
        else
            start_dump();
    }
    if (dump_ == Dump::kNone) tell();
}

void InterfaceWatch::tell() {
    States before = std::exchange(told_, {});
    for (const std::string& name : table_.names())
        told_[name] = table_.state(name);
    std::vector<std::string> changed;
    for (const auto& [name, state] : told_)
        if (const auto old = before.find(name); old == before.end() || old->second != state)
            changed.push_back(name);
    for (const auto& [name, state] : before)
        if (!told_.contains(name)) changed.push_back(name);
    for (const std::string& name : changed)
        on_change_(name);
}

}  // namespace hb::comm
