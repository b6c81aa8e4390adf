// mcast: to an IPv4 multicast group, joined on the interface.
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "daemons/hb-comm/mcast_medium.hpp"

namespace hb::comm {
namespace {

class Mcast final : public McastMedium {
  public:
    Mcast(MediumContext context, LinkId id, LinkPlan plan)
        : McastMedium(std::move(context), id, std::move(plan), "mcast", "ttl") {}

  private:
    Result<void> join(int socket) const override {
        ip_mreqn membership{};
        membership.imr_multiaddr = to(plan().group).v4.sin_addr;
        membership.imr_ifindex = interface().index;
        for (const int option : {IP_ADD_MEMBERSHIP, IP_MULTICAST_IF})
            if (::setsockopt(socket, IPPROTO_IP, option, &membership, sizeof membership) != 0)
                return failure(fmt::format("{} group {}: {}",
                                           option == IP_ADD_MEMBERSHIP ? "join" : "send to",
                                           plan().group.to_string(), std::strerror(errno)));
        for (const Result<void>& done :
             {set(socket, IPPROTO_IP, IP_MULTICAST_TTL, plan().ttl, "IP_MULTICAST_TTL"),
              set(socket, IPPROTO_IP, IP_MULTICAST_LOOP, plan().loop ? 1 : 0, "IP_MULTICAST_LOOP")})
            if (!done) return done;
        return {};
    }
};

}  // namespace

std::unique_ptr<Medium> make_mcast(MediumContext context, LinkId id, LinkPlan plan) {
    return std::make_unique<Mcast>(std::move(context), id, std::move(plan));
}

}  // namespace hb::comm
