// ucast6: to one or more peers over IPv6.
#include "daemons/hb-comm/ucast_medium.hpp"

namespace hb::comm {
namespace {

class Ucast6 final : public UcastMedium {
  public:
    Ucast6(MediumContext context, LinkId id, LinkPlan plan)
        : UcastMedium(std::move(context), id, std::move(plan), "ucast6") {}
};

}  // namespace

std::unique_ptr<Medium> make_ucast6(MediumContext context, LinkId id, LinkPlan plan) {
    return std::make_unique<Ucast6>(std::move(context), id, std::move(plan));
}

}  // namespace hb::comm
