// The figures of the suite, measured in the lab: how long a client goes without its address.
#pragma once

#include <string>

namespace hb::lab {

struct BenchOptions {
    unsigned runs = 20;
    std::string json_file;  // empty: none
    std::string only;       // only measurements whose name contains this
};

// Prints a table of medians, writes the JSON; returns an exit code.
int run_bench(const BenchOptions& options);

}  // namespace hb::lab
