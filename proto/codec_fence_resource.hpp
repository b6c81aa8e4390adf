// hb-resource <-> hb-fence: values to bytes and back. Decoders refuse what is out of bounds.
#pragma once

#include <string>
#include <string_view>

#include "common/base/ipc/fence_resource.hpp"
#include "common/base/result.hpp"

namespace hb::proto {

[[nodiscard]] std::string encode(const ipc::ResourceToFence& message);
[[nodiscard]] Result<ipc::ResourceToFence> decode_resource_to_fence(std::string_view bytes);

[[nodiscard]] std::string encode(const ipc::FenceToResource& message);
[[nodiscard]] Result<ipc::FenceToResource> decode_fence_to_resource(std::string_view bytes);

}  // namespace hb::proto
