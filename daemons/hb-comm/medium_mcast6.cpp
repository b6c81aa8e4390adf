// mcast6: to an IPv6 multicast group, joined on the interface.
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "daemons/hb-comm/mcast_medium.hpp"

namespace hb::comm {
namespace {

class Mcast6 final : public McastMedium {
  public:
    Mcast6(MediumContext context, LinkId id, LinkPlan plan)
        : McastMedium(std::move(context), id, std::move(plan), "mcast6", "hops") {}

  private:
    Result<void> join(int socket) const override {
        ipv6_mreq membership{};
        membership.ipv6mr_multiaddr = to(plan().group).v6.sin6_addr;
        membership.ipv6mr_interface = static_cast<unsigned>(interface().index);
        if (::setsockopt(socket, IPPROTO_IPV6, IPV6_JOIN_GROUP, &membership, sizeof membership) !=
            0)
            return failure(
                fmt::format("join group {}: {}", plan().group.to_string(), std::strerror(errno)));
        for (const Result<void>& done :
             {set(socket, IPPROTO_IPV6, IPV6_MULTICAST_IF, interface().index, "IPV6_MULTICAST_IF"),
              set(socket, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, plan().ttl, "IPV6_MULTICAST_HOPS"),
              set(socket, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, plan().loop ? 1 : 0,
                  "IPV6_MULTICAST_LOOP")})
            if (!done) return done;
        return {};
    }
};

}  // namespace

std::unique_ptr<Medium> make_mcast6(MediumContext context, LinkId id, LinkPlan plan) {
    return std::make_unique<Mcast6>(std::move(context), id, std::move(plan));
}

}  // namespace hb::comm
