// What every agent of hb-agent is called and takes, one file each.
#pragma once

#include "common/config/built_in.hpp"

namespace hb::config {

extern const BuiltInAgent kDelayAgent;
extern const BuiltInAgent kFilesystemAgent;
extern const BuiltInAgent kMailToAgent;

}  // namespace hb::config
