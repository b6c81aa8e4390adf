// The three files read anew while the suite runs: what a start would make of them, what would
// change, and whether that can be had without a restart. Changes nothing.
#pragma once

#include <vector>

#include "common/base/reload_outcome.hpp"
#include "daemons/hb-master/start.hpp"

namespace hb::master {

struct Reread {
    config::Loaded loaded;
    std::vector<RespawnClient> clients;
    ReloadOutcome outcome;  // `ok`: it can be had
};

// `say`: what is found goes to the log, too.
[[nodiscard]] Reread reread(const Options& options, const config::Loaded& running,
                            const runtime::Identity& hacluster, log::Logger& log, bool say);

}  // namespace hb::master
