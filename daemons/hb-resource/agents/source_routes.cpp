#include "daemons/hb-resource/agents/source_routes.hpp"

#include <fmt/format.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/route.h>
#include <netlink/socket.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <system_error>

#include "daemons/hb-resource/rtnl_values.hpp"

namespace hb::agent {

namespace {

using resource::NetlinkMessage;

constexpr std::size_t kMessageBuffer = 64 * 1024;
constexpr std::size_t kLongestMessage = 16 * 1024;

struct FreeSocket {
    void operator()(nl_sock* socket) const { nl_socket_free(socket); }
};
using Socket = std::unique_ptr<nl_sock, FreeSocket>;

Result<Socket> connect() {
    Socket socket(nl_socket_alloc());
    if (!socket) return failure("out of memory");
    int error = nl_connect(socket.get(), NETLINK_ROUTE);
    if (error == 0) error = nl_socket_set_msg_buf_size(socket.get(), kMessageBuffer);
    if (error != 0) return failure(fmt::format("netlink socket: {}", nl_geterror(error)));
    return socket;
}

int family_number(IpAddress::Family family) {
    return family == IpAddress::Family::kV4 ? AF_INET : AF_INET6;
}

std::optional<IpAddress> address_in(const nlattr* attribute, IpAddress::Family family) {
    const std::size_t size = family == IpAddress::Family::kV4 ? 4 : 16;
    if (attribute == nullptr || static_cast<std::size_t>(nla_len(attribute)) != size)
        return std::nullopt;
    IpAddress result;
    result.family = family;
    std::memcpy(result.bytes.data(), nla_data(attribute), size);
    return result;
}

std::uint32_t number_in(nlattr* attribute, std::uint32_t otherwise) {
    return attribute != nullptr && nla_len(attribute) >= 4 ? nla_get_u32(attribute) : otherwise;
}

// f(rtnexthop&), each within its attribute.
template <typename F>
void for_each_hop(nlattr* multipath, F&& f) {
    if (multipath == nullptr) return;
    auto* at = static_cast<char*>(nla_data(multipath));
    auto left = static_cast<std::size_t>(nla_len(multipath));
    while (left >= sizeof(rtnexthop)) {
        rtnexthop hop;
        std::memcpy(&hop, at, sizeof hop);
        if (hop.rtnh_len < sizeof hop || hop.rtnh_len > left) return;
        f(hop);
        std::memcpy(at, &hop, sizeof hop);
        const std::size_t step = std::min<std::size_t>(RTNH_ALIGN(hop.rtnh_len), left);
        at += step;
        left -= step;
    }
}

std::string text_of(const SourceRoute& route, const std::optional<IpAddress>& gateway,
                    const resource::KernelTable& kernel) {
    std::string text = route.prefix == 0
                           ? "default"
                           : fmt::format("{}/{}", route.destination.to_string(), route.prefix);
    if (gateway) text += " via " + gateway->to_string();
    for (const int link : route.links) {
        const resource::KernelLink* known = kernel.link(link);
        text += " dev " + (known != nullptr ? known->name : std::to_string(link));
    }
    if (route.metric != 0) text += fmt::format(" metric {}", route.metric);
    return text;
}

// The payload as attributes want it: aligned, and ours to change.
NetlinkMessage message_from(std::string_view payload, int flags) {
    if (payload.size() < sizeof(rtmsg) || payload.size() > kLongestMessage) return nullptr;
    NetlinkMessage message(nlmsg_alloc_simple(RTM_NEWROUTE, flags));
    if (!message) return nullptr;
    void* const bytes = const_cast<char*>(payload.data());
    if (nlmsg_append(message.get(), bytes, payload.size(), NLMSG_ALIGNTO) != 0) return nullptr;
    return message;
}

using Attributes = std::array<nlattr*, RTA_MAX + 1>;

bool parse(nlmsghdr* header, rtmsg& head, Attributes& attributes) {
    attributes.fill(nullptr);
    if (nlmsg_parse(header, sizeof(rtmsg), attributes.data(), RTA_MAX, nullptr) != 0) return false;
    std::memcpy(&head, nlmsg_data(header), sizeof head);
    return head.rtm_family == AF_INET || head.rtm_family == AF_INET6;
}

// What the kernel says of a route and does not take back as a wish: its state, and what a next hop
// object stands for.
bool is_wish(int type, bool has_object) {
    if (type == RTA_PREFSRC || type == RTA_CACHEINFO) return false;
    return !has_object ||
           (type != RTA_OIF && type != RTA_GATEWAY && type != RTA_VIA && type != RTA_MULTIPATH);
}

Result<NetlinkMessage> request_of(const SourceStep& step) {
    const NetlinkMessage was = message_from(step.route.message, 0);
    rtmsg head{};
    Attributes attributes;
    if (!was || !parse(nlmsg_hdr(was.get()), head, attributes)) return failure("no route");
    const int flags =
        step.what == SourceStep::What::kAdd ? NLM_F_CREATE | NLM_F_EXCL : NLM_F_REPLACE;
    NetlinkMessage wish(nlmsg_alloc_simple(RTM_NEWROUTE, flags));
    if (!wish) return failure("out of memory");
    head.rtm_flags &= RTNH_F_ONLINK;
    for_each_hop(attributes[RTA_MULTIPATH], [](rtnexthop& hop) {
        hop.rtnh_flags = static_cast<unsigned char>(hop.rtnh_flags & RTNH_F_ONLINK);
    });
    int error = nlmsg_append(wish.get(), &head, sizeof head, NLMSG_ALIGNTO);
    const bool has_object = attributes[RTA_NH_ID] != nullptr;
    for (int type = 1; type <= RTA_MAX && error == 0; type++)
        if (nlattr* a = attributes[static_cast<std::size_t>(type)];
            a != nullptr && is_wish(type, has_object))
            error = nla_put(wish.get(), type, nla_len(a), nla_data(a));
    if (step.source && error == 0)
        error = nla_put(wish.get(), RTA_PREFSRC, step.source->is_v4() ? 4 : 16,
                        step.source->bytes.data());
    if (error != 0) return failure(nl_geterror(error));
    return wish;
}

struct Reading {
    std::uint32_t table;
    const resource::KernelTable& kernel;
    SourceRoutes routes;
};

int on_route(nl_msg* message, void* argument) noexcept {
    auto& reading = *static_cast<Reading*>(argument);
    nlmsghdr* const header = nlmsg_hdr(message);
    rtmsg head{};
    Attributes attributes;
    if (header->nlmsg_type != RTM_NEWROUTE || !parse(header, head, attributes)) return NL_OK;
    if (number_in(attributes[RTA_TABLE], head.rtm_table) != reading.table) return NL_OK;
    if ((head.rtm_flags & RTM_F_CLONED) != 0) return NL_OK;
    const std::string_view payload(static_cast<const char*>(nlmsg_data(header)),
                                   static_cast<std::size_t>(nlmsg_datalen(header)));
    if (auto route = parse_source_route(payload, reading.kernel))
        reading.routes.push_back(std::move(*route));
    return NL_OK;
}

int on_refusal(sockaddr_nl*, nlmsgerr* error, void* refused) noexcept {
    *static_cast<int*>(refused) = -error->error;
    return NL_STOP;
}

template <typename F>
std::optional<std::uint32_t> number_of(const std::string& name, F&& look_up, std::uint32_t most) {
    if (!name.empty() && name.find_first_not_of("0123456789") == std::string::npos) {
        std::uint64_t number = 0;
        for (const char digit : name)
            number = std::min<std::uint64_t>(number * 10 + static_cast<unsigned>(digit - '0'),
                                             std::uint64_t{most} + 1);
        if (number > most) return std::nullopt;
        return static_cast<std::uint32_t>(number);
    }
    const int number = look_up(name.c_str());
    if (number < 0) return std::nullopt;
    return static_cast<std::uint32_t>(number);
}

}  // namespace

std::optional<std::uint32_t> table_number(const std::string& name) {
    if (name.empty()) return RT_TABLE_MAIN;
    for (const char* directory : {"/usr/share/iproute2", "/etc/iproute2"})
        (void)rtnl_route_read_table_names(fmt::format("{}/rt_tables", directory).c_str());
    return number_of(name, rtnl_route_str2table, 0xffffffffU);
}

std::optional<std::uint8_t> protocol_number(const std::string& name) {
    for (const char* directory : {"/usr/share/iproute2", "/etc/iproute2"})
        (void)rtnl_route_read_protocol_names(fmt::format("{}/rt_protos", directory).c_str());
    const auto number = number_of(name, rtnl_route_str2proto, 0xff);
    if (!number) return std::nullopt;
    return static_cast<std::uint8_t>(*number);
}

std::optional<SourceRoute> parse_source_route(std::string_view payload,
                                              const resource::KernelTable& kernel) {
    const NetlinkMessage message = message_from(payload, 0);
    rtmsg head{};
    Attributes attributes;
    if (!message || !parse(nlmsg_hdr(message.get()), head, attributes)) return std::nullopt;
    const auto family =
        head.rtm_family == AF_INET ? IpAddress::Family::kV4 : IpAddress::Family::kV6;
    SourceRoute route;
    route.destination.family = family;
    if (attributes[RTA_DST] != nullptr) {
        const auto destination = address_in(attributes[RTA_DST], family);
        if (!destination) return std::nullopt;
        route.destination = *destination;
    }
    route.table = number_in(attributes[RTA_TABLE], head.rtm_table);
    route.prefix = head.rtm_dst_len;
    route.tos = head.rtm_tos;
    route.metric = number_in(attributes[RTA_PRIORITY], 0);
    route.protocol = head.rtm_protocol;
    route.is_advertised = head.rtm_protocol == RTPROT_RA;
    route.source = address_in(attributes[RTA_PREFSRC], family);
    const auto gateway = address_in(attributes[RTA_GATEWAY], family);
    route.is_direct = attributes[RTA_GATEWAY] == nullptr && attributes[RTA_VIA] == nullptr &&
                      attributes[RTA_MULTIPATH] == nullptr;
    if (const auto link = static_cast<int>(number_in(attributes[RTA_OIF], 0)); link != 0)
        route.links.push_back(link);
    for_each_hop(attributes[RTA_MULTIPATH],
                 [&](const rtnexthop& hop) { route.links.push_back(hop.rtnh_ifindex); });
    route.text = text_of(route, gateway, kernel);
    route.message = payload;
    return route;
}

Result<SourceRoutes> read_source_routes(IpAddress::Family family, std::uint32_t table,
                                        const resource::KernelTable& kernel) {
    auto socket = connect();
    if (!socket) return std::unexpected(socket.error());
    Reading reading{.table = table, .kernel = kernel, .routes = {}};
    nl_socket_modify_cb(socket->get(), NL_CB_VALID, NL_CB_CUSTOM, &on_route, &reading);
    for (int tries = 0; tries < 5; tries++) {
        reading.routes.clear();
        int error =
            nl_rtgen_request(socket->get(), RTM_GETROUTE, family_number(family), NLM_F_DUMP);
        if (error >= 0) error = nl_recvmsgs_default(socket->get());
        if (error >= 0) return std::move(reading.routes);
        if (error != -NLE_DUMP_INTR)
            return failure(fmt::format("cannot read the routes: {}", nl_geterror(error)));
    }
    return failure("cannot read the routes: they change all the time");
}

Result<void> carry_out(const SourceStep& step) {
    auto socket = connect();
    if (!socket) return std::unexpected(socket.error());
    auto request = request_of(step);
    if (!request) return std::unexpected(request.error());
    int refused = 0;  // the kernel's own number: libnl knows few of them
    nl_socket_modify_err_cb(socket->get(), NL_CB_CUSTOM, &on_refusal, &refused);
    int error = nl_send_auto(socket->get(), request->get());
    if (error >= 0) error = nl_wait_for_ack(socket->get());
    if (refused != 0) return failure(std::generic_category().message(refused));
    if (error < 0) return failure(nl_geterror(error));
    return {};
}

}  // namespace hb::agent
