#include "proto/codec_comm_resource.hpp"
#include "tests/fuzz/codec_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::vector<hb::fuzz::Codec> codecs = {
        HB_FUZZ_CODEC(hb::ipc::CommToResource, comm_to_resource, decode_comm_to_resource),
        HB_FUZZ_CODEC(hb::ipc::ResourceToComm, resource_to_comm, decode_resource_to_comm),
    };
    return hb::fuzz::run(codecs, data, size);
}
