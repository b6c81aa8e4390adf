// How long a reload may take to be everywhere (docs/protocol.md, L8), one place for hb-master,
// which sees to it, and for those that go by the old settings as well until then.
#pragma once

#include "common/base/time.hpp"

namespace hb {

// From hb-resource's commit: the others have it, or are killed, in the first part; who is started
// anew is told of it when they are; and a new process takes a moment.
inline constexpr Duration kReloadSettles = 15s;

// Until when a deadtime counts beside the one that took its place `now`: when all daemons have the
// new one, and all peers have heard of it or called us silent. A quarter for the frame on its way.
[[nodiscard]] constexpr MonoTime old_deadtime_until(MonoTime now, Duration longest) {
    return now + kReloadSettles + longest * 5 / 4;
}

}  // namespace hb
