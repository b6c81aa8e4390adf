// A whole cluster in one process: nodes, their networks, a fence device, and whoever watches.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/checkers/checker.hpp"
#include "tests/sim/cluster_config.hpp"
#include "tests/sim/fence_daemon.hpp"
#include "tests/sim/fence_device.hpp"
#include "tests/sim/node.hpp"
#include "tests/sim/service_net.hpp"
#include "tests/sim/sim_network.hpp"
#include "tests/sim/topic_store.hpp"
#include "tests/sim/world.hpp"

namespace hb::sim {

struct Violation {
    std::string property;  // "S1 one owner", "I3 one author"
    std::string detail;
    WorldTime when{};
};

class Cluster {
  public:
    Cluster(World& world, ClusterConfig config);
    ~Cluster();
    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;

    [[nodiscard]] World& world() { return world_; }
    [[nodiscard]] const ClusterConfig& config() const { return config_; }
    [[nodiscard]] std::size_t size() const { return nodes_.size(); }
    [[nodiscard]] Node& node(NodeId n) { return *nodes_.at(rank(n)); }
    [[nodiscard]] Node& node(std::size_t r) { return *nodes_.at(r); }
    [[nodiscard]] SimNetwork& network() { return network_; }
    [[nodiscard]] ServiceNet& service() { return service_; }
    [[nodiscard]] TopicStore& topics() { return topics_; }
    [[nodiscard]] FenceDevice& fence() { return fence_; }
    [[nodiscard]] FenceDaemon& fence_of(NodeId n) { return fence_daemons_.at(rank(n)); }

    // All nodes at once.
    void boot_all();
    // Every fault that can be repaired is: cables, cuts, frozen processes, agents. What is down
    // stays down.
    void repair(bool keep_start_failures = false);
    void set_service_cable(NodeId n, bool sends, bool receives, bool carrier_follows = false);
    // Whether a ping node answers this node.
    void set_ping_host(NodeId n, std::uint32_t host, bool answers);
    // Every cable of a node.
    void set_all_cables(NodeId n, bool connected);
    void send_frame(NodeId from, LinkId link, const FramePtr& frame, Duration takes = {});
    void wish(NodeId n, ipc::RequestKind kind, ipc::Scope scope = ipc::Scope::kAll,
              const GroupName& group = {}, bool stay = false,
              std::optional<NodeId> target = std::nullopt);

    // ---- watching
    void add(std::unique_ptr<Checker> checker) { checkers_.push_back(std::move(checker)); }
    template <typename Function>
    void tell(Function function) {
        for (const auto& checker : checkers_)
            function(*checker);
    }
    void violated(std::string property, std::string detail);
    [[nodiscard]] const std::optional<Violation>& violation() const { return violation_; }
    // A fault or a wish happened: what is expected of a quiet cluster is off for a while.
    void disturbed() { last_disturbance_ = last_fault_ = world_.now(); }
    void disturbed_in_order() { last_disturbance_ = world_.now(); }  // an orderly stop
    [[nodiscard]] WorldTime last_disturbance() const { return last_disturbance_; }
    [[nodiscard]] WorldTime last_fault() const { return last_fault_; }
    [[nodiscard]] std::string holders(std::size_t group) const;

  private:
    World& world_;
    ClusterConfig config_;
    TopicStore topics_;
    SimNetwork network_;
    ServiceNet service_;
    FenceDevice fence_;
    std::vector<FenceDaemon> fence_daemons_;
    std::vector<std::unique_ptr<Node>> nodes_;
    std::vector<std::unique_ptr<Checker>> checkers_;
    std::optional<Violation> violation_;
    std::uint64_t next_request_ = 1;
    WorldTime last_disturbance_{};
    WorldTime last_fault_{};
};

}  // namespace hb::sim
