#include "daemons/hb-membership/ping_nodes.hpp"

#include <algorithm>

#include "common/base/assert.hpp"
#include "daemons/hb-membership/facts.hpp"

namespace hb::membership {

PingNodes::PingNodes(const std::vector<config::PingNode>& configured) {
    for (const config::PingNode& ping : configured) {
        names_.push_back(ping.name);
        states_.push_back({.node = static_cast<std::uint32_t>(states_.size())});
    }
}

void PingNodes::configure(const std::vector<config::PingNode>& configured) {
    PingNodes fresh(configured);
    for (std::size_t i = 0; i < fresh.names_.size(); ++i) {
        const auto known = std::ranges::find(names_, fresh.names_[i]);
        if (known == names_.end()) continue;
        fresh.states_[i] = states_[static_cast<std::size_t>(known - names_.begin())];
        fresh.states_[i].node = static_cast<std::uint32_t>(i);
    }
    *this = std::move(fresh);
}

std::vector<Event> PingNodes::see(const ipc::PingStatus& seen) {
    HB_ASSERT(seen.node < states_.size());
    ipc::PingStatus& known = states_[seen.node];
    const PingState before = known.state;
    const bool was_late = known.late;
    known = seen;
    // A newborn hb-comm has not judged yet: what its predecessor knew stands.
    if (seen.state == PingState::kInit && before != PingState::kInit) {
        known.state = before;
        known.late = was_late;
    }
    std::vector<Event> events;
    if (known.state == before) return events;
    events.push_back(facts::ping_status(names_[seen.node], known.state));
    if (known.state == PingState::kDead)
        events.push_back(facts::node_dead(names_[seen.node], /*left_in_order=*/false));
    return events;
}

std::vector<PingSummary> PingNodes::summaries(MonoTime now) const {
    std::vector<PingSummary> result;
    for (std::size_t i = 0; i < states_.size(); ++i) {
        const ipc::PingStatus& s = states_[i];
        PingSummary to{.name = names_[i],
                       .status = s.state,
                       .late = s.late,
                       .round_trip = s.round_trip,
                       .asked = s.asked,
                       .lost = s.lost,
                       .detail = s.detail};
        if (s.answered) to.answered_ago = std::max(now - *s.answered, Duration(0));
        result.push_back(std::move(to));
    }
    return result;
}

}  // namespace hb::membership
