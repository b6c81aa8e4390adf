#include "proto/codec_node.hpp"
#include "tests/fuzz/codec_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::vector<hb::fuzz::Codec> codecs = {
        HB_FUZZ_CODEC(hb::FrameBody, frame_body, decode_frame_body),
        HB_FUZZ_CODEC(hb::ViewTopic, view_topic, decode_view_topic),
        HB_FUZZ_CODEC(hb::Report, report, decode_report),
        HB_FUZZ_CODEC(hb::Table, table, decode_table),
        HB_FUZZ_CODEC(hb::PingReport, ping_report, decode_ping_report),
    };
    return hb::fuzz::run(codecs, data, size);
}
