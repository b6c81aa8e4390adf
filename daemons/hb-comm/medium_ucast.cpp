// ucast, ucast6: datagrams to one or more peers by address or name, in the family of the plan.
//
// Names are resolved without blocking; until one is known nothing is sent to it, and what it was
// known as stays until a newer answer comes.
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "common/runtime/resolver.hpp"
#include "common/runtime/system_clock.hpp"
#include "daemons/hb-comm/medium.hpp"

namespace hb::comm {
namespace {

constexpr Duration kAskAgain = 5s;
constexpr Duration kAskAgainKnown = 600s;

class Ucast final : public Medium {
  public:
    Ucast(MediumContext context, LinkId id, LinkPlan plan);

  private:
    struct Peer {
        std::string name;
        std::optional<IpAddress> address;
        bool complained = false;  // that it was never known
    };

    [[nodiscard]] Result<void> prepare(int socket) override;
    [[nodiscard]] std::vector<runtime::SocketAddress> destinations() const override;
    void resolve();
    void resolved(std::size_t i, Result<IpAddress> answer);

    std::vector<Peer> peers_;
    std::size_t asked_ = 0;  // questions without an answer
    runtime::Resolver resolver_;
    runtime::Timer again_;
};

Ucast::Ucast(MediumContext context, LinkId id, LinkPlan plan)
    : Medium(std::move(context), id, plan, is_v6(plan.kind) ? "ucast6" : "ucast"),
      resolver_(loop()),
      again_(loop(), [this]() noexcept { resolve(); }) {
    for (const std::string& peer : this->plan().peers)
        peers_.push_back({peer, IpAddress::parse(peer), false});
    resolve();
}

Result<void> Ucast::prepare(int) {
    for (const Peer& peer : peers_)
        started(fmt::format("{}: started on port {} interface {} to {}", kind(), plan().port,
                            plan().interface,
                            peer.address && !IpAddress::parse(peer.name)
                                ? fmt::format("{} ({})", peer.name, peer.address->to_string())
                                : peer.name));
    return {};
}

std::vector<runtime::SocketAddress> Ucast::destinations() const {
    std::vector<runtime::SocketAddress> to_all;
    for (const Peer& peer : peers_)
        if (peer.address) to_all.push_back(to(*peer.address));
    return to_all;
}

void Ucast::resolve() {
    for (std::size_t i = 0; i < peers_.size(); ++i) {
        if (IpAddress::parse(peers_[i].name)) continue;
        ++asked_;
        resolver_.resolve(
            peers_[i].name,
            [this, i](Result<IpAddress> answer) noexcept { resolved(i, std::move(answer)); },
            family());
    }
}

void Ucast::resolved(std::size_t i, Result<IpAddress> answer) {
    --asked_;
    Peer& peer = peers_[i];
    if (!answer) {
        if (peer.address || !peer.complained) {
            peer.complained = true;
            log().log(Level::kWarn, "ucast-unresolved",
                      fmt::format("{} {}: {} is not resolved: {}", kind(), plan().interface,
                                  peer.name, answer.error().text),
                      {{"HB_LINK", plan().interface}});
        }
    } else if (peer.address != *answer) {
        peer.address = *answer;
        log().log(Level::kInfo, "ucast-resolved",
                  fmt::format("{} {}: {} is {}", kind(), plan().interface, peer.name,
                              answer->to_string()),
                  {{"HB_LINK", plan().interface}});
    }
    const bool all_known = std::all_of(peers_.begin(), peers_.end(),
                                       [](const Peer& p) { return p.address.has_value(); });
    if (asked_ == 0) again_.arm(runtime::now() + (all_known ? kAskAgainKnown : kAskAgain));
}

}  // namespace

std::unique_ptr<Medium> make_ucast(MediumContext context, LinkId id, LinkPlan plan) {
    return std::make_unique<Ucast>(std::move(context), id, std::move(plan));
}

}  // namespace hb::comm
