// One run: a seed chooses configuration, faults and every delay; at the end everything is repaired
// and the cluster must come to rest.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "tests/sim/cluster.hpp"
#include "tests/sim/faults.hpp"

namespace hb::sim {

class ReachChecker;

// What kind of trouble a run is about.
struct Profile {
    Weights faults = all_weights();
    std::size_t nodes_low = 2;
    std::size_t nodes_high = 3;
    unsigned faults_low = 1;
    unsigned faults_high = 12;
    std::optional<bool> failback, quorum, ping_nodes, fencing;
    std::size_t ping_hosts = 1;
    bool groups_without_address = true;
    unsigned max_groups = 3;
    bool slow_agents = true;
    unsigned replay_per_mille = 0;
    bool keep_start_failures = false;  // starts that fail are never repaired
    bool peaceful = false;             // one fault at a time, each with its peace
    std::optional<unsigned> loss_per_mille;
    // What a test of one rule changes besides.
    std::function<void(ClusterConfig&)> adjust;
    // Scripted events before (or instead of) random ones.
    std::function<void(Cluster&, Faults&)> script;
};

struct RunOptions {
    std::uint64_t seed = 1;
    std::size_t nodes = 0;  // 0: the seed chooses
    Profile profile;
    std::function<void(ClusterConfig&)> drop;  // a rule
    World::Tracer trace;
};

struct RunResult {
    std::optional<Violation> violation;
    std::uint64_t steps = 0;
    WorldTime length{};
};

[[nodiscard]] ClusterConfig random_config(Prng& prng, const Profile& profile, std::size_t nodes);
[[nodiscard]] RunResult run_seed(const RunOptions& options);
ReachChecker& add_checkers(Cluster& cluster);

}  // namespace hb::sim
