// Bytes from the network, twice: as they come, and (so that the fuzzer gets past the tag) signed
// with each of our keys, through open() and the reassembler.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "common/base/assert.hpp"
#include "common/wire/envelope.hpp"
#include "common/wire/reassembly.hpp"

namespace {

using hb::config::AuthMethod;

const hb::wire::KeyRing& keys() {
    static const hb::wire::KeyRing ring = [] {
        hb::config::AuthKeys keys{.sign_with = 0,
                                  .keys = {{0, {AuthMethod::kCrc, ""}},
                                           {1, {AuthMethod::kMd5, "k"}},
                                           {2, {AuthMethod::kSha1, "k"}},
                                           {3, {AuthMethod::kHmacSha256, "k"}},
                                           {4, {AuthMethod::kBlake2b, "k"}},
                                           {5, {AuthMethod::kXchacha20Poly1305, "k"}}}};
        return hb::wire::KeyRing::make(keys).value();
    }();
    return ring;
}

void take(hb::wire::OpenedPart part, hb::wire::Reassembler& reassembler) {
    HB_ASSERT(part.header.part < part.header.parts);
    HB_ASSERT(part.header.parts <= hb::wire::kMaxParts);
    HB_ASSERT(part.body.size() <= hb::limits::kPartBytes);
    const std::uint32_t body_bytes = part.body_bytes;
    if (const auto whole = reassembler.add(std::move(part)))
        HB_ASSERT(whole->body.size() == body_bytes);
    HB_ASSERT(reassembler.bytes_kept() <= 2 * hb::limits::kBodyBytes * hb::limits::kNodes);
}

// The input is a run of records: one byte key, one byte length, then that many bytes of header and
// body. What is missing of a header is filled with a good one.
void signed_records(const std::uint8_t* data, std::size_t size) {
    hb::wire::Reassembler reassembler;
    while (size >= 2) {
        const auto key = static_cast<std::uint8_t>(data[0] % 6);
        const std::size_t length = std::min<std::size_t>(data[1], size - 2);
        std::string bytes(reinterpret_cast<const char*>(data + 2), length);
        data += 2 + length;
        size -= 2 + length;
        const std::string model =
            hb::wire::encode_header({.sequence = 1}, 0, 0, key, keys().method(key).value());
        std::string header = bytes.substr(0, hb::wire::kHeaderBytes);
        header += model.substr(header.size());
        std::copy_n(model.begin(), 7, header.begin());  // magic, version, key, method
        const std::string body =
            bytes.size() > hb::wire::kHeaderBytes ? bytes.substr(hb::wire::kHeaderBytes) : "";
        if (auto opened = hb::wire::open(hb::wire::seal_part(header, body, keys(), key), keys()))
            take(std::move(*opened), reassembler);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    hb::wire::Reassembler reassembler;
    if (auto opened = hb::wire::open(hb::wire::ByteSpan(data, size), keys()))
        take(std::move(*opened), reassembler);
    signed_records(data, size);
    return 0;
}
