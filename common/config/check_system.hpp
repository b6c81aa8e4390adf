// What only this host can tell about a configuration: do the programs, users and agents exist?
//
// Reads the file system, the user database and the services database; changes nothing. Asked by
// hb-master before it starts anything and by `hactl check`. Interfaces are not looked at: they may
// come and go while the suite runs.
#pragma once

#include <string>

#include "common/config/diagnostic.hpp"
#include "common/config/find_agent.hpp"
#include "common/config/settings.hpp"

namespace hb::config {

void check_system(const Settings& settings, const AgentDirectories& directories,
                  Diagnostics& diagnostics);

}  // namespace hb::config
