// What hactl does with the configuration files, without a running suite.
#pragma once

#include <string>

#include "tools/control/exit_code.hpp"

namespace hb::hactl {

using control::ExitCode;

struct CheckOptions {
    std::string config_dir;
    std::string node;     // empty: this host
    bool agents = false;  // ask OCF agents, too
    std::string print;    // this file in canonical form, on standard output; the rest on error
    std::string peer;     // "NODE=DIRECTORY": compare with the files of that node
};
[[nodiscard]] ExitCode run_check(const CheckOptions& options);

// The manual's entry of a directive of ha.cf; empty: the list of all.
[[nodiscard]] ExitCode run_explain(const std::string& directive);

struct KeygenOptions {
    std::string method;
    unsigned id = 1;
    std::string output;  // a new file; empty: standard output
};
[[nodiscard]] ExitCode run_keygen(const KeygenOptions& options);

}  // namespace hb::hactl
