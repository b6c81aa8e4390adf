// ARP packets as they come from the wire: what is taken comes back the same.
#include <algorithm>

#include "common/base/assert.hpp"
#include "common/wire/arp_packet.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto packet = hb::wire::decode_arp({data, size});
    if (!packet) return 0;
    const auto bytes = hb::wire::encode_arp(*packet);
    HB_ASSERT(std::equal(bytes.begin(), bytes.end(), data));
    return 0;
}
