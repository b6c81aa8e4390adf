// L1, L5 at rest: when the network is whole and nothing more goes wrong, then soon every node that
// runs is in one view, every group has exactly one owner that may have it, and nothing changes any
// more.
//
// NOT promised: an owner while no eligible node is left, or where the gate has a reason that lasts
// (no majority with a node that died; a proxy that answers for every address).
#pragma once

#include <optional>
#include <string>

#include "tests/sim/cluster.hpp"

namespace hb::sim {

// Nothing: the cluster is at rest. Else the first thing that is not as it must be in the end.
[[nodiscard]] std::optional<std::string> not_at_rest(Cluster& cluster);

}  // namespace hb::sim
