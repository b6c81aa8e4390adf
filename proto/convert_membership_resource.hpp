// What control.proto has in common with membership_resource.proto: admins' requests. Internal to
// proto/.
#pragma once

#include "common/base/ipc/membership_resource.hpp"
#include "membership_resource.pb.h"
#include "proto/checks.hpp"

namespace hb::proto {

[[nodiscard]] pb::RequestKind to_pb(ipc::RequestKind kind);
[[nodiscard]] ipc::RequestKind read(pb::RequestKind from, Reader& in);

[[nodiscard]] pb::Scope to_pb(ipc::Scope scope);
[[nodiscard]] ipc::Scope read(pb::Scope from, Reader& in);

// A group is named with Scope::kGroup, and only then.
[[nodiscard]] GroupName read_scope_group(ipc::Scope scope, const std::string& group, Reader& in);

// A node is named with RequestKind::kMove, and only then.
[[nodiscard]] std::optional<NodeId> read_target(ipc::RequestKind kind, std::uint32_t from_one,
                                                Reader& in);

}  // namespace hb::proto
