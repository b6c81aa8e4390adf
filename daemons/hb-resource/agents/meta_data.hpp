// The OCF meta-data of an agent, as XML, made from its description. Pure.
#pragma once

#include <string>

#include "common/config/built_in.hpp"

namespace hb::agent {

[[nodiscard]] std::string meta_data(const config::BuiltInAgent& agent);

}  // namespace hb::agent
