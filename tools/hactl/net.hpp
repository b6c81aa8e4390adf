// hactl net: who answers for the addresses, what comes on the links, what stands in the way. It
// changes nothing.
#pragma once

#include <string>

#include "tools/control/exit_code.hpp"

namespace hb::hactl {

struct NetOptions {
    std::string run_dir;
    std::string config_dir;
    unsigned seconds = 0;  // 0: as long as it takes to hear a few heartbeats
};
[[nodiscard]] control::ExitCode run_net(const NetOptions& options);

}  // namespace hb::hactl
