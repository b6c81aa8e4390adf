// What passes between nodes <-> bytes: the body of a frame, and the topics in it.
//
// `encode` is deterministic. It takes values as the cores make them; sentences (reasons) longer
// than limits::kReasonBytes are cut there, and control characters become blanks, so that what was
// encoded here always decodes there. Other bounds are the caller's duty.
// `decode_*` trusts nothing: what is out of bounds, incomplete, double or not in order is refused
// as a whole, with the reason.
#pragma once

#include <string>
#include <string_view>

#include "common/base/cluster_state.hpp"
#include "common/base/frame.hpp"
#include "common/base/result.hpp"

namespace hb::proto {

[[nodiscard]] std::string encode(const FrameBody& body);
[[nodiscard]] Result<FrameBody> decode_frame_body(std::string_view bytes);

[[nodiscard]] std::string encode(const ViewTopic& topic);
[[nodiscard]] Result<ViewTopic> decode_view_topic(std::string_view bytes);

[[nodiscard]] std::string encode(const Report& report);
[[nodiscard]] Result<Report> decode_report(std::string_view bytes);

[[nodiscard]] std::string encode(const Table& table);
[[nodiscard]] Result<Table> decode_table(std::string_view bytes);

[[nodiscard]] std::string encode(const PingReport& ping);
[[nodiscard]] Result<PingReport> decode_ping_report(std::string_view bytes);

}  // namespace hb::proto
