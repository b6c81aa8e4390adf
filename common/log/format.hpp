// Log lines as text: pure functions of an event, a time and a process.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/event.hpp"

namespace hb::log {

// As Heartbeat writes them: "debug", "info", "notice", "WARN", "ERROR", "CRIT".
[[nodiscard]] const char* level_word(Level level);
[[nodiscard]] int syslog_priority(Level level);
// "daemon", "local7": the number of the facility, -1: no such name. "none": -1 too.
[[nodiscard]] int syslog_facility(std::string_view name);

struct LineContext {
    std::string_view daemon;  // "hb-comm"
    std::string_view host;    // lower case, as in ha.cf
    std::int64_t pid = 0;
    std::int64_t seconds = 0;  // wall time
    std::int32_t nanoseconds = 0;
};

// "09:15:02.123456 hb-comm[4711]: WARN: node node2: is dead" (local time), without a newline.
[[nodiscard]] std::string stderr_line(const Event& event, const LineContext& context);
// Heartbeat's log files since 2009: "Nov 26 07:52:21 node1 hb-comm: [3688]: info: text".
[[nodiscard]] std::string syslog_style_line(const Event& event, const LineContext& context);
// Heartbeat's classic form (`syslogmsgfmt off`): "hb-comm[3688]: 2015/01/27_09:05:29 info: text".
[[nodiscard]] std::string classic_line(const Event& event, const LineContext& context);

// The journal's native protocol: one datagram. `facility` -1: none.
[[nodiscard]] std::string journal_datagram(const Event& event, const LineContext& context,
                                           int facility);
// 32 lower case hex digits, derived from the id alone: the same on every host and in every version.
[[nodiscard]] std::string message_id(std::string_view event_id);

// Control characters become blanks, bytes past `most` are cut: one event is one line.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t most = 1000);

}  // namespace hb::log
