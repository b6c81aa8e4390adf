// V6: must the next view wait, because a leaving member's goodbye is not yet answered?
#pragma once

#include "common/base/cluster_state.hpp"
#include "daemons/hb-membership/peer.hpp"

namespace hb::membership {

// What our own hb-resource (and hb-ipfail) published last; null: nothing yet.
struct OwnState {
    const Report* report = nullptr;
    const Table* table = nullptr;
};

// `accepted` is our view, and we would propose the next one. `connected_only`: wait for new owners
// only while they are connected (the rule; dropped by tests).
[[nodiscard]] bool goodbye_unanswered(const View& accepted, NodeId self, const Peers& peers,
                                      const OwnState& own, bool connected_only);

}  // namespace hb::membership
