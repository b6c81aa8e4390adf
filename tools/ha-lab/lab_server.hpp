// The lab that stays up between two commands: a process of its own that keeps it and is asked over
// a socket without a name in any file system, so nothing is left when it goes.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/lab/cluster.hpp"

namespace hb::lab {

// What a command answers: words for people and an exit code, or a node to enter.
struct Answer {
    int exit_code = 0;
    std::string text;
    int enter_pid = 0;     // > 0: process 1 of the node to enter
    std::string enter_fd;  // else: a network namespace to enter ("/proc/PID/fd/N")
};

// Makes the lab in a new background process, starts the suite on all nodes, and returns when it is
// up. Throws when it cannot be, or when one of that name is up already.
void start_server(const std::string& name, const ClusterConfig& config, bool start_suite);

// Sends a command to the lab of that name. Throws when there is none.
Answer ask_server(const std::string& name, const std::vector<std::string>& words);

}  // namespace hb::lab
