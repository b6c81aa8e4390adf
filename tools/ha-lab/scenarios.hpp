// Stories that the lab tells: what breaks, what the suite does about it as it happens, and what a
// client noticed. Each is judged by what was promised for it.
#pragma once

#include <string>
#include <vector>

#include "tools/ha-lab/narrator.hpp"

namespace hb::lab {

struct Scenario {
    std::string name;
    std::string what;
    void (*tell)(Narrator&);
    // What the lab's own configuration has besides for this story.
    std::vector<std::string> more = {};
    std::string keepalive = {};
    bool watchdogs = false;  // each node has one, and hb-master uses it
};

[[nodiscard]] const std::vector<Scenario>& scenarios();

// What docs/verification.md promises for a move that somebody asked for.
inline constexpr Duration kPlanned = 10ms;

// One node after the other (scenarios_rolling.cpp).
void rolling_restart(Narrator& n);
void rolling_change(Narrator& n);
void rolling_reload(Narrator& n);

// Tells one with the given configuration; returns an exit code: 0, or 1 when a promise was broken.
// When nothing but an outage was too long it is told again, twice at most: what the suite costs
// comes back, what other work on the machine costs does not.
int tell_scenario(const std::string& name, const ClusterConfig& config);

}  // namespace hb::lab
