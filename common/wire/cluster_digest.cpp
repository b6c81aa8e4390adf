#include "common/wire/cluster_digest.hpp"

#include <sodium.h>

#include <array>

#include "common/base/assert.hpp"
#include "common/wire/byte_order.hpp"

namespace hb::wire {

std::uint32_t cluster_digest(const std::vector<std::string>& nodes) {
    std::string text;
    for (const std::string& node : nodes)
        text += node + "\n";
    std::array<std::uint8_t, crypto_generichash_blake2b_BYTES_MIN> digest{};
    const int rc = crypto_generichash_blake2b(digest.data(), digest.size(),
                                              reinterpret_cast<const std::uint8_t*>(text.data()),
                                              text.size(), nullptr, 0);
    HB_ASSERT(rc == 0);
    return load_be32(digest.data());
}

}  // namespace hb::wire
