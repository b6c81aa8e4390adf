// Messages between hb-comm and hb-membership <-> bytes, both ways. Refuses what is out of bounds,
// as proto/codec_node.hpp says.
#pragma once

#include <string>
#include <string_view>

#include "common/base/ipc/comm_membership.hpp"
#include "common/base/result.hpp"

namespace hb::proto {

[[nodiscard]] std::string encode(const ipc::CommToMembership& message);
[[nodiscard]] Result<ipc::CommToMembership> decode_comm_to_membership(std::string_view bytes);

[[nodiscard]] std::string encode(const ipc::MembershipToComm& message);
[[nodiscard]] Result<ipc::MembershipToComm> decode_membership_to_comm(std::string_view bytes);

}  // namespace hb::proto
