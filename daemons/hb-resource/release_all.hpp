// `hb-resource --release-all`: releases what a dead suite left behind on this host. For the service
// manager, after a crash and before the next start.
//
// Every group is stopped right to left, all groups side by side: an address goes only after all
// that was started after it has stopped. What cannot be stopped keeps its address, loudly. It talks
// to nobody, leaves alone what is in maintenance, and waits for each stop no longer than the stop's
// deadline.
#pragma once

#include <string>

#include "common/base/time.hpp"
#include "common/log/logger.hpp"

namespace hb::resource {

struct ReleaseOptions {
    std::string config_dir = "/etc/ha.d";
    std::string own_node;                   // empty: nodeinfo, or uname -n
    std::string run_dir = "/run/ha-suite";  // of the suite that died; names its control groups
};

// Exit code: 0 everything is stopped, 1 something is not, 6 the configuration cannot be read.
[[nodiscard]] int release_all(const ReleaseOptions& options, log::Logger& log);

}  // namespace hb::resource
