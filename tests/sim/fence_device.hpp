// The fence devices of a cluster: one per node and level, each beside the machine that it switches,
// reached from everywhere. A device may be slow, or may not answer at all. It never says what is
// not so: nothing that rests on fencing is promised with a device that lies.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/base/ids.hpp"
#include "daemons/hb-fence/fence_core.hpp"
#include "tests/sim/world.hpp"

namespace hb::sim {

class Cluster;

class FenceDevice {
  public:
    explicit FenceDevice(Cluster& cluster) : cluster_(cluster) {}

    // One call of an agent. Its effect is somewhere in its time: who kills the call may be too
    // late.
    struct Call {
        bool killed = false;
        bool over = false;
    };
    using Answer = std::function<void(fence::Outcome, std::string)>;
    std::shared_ptr<Call> run(NodeId by, NodeId victim, fence::AgentAction action, Answer answer);

    // Nobody answers any more from here on: not the devices, whose cables are cut.
    void set_dead(bool dead) { dead_ = dead; }

  private:
    void check_asker(NodeId by, NodeId victim);

    Cluster& cluster_;
    bool dead_ = false;
};

}  // namespace hb::sim
