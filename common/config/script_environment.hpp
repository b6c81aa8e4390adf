// What scripts find in their environment, as Heartbeat set it: those of resource.d, init.d and
// rc.d.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/base/ids.hpp"
#include "common/config/settings.hpp"

namespace hb::config {

// HA_<directive> for every directive as it was written, HA_<name> for every `env`.
[[nodiscard]] std::map<std::string, std::string> ha_variables(const Settings& settings);

// Complete, sorted, "NAME=value".
[[nodiscard]] std::vector<std::string> script_environment(const Settings& settings, NodeId self,
                                                          const std::string& config_dir);

}  // namespace hb::config
