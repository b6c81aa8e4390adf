// The matrix: every single fault that docs/promises.md speaks of, healed early and late, with two,
// three and five nodes and every kind of evidence. A seed is one cell of it, with its own delays,
// victim and instant; the checkers are those of every run.
//
// NOT here: faults upon faults (the random runs have them), and wishes of admins.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/scenario.hpp"

namespace hb::sim {

enum class Evidence : std::uint8_t { kNothing, kPing, kFencing, kWatchdog, kQuorum };
[[nodiscard]] const char* to_string(Evidence evidence);

struct Cell {
    std::string fault;
    std::size_t nodes = 2;
    Evidence evidence = Evidence::kNothing;
    unsigned healed_percent = 50;  // of deadtime, after it began
};

// In a fixed order: the seed counts through it.
[[nodiscard]] const std::vector<Cell>& matrix_cells(std::size_t nodes);  // 2, 3 or 5
[[nodiscard]] const Cell& matrix_cell(std::uint64_t seed);
[[nodiscard]] Profile matrix_profile(std::uint64_t seed);

}  // namespace hb::sim
