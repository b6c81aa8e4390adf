// The journal's catalogue (`journalctl -x`), made from the tables of docs/log-messages.md: one
// entry for each event, found by its MESSAGE_ID. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hb::manual {

// A row of a table: one or more events, how bad they are, what they say, what to do.
struct LogRow {
    std::vector<std::string> events;
    std::string level;
    std::string text;
    std::string meaning;  // may be empty
};
[[nodiscard]] std::vector<LogRow> log_rows(std::string_view page);

// In the order of the page; of an event with several rows all are in its entry.
[[nodiscard]] std::string catalog(const std::vector<LogRow>& rows);

}  // namespace hb::manual
