// Messages between hb-membership and hb-resource <-> bytes, both ways. Refuses what is out of
// bounds, as proto/codec_node.hpp says.
#pragma once

#include <string>
#include <string_view>

#include "common/base/ipc/membership_resource.hpp"
#include "common/base/result.hpp"

namespace hb::proto {

[[nodiscard]] std::string encode(const ipc::MembershipToResource& message);
[[nodiscard]] Result<ipc::MembershipToResource> decode_membership_to_resource(
    std::string_view bytes);

[[nodiscard]] std::string encode(const ipc::ResourceToMembership& message);
[[nodiscard]] Result<ipc::ResourceToMembership> decode_resource_to_membership(
    std::string_view bytes);

}  // namespace hb::proto
