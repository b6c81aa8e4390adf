// What every agent of hb-agent is called and takes, one file each.
#pragma once

#include "common/config/built_in.hpp"

namespace hb::config {

extern const BuiltInAgent kDelayAgent;
extern const BuiltInAgent kFilesystemAgent;
extern const BuiltInAgent kIPaddrAgent;
extern const BuiltInAgent kIPaddr2Agent;
extern const BuiltInAgent kIPsrcaddrAgent;
extern const BuiltInAgent kIPv6addrAgent;
extern const BuiltInAgent kMailToAgent;
extern const BuiltInAgent kSendArpAgent;

}  // namespace hb::config
