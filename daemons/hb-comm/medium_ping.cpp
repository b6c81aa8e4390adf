// ping: echo requests over IPv4.
#include <linux/icmp.h>
#include <netinet/in.h>

#include <cstring>

#include "daemons/hb-comm/ping_medium.hpp"

namespace hb::comm {
namespace {

class Ping final : public PingMedium {
  public:
    explicit Ping(PingContext context) : PingMedium(std::move(context), "ping") {
        open(AF_INET, IPPROTO_ICMP);
    }

  private:
    void prepare(int socket) override {
        const icmp_filter filter{.data = ~(std::uint32_t{1} << ICMP_ECHOREPLY)};
        set(socket, SOL_RAW, ICMP_FILTER, &filter, sizeof filter, "filter");
        const int on = 1;
        set(socket, IPPROTO_IP, IP_PKTINFO, &on, sizeof on, "IP_PKTINFO");
    }
    std::span<const std::uint8_t> icmp_of(std::span<const std::uint8_t> packet) const override {
        return behind_ip_header(packet);
    }
    int interface_of(const cmsghdr& control) const override {
        if (control.cmsg_level != IPPROTO_IP || control.cmsg_type != IP_PKTINFO) return 0;
        in_pktinfo info{};
        std::memcpy(&info, CMSG_DATA(&control), sizeof info);
        return info.ipi_ifindex;
    }
};

}  // namespace

std::unique_ptr<PingMedium> make_ping(PingContext context) {
    return std::make_unique<Ping>(std::move(context));
}

}  // namespace hb::comm
