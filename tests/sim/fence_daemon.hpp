// hb-fence of one simulated node: a FenceCore, its channel to hb-resource, its agents. It lives as
// long as its node's hb-master does, and stands still when the machine does.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "common/base/ipc/fence_resource.hpp"
#include "daemons/hb-fence/fence_core.hpp"
#include "tests/sim/fence_device.hpp"
#include "tests/sim/world.hpp"

namespace hb::sim {

class Cluster;
class Node;

class FenceDaemon {
  public:
    FenceDaemon(Cluster& cluster, NodeId self) : cluster_(cluster), self_(self) {}

    // A new hb-resource: both get a fresh channel.
    void resource_born();
    void from_resource(const ipc::ResourceToFence& message);
    // kill -9: its agents die with it, a successor is there soon.
    void kill();

  private:
    [[nodiscard]] Node& node();
    [[nodiscard]] bool alive();
    void make();
    void input(fence::FenceInput in);
    void act(std::vector<fence::FenceOutput> actions);
    void run(const fence::RunAgent& action);
    template <typename Message>
    void tell(const Message& message);
    void arm();
    // Runs `work` in this life of the process; later, while the machine stands still.
    void later(Duration delay, std::function<void()> work);

    Cluster& cluster_;
    NodeId self_;
    std::unique_ptr<fence::FenceCore> core_;
    std::uint64_t life_ = 0;
    std::uint64_t generation_ = 0;  // of the node, when it was made
    std::map<std::uint64_t, std::shared_ptr<FenceDevice::Call>> calls_;
    WorldTime last_to_us_{};
    WorldTime last_to_resource_{};
    WorldTime armed_ = WorldTime::max();
};

}  // namespace hb::sim
