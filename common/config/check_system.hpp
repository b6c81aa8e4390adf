// What only this host can tell about a configuration: do the programs, users and scripts exist?
//
// Reads the file system, the user database and the services database; changes nothing. Asked by
// hb-master before it starts anything and by `hactl check`. Interfaces are not looked at: they may
// come and go while the suite runs.
#pragma once

#include <string>

#include "common/config/diagnostic.hpp"
#include "common/config/settings.hpp"

namespace hb::config {

struct ScriptDirectories {
    std::string resource_d = "/etc/ha.d/resource.d";
    std::string init_d = "/etc/init.d";
};

void check_system(const Settings& settings, const ScriptDirectories& directories,
                  Diagnostics& diagnostics);

// Where the script of a resource is: resource.d first, then init.d; empty: nowhere.
[[nodiscard]] std::string find_script(const std::string& type,
                                      const ScriptDirectories& directories);

}  // namespace hb::config
