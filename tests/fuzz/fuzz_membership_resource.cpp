#include "proto/codec_membership_resource.hpp"
#include "tests/fuzz/codec_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::vector<hb::fuzz::Codec> codecs = {
        HB_FUZZ_CODEC(hb::ipc::MembershipToResource, membership_to_resource,
                      decode_membership_to_resource),
        HB_FUZZ_CODEC(hb::ipc::ResourceToMembership, resource_to_membership,
                      decode_resource_to_membership),
    };
    return hb::fuzz::run(codecs, data, size);
}
