// What OCF agents themselves say of the parameters that haresources gives them: each is called with
// validate-all on this host, one after the other, with a deadline. Changes nothing, as far as
// agents keep to the standard.
//
// Warnings all: an agent may miss what is not here because its group is not (a mounted file
// system), some are wrong about themselves, and the suite would start whatever they say.
#pragma once

#include <string>

#include "common/config/diagnostic.hpp"
#include "common/config/find_agent.hpp"
#include "common/config/settings.hpp"

namespace hb::hactl {

// Throws std::runtime_error without descriptors.
void check_agents(const config::Settings& settings, NodeId self, const std::string& config_dir,
                  const config::AgentDirectories& directories, config::Diagnostics& diagnostics);

}  // namespace hb::hactl
