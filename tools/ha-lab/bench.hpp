// The figures of the suite, measured in the lab: how long a client goes without its address.
//
// The JSON (--json FILE), one object:
//
//   version       1; members may be added without a new version
//   unit          "ms": of every time below
//   runs          how often each measurement was to be taken
//   measurements  in the order of the table, each
//     name                 as in the table, "power-off, deadtime 1 s"; stable
//     median, least, most  of `values`; 0 when there are none
//     promised             what the project promises of the median
//     kept                 whether it is kept: every run has a value, the median is as promised
//     probe_longest_pause  the longest time in which the machine kept the measurement itself from
//                          asking; a maximum not above it says nothing of the suite
//     error                why there are fewer values than runs, else ""
//     values               of each run, in order
#pragma once

#include <string>
#include <vector>

namespace hb::lab {

struct BenchOptions {
    unsigned runs = 20;
    std::string json_file;             // empty: none
    std::vector<std::string> only;     // measurements whose name contains one of these; none: all
    std::vector<std::string> without;  // and none of these
};

// Prints a table of medians, writes the JSON; returns an exit code.
int run_bench(const BenchOptions& options);

}  // namespace hb::lab
