// Frames of Heartbeat itself, twice: as they come, and (so that the fuzzer gets past the tag) as
// fields signed with its crc.
#include <cstddef>
#include <cstdint>
#include <string>

#include "common/base/assert.hpp"
#include "common/base/limits.hpp"
#include "common/wire/heartbeat_frame.hpp"

namespace {

using hb::config::AuthMethod;

const hb::wire::KeyRing& keys() {
    static const hb::wire::KeyRing ring = [] {
        hb::config::AuthKeys keys{
            .sign_with = 1,
            .keys = {{1, {AuthMethod::kSha1, "a-key-of-the-lab"}}, {3, {AuthMethod::kCrc, ""}}}};
        return hb::wire::KeyRing::make(keys).value();
    }();
    return ring;
}

void take(std::string_view datagram) {
    const auto frame = hb::wire::open_heartbeat_frame(datagram, keys());
    if (frame) HB_ASSERT(frame->node.size() <= hb::limits::kNodeNameBytes);
    if (frame) HB_ASSERT(hb::wire::is_heartbeat_frame(datagram));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    take(bytes);
    const std::string covered = "###\n" + std::string(bytes) + "%%%\n";
    const std::uint32_t crc = hb::wire::heartbeat_crc(covered);
    std::string hex;
    for (int shift = 28; shift >= 0; shift -= 4)
        if (const unsigned digit = (crc >> static_cast<unsigned>(shift)) & 0xfU;
            digit != 0 || !hex.empty())
            hex += "0123456789abcdef"[digit];
    const std::string tag = "3 " + hex;
    take(covered + std::to_string(tag.size()) + ":" + tag + ",");
    return 0;
}
