// Messages between hb-membership and hb-ipfail <-> bytes, both ways. Refuses what is out of bounds,
// as proto/codec_node.hpp says.
#pragma once

#include <string>
#include <string_view>

#include "common/base/ipc/membership_ipfail.hpp"
#include "common/base/result.hpp"

namespace hb::proto {

[[nodiscard]] std::string encode(const ipc::MembershipToIpfail& message);
[[nodiscard]] Result<ipc::MembershipToIpfail> decode_membership_to_ipfail(std::string_view bytes);

[[nodiscard]] std::string encode(const ipc::IpfailToMembership& message);
[[nodiscard]] Result<ipc::IpfailToMembership> decode_ipfail_to_membership(std::string_view bytes);

}  // namespace hb::proto
