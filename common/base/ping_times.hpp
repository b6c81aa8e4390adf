// How often ping nodes are asked, one place for who asks (hb-comm) and who checks the
// configuration.
#pragma once

#include <algorithm>
#include <cstddef>

#include "common/base/time.hpp"

namespace hb {

// One request at most in this time, over all hosts: a thousand in a second is no load for anybody.
inline constexpr Duration kPingPace = 1ms;

// Between two requests to the same host. With every heartbeat, as Heartbeat did, and five times in
// the patience of L3 (d/4, common/base/probe_window.hpp), within the pace.
[[nodiscard]] constexpr Duration ping_interval(Duration keepalive, Duration deadtime,
                                               std::size_t hosts) {
    const Duration wanted = std::min(keepalive, deadtime / 20);
    return std::max(wanted, kPingPace * static_cast<int>(hosts));
}
// deadping holds so many requests at least.
inline constexpr int kPingsInDeadping = 3;

// A ping node that answered nothing for so long is late: it still counts as reached, but not as a
// reason to prefer the node that reaches it (a switch that dies is noticed by two nodes in turn).
[[nodiscard]] constexpr Duration ping_late(Duration deadping, Duration interval) {
    return std::max(deadping / 2, interval * 3 / 2);
}

}  // namespace hb
