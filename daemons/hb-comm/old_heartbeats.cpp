#include "daemons/hb-comm/old_heartbeats.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hb::comm {

std::optional<ipc::OldHeartbeatHeard> OldHeartbeats::heard(const OldHeartbeat& frame,
                                                           std::uint64_t suite_generation,
                                                           const std::string& where, MonoTime now,
                                                           std::vector<Event>& events) {
    if (frame.generation <= suite_generation) return std::nullopt;
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
        return ipc::OldHeartbeatHeard{.peer = frame.node, .when = now, .released = true};
    }
    if (!seen.heard)
        events.push_back(Event{
            "old-heartbeat",
            Level::kWarn,
            fmt::format("{} still runs Heartbeat ({}): nothing is started here before it ends",
                        name(frame.node), where),
            {{"HB_NODE", name(frame.node)}}});
    seen.heard = now;
    return ipc::OldHeartbeatHeard{.peer = frame.node, .when = now, .released = false};
}

void OldHeartbeats::on_deadline(MonoTime now, std::vector<Event>& events) {
    for (auto& [node, seen] : seen_) {
        if (!seen.heard || now - *seen.heard < deadtime_) continue;
        seen.heard.reset();
        events.push_back(Event{"old-heartbeat-silent",
                               Level::kWarn,
                               fmt::format("Heartbeat on {} is not heard any more", name(node)),
                               {{"HB_NODE", name(node)}}});
    }
}

MonoTime OldHeartbeats::next_deadline() const {
    MonoTime next = kForever;
    for (const auto& [node, seen] : seen_)
        if (seen.heard) next = std::min(next, *seen.heard + deadtime_);
    return next;
}

std::vector<ipc::OldHeartbeatHeard> OldHeartbeats::state() const {
    std::vector<ipc::OldHeartbeatHeard> all;
    for (const auto& [node, seen] : seen_)
        if (seen.heard) all.push_back({.peer = node, .when = *seen.heard, .released = false});
    return all;
}

}  // namespace hb::comm
