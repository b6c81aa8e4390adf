// ping6: echo requests over IPv6.
#include <netinet/icmp6.h>
#include <netinet/in.h>

#include <cstring>

#include "daemons/hb-comm/ping_medium.hpp"

namespace hb::comm {
namespace {

class Ping6 final : public PingMedium {
  public:
    explicit Ping6(PingContext context) : PingMedium(std::move(context), "ping6") {
        open(AF_INET6, IPPROTO_ICMPV6);
    }

  private:
    void prepare(int socket) override {
        icmp6_filter filter;
        ICMP6_FILTER_SETBLOCKALL(&filter);
        ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
        set(socket, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter, "filter");
        const int on = 1;
        set(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on, "IPV6_RECVPKTINFO");
    }
    // A raw IPv6 socket delivers no IP header.
    std::span<const std::uint8_t> icmp_of(std::span<const std::uint8_t> packet) const override {
        return packet;
    }
    int interface_of(const cmsghdr& control) const override {
        if (control.cmsg_level != IPPROTO_IPV6 || control.cmsg_type != IPV6_PKTINFO) return 0;
        in6_pktinfo info{};
        std::memcpy(&info, CMSG_DATA(&control), sizeof info);
        return static_cast<int>(info.ipi6_ifindex);
    }
};

}  // namespace

std::unique_ptr<PingMedium> make_ping6(PingContext context) {
    return std::make_unique<Ping6>(std::move(context));
}

}  // namespace hb::comm
