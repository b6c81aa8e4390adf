// ucast: to one or more peers over IPv4.
#include "daemons/hb-comm/ucast_medium.hpp"

namespace hb::comm {
namespace {

class Ucast final : public UcastMedium {
  public:
    Ucast(MediumContext context, LinkId id, LinkPlan plan)
        : UcastMedium(std::move(context), id, std::move(plan), "ucast") {}
};

}  // namespace

std::unique_ptr<Medium> make_ucast(MediumContext context, LinkId id, LinkPlan plan) {
    return std::make_unique<Ucast>(std::move(context), id, std::move(plan));
}

}  // namespace hb::comm
