// The stop of a file system: what is inside first, again and again until it is gone or the time is
// over; whoever keeps it busy is named, and ended as configured.
#pragma once

#include <vector>

#include "daemons/hb-resource/agents/agent.hpp"
#include "daemons/hb-resource/agents/filesystem_core.hpp"

namespace hb::agent::filesystem {

struct StopSettings {
    std::vector<int> term_signals;
    std::vector<int> kill_signals;
    Duration signal_delay = 1s;
};

[[nodiscard]] Answer stop_all(const Request& request, const StopSettings& settings,
                              MonoTime deadline);

}  // namespace hb::agent::filesystem
