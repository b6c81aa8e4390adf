// What a raw ICMP socket delivers: whatever it is, it is nobody's answer, as nobody knows the
// secret.
#include "common/base/assert.hpp"
#include "daemons/hb-comm/ping_packet.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const hb::comm::PingSecret secret;
    const auto icmp = hb::comm::behind_ip_header({data, size});
    HB_ASSERT(!secret.open(hb::IpAddress::v4(0x0a000001), icmp));
    HB_ASSERT(!secret.open(*hb::IpAddress::parse("2001:db8::1"), {data, size}));
    return 0;
}
