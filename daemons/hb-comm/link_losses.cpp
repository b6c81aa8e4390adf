#include "daemons/hb-comm/link_losses.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hb::comm {

std::optional<Event> LinkLosses::see(NodeId peer, LinkId link, const std::string& peer_name,
                                     const std::string& interface, std::optional<LossSeen> seen,
                                     MonoTime now) {
    Link& l = links_[{peer, link}];
    if (!seen) {
        l = {.said = l.said};
        return std::nullopt;
    }
    const std::uint32_t here = seen->here_percent, there = seen->there_percent;
    const std::uint32_t most = std::max(here, there), least = std::min(here, there);
    l.bad = l.bad ? most > kGood : most >= kBad;
    l.detail.clear();
    const std::vector<std::pair<std::string, std::string>> fields = {{"HB_NODE", peer_name},
                                                                     {"HB_LINK", interface}};
    if (!l.bad) {
        if (!l.named) return std::nullopt;
        l.named = false;
        return Event{
            "link-good", Level::kInfo,
            fmt::format("Link {}:{} loses hardly any frames any more.", peer_name, interface),
            fields};
    }
    const bool one_direction = least <= kGood;
    l.detail =
        fmt::format("{} % of what {} sends on {} is lost, and {} % of what we send: {}", here,
                    peer_name, interface, there,
                    one_direction ? "one direction is bad (a cable, a port, a duplex setting?)"
                                  : "a bad cable, or a network that is full?");
    if (l.named || (l.said != kNever && now - l.said < kSayAgain)) return std::nullopt;
    l.said = now;
    l.named = true;
    return Event{one_direction ? "link-asymmetric" : "link-loses", Level::kWarn, l.detail, fields};
}

std::string LinkLosses::detail(NodeId peer, LinkId link) const {
    const auto it = links_.find({peer, link});
    return it == links_.end() ? std::string() : it->second.detail;
}

}  // namespace hb::comm
