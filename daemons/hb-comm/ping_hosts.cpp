#include "daemons/hb-comm/ping_hosts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/runtime/system_clock.hpp"

namespace hb::comm {
namespace {

constexpr Duration kAskAgain = 5s;
constexpr Duration kAskAgainKnown = 600s;

}  // namespace

PingHosts::PingHosts(runtime::EventLoop& loop, log::Logger& log,
                     const std::vector<config::PingNode>& nodes, Callbacks callbacks)
    : log_(log),
      callbacks_(std::move(callbacks)),
      resolver_(loop),
      again_(loop, [this]() noexcept { resolve(); }) {
    for (const config::PingNode& node : nodes) {
        for (const std::string& member : node.members) {
            const auto address = IpAddress::parse(member);
            const auto family = address   ? address->family
                                : node.v6 ? IpAddress::Family::kV6
                                          : IpAddress::Family::kV4;
            hosts_.push_back({member, family, !address, address, false});
        }
    }
    const PingContext context{.loop = loop,
                              .log = log,
                              .secret = secret_,
                              .on_answer = [this](const PingAsked& asked, int interface) {
                                  callbacks_.on_answer(asked, interface);
                              }};
    const auto needs = [this](IpAddress::Family family) {
        return std::ranges::any_of(hosts_, [=](const Host& h) { return h.family == family; });
    };
    if (needs(IpAddress::Family::kV4)) v4_ = make_ping(context);
    if (needs(IpAddress::Family::kV6)) v6_ = make_ping6(context);
    if (!hosts_.empty()) again_.arm(runtime::now());
}

void PingHosts::send(const PingAsked& asked) {
    const Host& host = hosts_[asked.host];
    if (!host.address) return;
    (host.address->is_v4() ? v4_ : v6_)->send(*host.address, asked);
}

void PingHosts::drain() {
    if (v4_) v4_->drain();
    if (v6_) v6_->drain();
}

void PingHosts::resolve() {
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
        if (!hosts_[i].is_name) {
            callbacks_.on_known(static_cast<std::uint32_t>(i));
            continue;
        }
        ++asked_;
        resolver_.resolve(
            hosts_[i].name,
            [this, i](Result<IpAddress> answer) noexcept { resolved(i, std::move(answer)); },
            hosts_[i].family);
    }
}

void PingHosts::resolved(std::size_t i, Result<IpAddress> answer) {
    --asked_;
    Host& host = hosts_[i];
    if (!answer) {
        if (!host.complained) {
            host.complained = true;
            log_.log(Level::kWarn, "ping-unresolved",
                     fmt::format("ping {}: the name is not resolved: {}", host.name,
                                 answer.error().text),
                     {{"HB_NODE", host.name}});
        }
    } else if (host.address != *answer) {
        host.address = *answer;
        host.complained = false;
        log_.log(Level::kInfo, "ping-resolved",
                 fmt::format("ping {}: is {}", host.name, answer->to_string()),
                 {{"HB_NODE", host.name}});
        callbacks_.on_known(static_cast<std::uint32_t>(i));
    }
    const bool all_known =
        std::ranges::all_of(hosts_, [](const Host& h) { return h.address.has_value(); });
    if (asked_ == 0) again_.arm(runtime::now() + (all_known ? kAskAgainKnown : kAskAgain));
}

}  // namespace hb::comm
