// mcast: to a multicast group, joined on the interface.
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "daemons/hb-comm/medium.hpp"

namespace hb::comm {
namespace {

class Mcast final : public Medium {
  public:
    Mcast(MediumContext context, LinkId id, LinkPlan plan)
        : Medium(std::move(context), id, std::move(plan), "mcast") {}

  private:
    Result<void> prepare(int socket) override {
        ip_mreqn membership{};
        membership.imr_multiaddr = to(plan().group).sin_addr;
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
        started(fmt::format(
            "UDP multicast heartbeat started for group {} port {} interface {} (ttl={} loop={})",
            plan().group.to_string(), plan().port, plan().interface, plan().ttl,
            plan().loop ? 1 : 0));
        return {};
    }
    std::vector<sockaddr_in> destinations() const override { return {to(plan().group)}; }
};

}  // namespace

std::unique_ptr<Medium> make_mcast(MediumContext context, LinkId id, LinkPlan plan) {
    return std::make_unique<Mcast>(std::move(context), id, std::move(plan));
}

}  // namespace hb::comm
