// The window of the address probe (docs/protocol.md, section 7), one place for both who asks
// (hb-comm) and who waits for it (hb-resource).
#pragma once

#include <algorithm>

#include "common/base/time.hpp"

namespace hb {

inline constexpr unsigned kProbesPerWindow = 4;

// W = d/5 within 4 ms .. 200 ms. L1 needs W <= d/4 - 1 % of d: true from the least deadtime, 20 ms,
// on.
[[nodiscard]] constexpr Duration probe_window(Duration deadtime) {
    return std::clamp<Duration>(deadtime / 5, 4ms, 200ms);
}
[[nodiscard]] constexpr Duration probe_interval(Duration deadtime) {
    return probe_window(deadtime) / kProbesPerWindow;
}
// D: the longest one-way delay that the window tolerates together with one lost probe.
[[nodiscard]] constexpr Duration probe_delay_bound(Duration deadtime) {
    return probe_window(deadtime) * 3 / 8;
}
// L3: a node that nobody acknowledges any more is isolated when no ping node answered for this long
// (hb-comm asks several times in it). L6: whoever takes over has asked for the addresses for twice
// as long, so that a holder that vanished from the service network before the first probe has let
// go, in d/4.
[[nodiscard]] constexpr Duration ping_patience(Duration deadtime) {
    return deadtime / 4;
}
// A lease runs for 3/4 of our announced deadtime from the send of the acknowledged frame (L1).
[[nodiscard]] constexpr Duration lease_length(Duration deadtime) {
    return deadtime * 3 / 4;
}

}  // namespace hb
