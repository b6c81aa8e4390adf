// McastMedium: datagrams to a multicast group. A kind of medium joins it, in its family's way.
#pragma once

#include <vector>

#include "daemons/hb-comm/medium.hpp"

namespace hb::comm {

class McastMedium : public Medium {
  protected:
    // `limit`: what the family calls how far its datagrams go.
    McastMedium(MediumContext context, LinkId id, LinkPlan plan, const char* kind,
                const char* limit);

    // Receives from the group, and sends to it as far and with such a loop as the plan says.
    [[nodiscard]] virtual Result<void> join(int socket) const = 0;

  private:
    [[nodiscard]] Result<void> prepare(int socket) final;
    [[nodiscard]] std::vector<runtime::SocketAddress> destinations() const final;

    const char* limit_;
};

}  // namespace hb::comm
