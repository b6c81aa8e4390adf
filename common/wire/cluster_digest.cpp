#include "common/wire/cluster_digest.hpp"

#include "common/base/fingerprint.hpp"
#include "common/wire/byte_order.hpp"

namespace hb::wire {

std::uint32_t cluster_digest(const std::vector<std::string>& nodes) {
    std::string text;
    for (const std::string& node : nodes)
        text += node + "\n";
    return load_be32(fingerprint(text).data());
}

}  // namespace hb::wire
