// Messages between tools and hb-membership (the control socket) <-> bytes, both ways. Refuses what
// is out of bounds, as proto/codec_node.hpp says.
#pragma once

#include <string>
#include <string_view>

#include "common/base/ipc/control.hpp"
#include "common/base/result.hpp"

namespace hb::proto {

[[nodiscard]] std::string encode(const ipc::ToolToMembership& message);
[[nodiscard]] Result<ipc::ToolToMembership> decode_tool_to_membership(std::string_view bytes);

[[nodiscard]] std::string encode(const ipc::MembershipToTool& message);
[[nodiscard]] Result<ipc::MembershipToTool> decode_membership_to_tool(std::string_view bytes);

}  // namespace hb::proto
