// Stories that the lab tells: what breaks, what the suite does about it as it happens, and what a
// client noticed.
#pragma once

#include <string>
#include <vector>

#include "tests/lab/cluster.hpp"

namespace hb::lab {

struct Scenario {
    std::string name;
    std::string what;
    void (*tell)(class Narrator&);
    // What the lab's own configuration has besides for this story.
    std::vector<std::string> more = {};
    std::string keepalive = {};
};

[[nodiscard]] const std::vector<Scenario>& scenarios();

// Tells one with the given configuration; returns an exit code.
int tell_scenario(const std::string& name, const ClusterConfig& config);

}  // namespace hb::lab
