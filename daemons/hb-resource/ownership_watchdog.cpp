// OwnershipCore: watchdogs as evidence (G5), and when our own is fed no more.
#include <algorithm>
#include <functional>
#include <vector>

#include "daemons/hb-resource/ownership_impl.hpp"

namespace hb::resource {

using Impl = OwnershipCore::Impl;

// Since when a node is silent for the last of those that we hear. A peer that tells us of nobody is
// no witness; one that was never judged may be there.
void Impl::note_losses(MonoTime now) {
    for (auto& [id, x] : peers) {
        const bool may_be_there =
            !membership_there || !x.status.judged || x.status.hearing == ipc::Hearing::kHeard;
        const bool heard = may_be_there || std::ranges::any_of(peers, [&](const auto& y) {
                               return y.first != id &&
                                      y.second.status.hearing == ipc::Hearing::kHeard &&
                                      y.second.status.hears.contains(id);
                           });
        if (heard)
            x.lost_since.reset();
        else if (!x.lost_since)
            x.lost_since = now;
        // Whom we hear anew may have heard it until then, and been its majority.
        for (const auto& [other, y] : peers)
            if (x.lost_since && other != id && y.status.hearing == ipc::Hearing::kHeard)
                x.lost_since = std::max(*x.lost_since, y.status.since);
    }
}

// When those whose leases were good, and we, were a majority for the last time. A newborn process
// learns it from hb-comm: its predecessor's time is not given to it again.
MonoTime Impl::majority_lost(MonoTime now) const {
    std::vector<MonoTime> ends;
    for (const auto& [id, p] : peers)
        ends.push_back(straight.newest(id) == kNever ? kNever : straight.until(id));
    std::ranges::sort(ends, std::greater<>{});
    const std::size_t others = s.node_names.size() / 2;  // with us: more than half
    if (others == 0 || ends.size() < others || ends[others - 1] == kNever) return now;
    return std::min(now, ends[others - 1]);
}

// d + T from the moment that we had to let go, unless all is stopped: then others may count on us
// being reset.
void Impl::note_letting_go(MonoTime now) {
    const bool bound =
        std::ranges::any_of(
            groups, [&](const auto& g) { return g.second.held() && !may_keep(g.second); }) ||
        std::ranges::any_of(retired, [](const auto& g) { return g.second.held(); });
    if (!no_majority || !bound)
        must_be_gone_at.reset();
    else if (!must_be_gone_at)
        must_be_gone_at = majority_lost(now) + s.deadtime + s.handover;
}

bool Impl::may_feed_watchdog(MonoTime now) const {
    return !must_be_gone_at || now < *must_be_gone_at;
}

}  // namespace hb::resource
