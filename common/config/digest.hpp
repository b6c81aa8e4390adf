// Digests of what has to be the same on all nodes: how nodes of a running cluster notice that their
// files differ, while they do. Differences themselves are compare.hpp's.
//
// They are of the meaning, not of the text: spelling, comments, defaults and what is each node's
// own (Directive::per_node), the parameters of fence devices and keys are not in it. 64 bits that
// nobody has a reason to forge: who may publish a digest may publish anything.
#pragma once

#include "common/base/cluster_state.hpp"
#include "common/config/settings.hpp"

namespace hb::config {

[[nodiscard]] ConfigDigests digests(const Settings& settings);

}  // namespace hb::config
