#include "common/runtime/netlink_filter.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/filter.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

namespace hb::runtime {
namespace {

constexpr unsigned kType = offsetof(nlmsghdr, nlmsg_type);
constexpr unsigned kFlags = offsetof(nlmsghdr, nlmsg_flags);
constexpr unsigned kRouteDestination = NLMSG_HDRLEN + offsetof(rtmsg, rtm_dst_len);
constexpr unsigned kRouteTable = NLMSG_HDRLEN + offsetof(rtmsg, rtm_table);
constexpr unsigned kRouteType = NLMSG_HDRLEN + offsetof(rtmsg, rtm_type);
constexpr unsigned kAddressFamily = NLMSG_HDRLEN + offsetof(ifaddrmsg, ifa_family);
constexpr unsigned kAddressFlags = NLMSG_HDRLEN + offsetof(ifaddrmsg, ifa_flags);
constexpr unsigned kAddressScope = NLMSG_HDRLEN + offsetof(ifaddrmsg, ifa_scope);

constexpr std::uint16_t kByte = BPF_LD | BPF_B | BPF_ABS;
constexpr std::uint16_t kHalf = BPF_LD | BPF_H | BPF_ABS;
constexpr std::uint16_t kEqual = BPF_JMP | BPF_JEQ | BPF_K;
constexpr std::uint16_t kAnyBit = BPF_JMP | BPF_JSET | BPF_K;
constexpr std::uint16_t kReturn = BPF_RET | BPF_K;
constexpr unsigned kAll = 0xffffffff;

// The kernel loads half words in network order, netlink has them in the host's.
unsigned host_half(unsigned value) {
    return htons(static_cast<std::uint16_t>(value));
}

Result<void> attach(int socket, std::span<sock_filter> program) {
    const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
    if (::setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) != 0)
        return failure(fmt::format("netlink filter: {}", std::strerror(errno)));
    return {};
}

}  // namespace

Result<void> filter_netlink(int socket, NetlinkWish wish) {
    // Jumps count the instructions that are left out: true, false.
    std::vector<sock_filter> program = {
        {kHalf, 0, 0, kFlags},                    //
        {kAnyBit, 0, 1, host_half(NLM_F_MULTI)},  // a dump
        {kReturn, 0, 0, kAll},                    //
        {kHalf, 0, 0, kType},                     //
        {kEqual, 1, 0, host_half(RTM_NEWROUTE)},  //
        {kEqual, 0, 8, host_half(RTM_DELROUTE)},  // no route: to the addresses
        {kByte, 0, 0, kRouteTable},               //
        {kEqual, 0, 5, RT_TABLE_MAIN},            //
        {kByte, 0, 0, kRouteType},                //
        {kEqual, 0, 3, RTN_UNICAST},              //
        {kByte, 0, 0, kRouteDestination},         //
        {kEqual, 0, 1, 0},                        // a default route
        {kReturn, 0, 0, kAll},                    //
        {kReturn, 0, 0, 0},                       //
    };
    switch (wish) {
        case NetlinkWish::kAddressesAndRoutes:
            program[11].jf = 0;  // any
            program.push_back({kReturn, 0, 0, kAll});
            break;
        case NetlinkWish::kOwnAddressesAndGateways:
            for (const sock_filter& step : std::initializer_list<sock_filter>{
                     {kEqual, 1, 0, host_half(RTM_NEWADDR)},  //
                     {kEqual, 0, 6, host_half(RTM_DELADDR)},  // a link, or what comes behind a dump
                     {kByte, 0, 0, kAddressFamily},           //
                     {kEqual, 0, 2, AF_INET},                 //
                     {kByte, 0, 0, kAddressFlags},            //
                     {kAnyBit, 3, 2, IFA_F_SECONDARY},        //
                     {kByte, 0, 0, kAddressScope},            //
                     {kEqual, 0, 1, RT_SCOPE_LINK},           //
                     {kReturn, 0, 0, kAll},                   //
                     {kReturn, 0, 0, 0},                      //
                 })
                program.push_back(step);
            break;
    }
    return attach(socket, program);
}

}  // namespace hb::runtime
