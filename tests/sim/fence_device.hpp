// A fence device that tells the truth: asked to switch a node off it does so, after a while, and
// says so afterwards. Asked because the gate of somebody says "fencing" (G5).
#pragma once

#include <set>

#include "common/base/ids.hpp"
#include "tests/sim/world.hpp"

namespace hb::sim {

class Cluster;

class FenceDevice {
  public:
    explicit FenceDevice(Cluster& cluster) : cluster_(cluster) {}
    // `by` waits for `victim` to be off. Asking twice is harmless.
    void ask(NodeId by, NodeId victim);

  private:
    Cluster& cluster_;
    std::set<std::pair<NodeId, NodeId>> under_way_;
};

}  // namespace hb::sim
