#include "daemons/hb-comm/ucast_medium.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/runtime/system_clock.hpp"

namespace hb::comm {
namespace {

constexpr Duration kAskAgain = 5s;
constexpr Duration kAskAgainKnown = 600s;

}  // namespace

UcastMedium::UcastMedium(MediumContext context, LinkId id, LinkPlan plan, const char* kind)
    : Medium(std::move(context), id, std::move(plan), kind),
      resolver_(loop()),
      again_(loop(), [this]() noexcept { resolve(); }) {
    for (const std::string& peer : this->plan().peers)
        peers_.push_back({peer, IpAddress::parse(peer), false});
    resolve();
}

Result<void> UcastMedium::prepare(int) {
    for (const Peer& peer : peers_)
        started(fmt::format("{}: started on port {} interface {} to {}", kind(), plan().port,
                            plan().interface,
                            peer.address && !IpAddress::parse(peer.name)
                                ? fmt::format("{} ({})", peer.name, peer.address->to_string())
                                : peer.name));
    return {};
}

std::vector<SocketAddress> UcastMedium::destinations() const {
    std::vector<SocketAddress> to_all;
    for (const Peer& peer : peers_)
        if (peer.address) to_all.push_back(to(*peer.address));
    return to_all;
}

void UcastMedium::resolve() {
    for (std::size_t i = 0; i < peers_.size(); ++i) {
        if (IpAddress::parse(peers_[i].name)) continue;
        ++asked_;
        resolver_.resolve(
            peers_[i].name,
            [this, i](Result<IpAddress> answer) noexcept { resolved(i, std::move(answer)); },
            family());
    }
}

void UcastMedium::resolved(std::size_t i, Result<IpAddress> answer) {
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

}  // namespace hb::comm
