// Neighbour discovery as it comes from the wire: what is taken comes back the same. Each input is
// tried as it is and with its checksum mended, so that what lies behind the checksum is reached.
#include <vector>

#include "common/base/assert.hpp"
#include "common/wire/byte_order.hpp"
#include "common/wire/ndp_packet.hpp"

namespace {

using hb::wire::decode_ndp;

void try_one(std::span<const std::uint8_t> bytes) {
    const auto packet = decode_ndp(bytes);
    if (packet) HB_ASSERT(decode_ndp(encode_ndp(*packet)) == packet);
}

void mend_checksum(std::vector<std::uint8_t>& bytes) {
    const std::size_t length = hb::wire::load_be16(&bytes[4]);
    if (length < 4 || length > bytes.size() - hb::wire::kIpv6HeaderBytes) return;
    bytes[42] = bytes[43] = 0;
    std::uint32_t sum = static_cast<std::uint32_t>(length) + 58;
    for (std::size_t i = 8; i < hb::wire::kIpv6HeaderBytes + length; i++)
        sum += i % 2 == 0 ? static_cast<std::uint32_t>(bytes[i]) << 8 : bytes[i];
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    hb::wire::store_be16(&bytes[42], static_cast<std::uint16_t>(~sum));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try_one({data, size});
    if (size < hb::wire::kIpv6HeaderBytes + 4) return 0;
    std::vector<std::uint8_t> bytes(data, data + size);
    mend_checksum(bytes);
    try_one(bytes);
    return 0;
}
