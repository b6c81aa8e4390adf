#include "proto/codec_membership_ipfail.hpp"
#include "tests/fuzz/codec_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::vector<hb::fuzz::Codec> codecs = {
        HB_FUZZ_CODEC(hb::ipc::MembershipToIpfail, membership_to_ipfail,
                      decode_membership_to_ipfail),
        HB_FUZZ_CODEC(hb::ipc::IpfailToMembership, ipfail_to_membership,
                      decode_ipfail_to_membership),
    };
    return hb::fuzz::run(codecs, data, size);
}
