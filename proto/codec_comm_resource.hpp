// Messages between hb-comm and hb-resource <-> bytes, both ways. Refuses what is out of bounds, as
// proto/codec_node.hpp says.
#pragma once

#include <string>
#include <string_view>

#include "common/base/ipc/comm_resource.hpp"
#include "common/base/result.hpp"

namespace hb::proto {

[[nodiscard]] std::string encode(const ipc::CommToResource& message);
[[nodiscard]] Result<ipc::CommToResource> decode_comm_to_resource(std::string_view bytes);

[[nodiscard]] std::string encode(const ipc::ResourceToComm& message);
[[nodiscard]] Result<ipc::ResourceToComm> decode_resource_to_comm(std::string_view bytes);

}  // namespace hb::proto
