#include "daemons/hb-comm/mcast_medium.hpp"

#include <fmt/format.h>

namespace hb::comm {

McastMedium::McastMedium(MediumContext context, LinkId id, LinkPlan plan, const char* kind,
                         const char* limit)
    : Medium(std::move(context), id, std::move(plan), kind), limit_(limit) {}

Result<void> McastMedium::prepare(int socket) {
    if (auto joined = join(socket); !joined) return joined;
    started(fmt::format(
        "UDP multicast heartbeat started for group {} port {} interface {} ({}={} loop={})",
        plan().group.to_string(), plan().port, plan().interface, limit_, plan().ttl,
        plan().loop ? 1 : 0));
    return {};
}

std::vector<runtime::SocketAddress> McastMedium::destinations() const {
    return {to(plan().group)};
}

}  // namespace hb::comm
