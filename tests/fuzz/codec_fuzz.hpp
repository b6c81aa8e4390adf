// One interface's decoders under fuzz.
//
// First byte: which decoder. Second byte even: the rest are the bytes to decode. Odd: the next two
// are a seed from which a good message is made, the rest are pairs (place, change) that damage it,
// so that the fuzzer does not have to invent protobuf. Whatever is accepted must survive its own
// round trip.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/assert.hpp"
#include "tests/unit/proto/generate.hpp"

namespace hb::fuzz {

struct Codec {
    std::function<std::string(test::Generator&)> make;
    std::function<void(std::string_view)> take;
};

template <typename Value, typename Generate, typename Encode, typename Decode>
Codec codec(Generate generate, Encode encode, Decode decode) {
    return {[=](test::Generator& random) { return encode(generate(random)); },
            [=](std::string_view bytes) {
                const auto value = decode(bytes);
                if (!value) {
                    HB_ASSERT(!value.error().text.empty());
                    return;
                }
                const std::string again = encode(*value);
                const auto back = decode(again);
                HB_ASSERT(back.has_value());
                HB_ASSERT(*back == *value);
                HB_ASSERT(encode(*back) == again);
            }};
}

// `generate`: a member of test::Generator without arguments.
#define HB_FUZZ_CODEC(Type, generate, decode)                                              \
    ::hb::fuzz::codec<Type>([](::hb::test::Generator& g) -> Type { return g.generate(); }, \
                            [](const Type& value) { return ::hb::proto::encode(value); },  \
                            [](std::string_view bytes) { return ::hb::proto::decode(bytes); })

inline int run(const std::vector<Codec>& codecs, const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const Codec& codec = codecs[data[0] % codecs.size()];
    if (data[1] % 2 == 0) {
        codec.take({reinterpret_cast<const char*>(data + 2), size - 2});
        return 0;
    }
    if (size < 4) return 0;
    test::Generator random(data[2] * std::uint64_t{256} + data[3]);
    std::string bytes = codec.make(random);
    for (std::size_t i = 4; i + 1 < size && !bytes.empty(); i += 2)
        bytes[data[i] * bytes.size() / 256] ^= static_cast<char>(data[i + 1]);
    codec.take(bytes);
    return 0;
}

}  // namespace hb::fuzz
