#include "proto/codec_comm_membership.hpp"
#include "tests/fuzz/codec_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::vector<hb::fuzz::Codec> codecs = {
        HB_FUZZ_CODEC(hb::ipc::CommToMembership, comm_to_membership, decode_comm_to_membership),
        HB_FUZZ_CODEC(hb::ipc::MembershipToComm, membership_to_comm, decode_membership_to_comm),
    };
    return hb::fuzz::run(codecs, data, size);
}
