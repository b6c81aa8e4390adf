#include "proto/codec_fence_resource.hpp"
#include "tests/fuzz/codec_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::vector<hb::fuzz::Codec> codecs = {
        HB_FUZZ_CODEC(hb::ipc::ResourceToFence, resource_to_fence, decode_resource_to_fence),
        HB_FUZZ_CODEC(hb::ipc::FenceToResource, fence_to_resource, decode_fence_to_resource),
    };
    return hb::fuzz::run(codecs, data, size);
}
