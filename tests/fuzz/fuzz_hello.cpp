#include "proto/codec_hello.hpp"
#include "tests/fuzz/codec_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::vector<hb::fuzz::Codec> codecs = {
        HB_FUZZ_CODEC(hb::ipc::Hello, hello, decode_hello),
    };
    return hb::fuzz::run(codecs, data, size);
}
