// One action of one agent: from the environment that OCF 1.1 gives to the answer. What the agent
// may take for granted is checked here.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "daemons/hb-resource/agents/agent.hpp"

namespace hb::agent {

// The value of a variable of the environment, or null.
using Lookup = std::function<const char*(const char* name)>;

// What OCF_RESKEY_* say of the parameters that the agent has. Empty ones count as not given.
[[nodiscard]] config::Parameters given_parameters(const config::BuiltInAgent& about,
                                                  const Lookup& environment);

// Prints what the action prints (meta-data, usage) to standard output.
[[nodiscard]] Answer run(const Agent& agent, std::string_view action, const Lookup& environment,
                         MonoTime now);

[[nodiscard]] std::string usage(std::string_view type);

}  // namespace hb::agent
