// What control.proto shows of comm_membership.proto. Internal to proto/.
#pragma once

#include "comm_membership.pb.h"
#include "common/base/ipc/comm_membership.hpp"
#include "proto/checks.hpp"

namespace hb::proto {

[[nodiscard]] pb::LinkFault to_pb(ipc::LinkFault fault);
[[nodiscard]] ipc::LinkFault read(pb::LinkFault from, Reader& in);

}  // namespace hb::proto
