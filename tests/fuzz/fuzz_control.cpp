#include "proto/codec_control.hpp"
#include "tests/fuzz/codec_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::vector<hb::fuzz::Codec> codecs = {
        HB_FUZZ_CODEC(hb::ipc::ToolToMembership, tool_to_membership, decode_tool_to_membership),
        HB_FUZZ_CODEC(hb::ipc::MembershipToTool, membership_to_tool, decode_membership_to_tool),
    };
    return hb::fuzz::run(codecs, data, size);
}
