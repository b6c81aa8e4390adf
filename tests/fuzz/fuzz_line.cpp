// Bytes from a serial line: whatever they are, what is taken for a datagram is one, and the next
// whole one is found.
#include <string>

#include "common/base/assert.hpp"
#include "common/wire/line_framing.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace hb::wire;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    LineDecoder decoder;
    const std::size_t cut = size == 0 ? 0 : data[0] % size;
    const auto bounded = [](std::string_view datagram) {
        HB_ASSERT(!datagram.empty() && datagram.size() <= kLineBytes);
    };
    decoder.feed(bytes.substr(0, cut), bounded);
    decoder.feed(bytes.substr(cut), bounded);
    // Itself, as a datagram, behind the noise.
    if (size == 0 || size > kMaxDatagramBytes) return 0;
    bool came = false;
    decoder.feed(to_line(data[0], bytes),
                 [&](std::string_view datagram) { came = came || datagram == bytes; });
    HB_ASSERT(came);
    return 0;
}
