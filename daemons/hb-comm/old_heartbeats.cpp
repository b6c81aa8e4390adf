#include "daemons/hb-comm/old_heartbeats.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hb::comm {

namespace {
constexpr Duration kLongestDeadtime = std::chrono::hours(1);  // whatever a frame says
}  // namespace

std::optional<ipc::OldHeartbeatHeard> OldHeartbeats::heard(const OldHeartbeat& frame,
                                                           const std::string& where, MonoTime now,
                                                           std::vector<Event>& events) {
    Seen& seen = seen_[frame.node];
    const std::pair<std::uint64_t, std::uint64_t> order{frame.generation, frame.sequence};
    // A life says once that it released everything, and what it says elsewhere is older or no news:
    // that word may come out of order.
    const bool newer = frame.released ? frame.generation >= seen.newest.first : order > seen.newest;
    if (!newer) return std::nullopt;
    seen.newest = std::max(seen.newest, order);
    // Its last frames still say that it is active.
    if (frame.generation <= seen.released_generation) return std::nullopt;
    if (frame.released) {
        seen.released_generation = frame.generation;
        seen.heard.reset();
        events.push_back(Event{
            "old-heartbeat-ends",
            Level::kInfo,
            fmt::format("Heartbeat on {} has released everything, and ends", name(frame.node)),
            {{"HB_NODE", name(frame.node)}}});
        return ipc::OldHeartbeatHeard{
            .peer = frame.node, .when = now, .gone = true, .hold = hold(seen)};
    }
    if (!seen.heard)
        events.push_back(Event{
            "old-heartbeat",
            Level::kWarn,
            fmt::format("{} still runs Heartbeat ({}): nothing is started here before it ends",
                        name(frame.node), where),
            {{"HB_NODE", name(frame.node)}}});
    seen.heard = now;
    if (frame.deadtime > Duration::zero()) seen.deadtime = frame.deadtime;
    return ipc::OldHeartbeatHeard{
        .peer = frame.node, .when = now, .gone = false, .hold = hold(seen)};
}

Duration OldHeartbeats::hold(const Seen& seen) const {
    const Duration announced = std::min<Duration>(seen.deadtime, kLongestDeadtime);
    return std::max(deadtime_, announced) * 3 / 2;
}

std::vector<ipc::OldHeartbeatHeard> OldHeartbeats::on_deadline(MonoTime now,
                                                               std::vector<Event>& events) {
    std::vector<ipc::OldHeartbeatHeard> gone;
    for (auto& [node, seen] : seen_) {
        if (!seen.heard || now < *seen.heard + hold(seen)) continue;
        gone.push_back({.peer = node, .when = *seen.heard, .gone = true, .hold = hold(seen)});
        seen.heard.reset();
        events.push_back(Event{"old-heartbeat-silent",
                               Level::kWarn,
                               fmt::format("Heartbeat on {} is not heard any more", name(node)),
                               {{"HB_NODE", name(node)}}});
    }
    return gone;
}

void OldHeartbeats::stood_still(MonoTime now) {
    for (auto& [node, seen] : seen_)
        if (seen.heard) seen.heard = now;
}

MonoTime OldHeartbeats::next_deadline() const {
    MonoTime next = kForever;
    for (const auto& [node, seen] : seen_)
        if (seen.heard) next = std::min(next, *seen.heard + hold(seen));
    return next;
}

std::vector<ipc::OldHeartbeatHeard> OldHeartbeats::state() const {
    std::vector<ipc::OldHeartbeatHeard> all;
    for (const auto& [node, seen] : seen_)
        if (seen.heard)
            all.push_back({.peer = node, .when = *seen.heard, .gone = false, .hold = hold(seen)});
    return all;
}

}  // namespace hb::comm
