// bcast: to the broadcast address of the interface, read again whenever its addresses change.
#include <fmt/format.h>

#include "daemons/hb-comm/medium.hpp"

namespace hb::comm {
namespace {

class Bcast final : public Medium {
  public:
    Bcast(MediumContext context, LinkId id, LinkPlan plan)
        : Medium(std::move(context), id, std::move(plan), "bcast") {}

  private:
    Result<void> prepare(int) override {
        started(fmt::format("UDP Broadcast heartbeat started on port {0} ({0}) interface {1}",
                            plan().port, plan().interface));
        return {};
    }
    // Without an address the limited broadcast still reaches this link.
    std::vector<runtime::SocketAddress> destinations() const override {
        return {to(interface().broadcast.value_or(IpAddress::v4(0xffffffff)))};
    }
};

}  // namespace

std::unique_ptr<Medium> make_bcast(MediumContext context, LinkId id, LinkPlan plan) {
    return std::make_unique<Bcast>(std::move(context), id, std::move(plan));
}

}  // namespace hb::comm
