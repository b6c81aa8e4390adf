// Every rule of docs/protocol.md section 12 that can be dropped, and under which faults its absence
// shows. `ha-sim --drop NAME`; a standing test finds each within a bounded number of seeds.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/scenario.hpp"

namespace hb::sim {

struct Rule {
    std::string name;
    std::string row;    // of the table in section 12
    std::string shows;  // the property that is violated without it (others may be, too)
    std::function<void(ClusterConfig&)> drop;
    Profile (*profile)();
    std::uint64_t seeds = 5000;  // within so many it is found; most within 30
};

[[nodiscard]] const std::vector<Rule>& rules();
[[nodiscard]] const Rule* find_rule(std::string_view name);

}  // namespace hb::sim
