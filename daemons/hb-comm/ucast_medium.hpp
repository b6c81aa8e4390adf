// UcastMedium: datagrams to one or more peers by address or name, in the family of its plan.
//
// Names are resolved without blocking; until one is known nothing is sent to it, and what it was
// known as stays until a newer answer comes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "common/runtime/resolver.hpp"
#include "daemons/hb-comm/medium.hpp"

namespace hb::comm {

class UcastMedium : public Medium {
  protected:
    UcastMedium(MediumContext context, LinkId id, LinkPlan plan, const char* kind);

  private:
    struct Peer {
        std::string name;
        std::optional<IpAddress> address;
        bool complained = false;  // that it was never known
    };

    [[nodiscard]] Result<void> prepare(int socket) override;
    [[nodiscard]] std::vector<SocketAddress> destinations() const override;
    void resolve();
    void resolved(std::size_t i, Result<IpAddress> answer);

    std::vector<Peer> peers_;
    std::size_t asked_ = 0;  // questions without an answer
    runtime::Resolver resolver_;
    runtime::Timer again_;
};

}  // namespace hb::comm
