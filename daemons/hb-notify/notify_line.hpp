// What programs of `notify` lines are told: one JSON object a line, docs/notify-events.md is the
// contract. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/cluster_status.hpp"
#include "common/base/event.hpp"

namespace hb::notify {

struct Stamp {
    std::string host;          // this node
    std::uint64_t number = 0;  // counts lines since hb-notify started
    std::int64_t time_ms = 0;  // wall time since 1970
};

// Nothing: not of interest to programs.
[[nodiscard]] std::optional<std::string> event_line(const Event& event, const Stamp& stamp);
// All that is known at this moment, after hb-notify came to know it (anew).
[[nodiscard]] std::string snapshot_line(const ClusterStatus& status, const Stamp& stamp);
[[nodiscard]] std::string view_line(const ClusterStatus& status, const Stamp& stamp);
[[nodiscard]] std::string lost_line(std::uint64_t lost, const Stamp& stamp);

// What one status says that the one before did not, and that nobody tells as an event.
struct StatusNews {
    bool view = false;
    std::vector<Event> events;  // reasons of groups
};
[[nodiscard]] StatusNews news_of(const ClusterStatus& before, const ClusterStatus& after);

}  // namespace hb::notify
