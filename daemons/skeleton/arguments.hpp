// The command line between hb-master and a daemon: written and read here, so that both agree.
#pragma once

#include <string>
#include <vector>

#include "common/log/logger.hpp"
#include "common/runtime/child_process.hpp"

namespace hb::skeleton {

// The channel to the master.
inline constexpr int kMasterFd = 3;

struct Arguments {
    log::Target log = log::Target::kStderr;
    bool debug = false;     // debug lines from the first; a refused system call is named
    // Ask for real-time priority and locked memory: `rtprio` of ha.cf. 0: do not.
    int realtime = 0;
    std::string host;       // this node's name, for log files
    uid_t uid = 0;          // of the user that unprivileged daemons become
    gid_t gid = 0;
    bool operator==(const Arguments&) const = default;
};

[[nodiscard]] std::vector<std::string> to_argv(const std::string& program, const Arguments& a);

// For main(): --help, --version and what is wrong end the process.
[[nodiscard]] Arguments parse_arguments(int argc, char** argv, const std::string& program);

}  // namespace hb::skeleton
