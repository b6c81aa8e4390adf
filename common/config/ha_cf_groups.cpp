// The directives of ha.cf about groups and their resources; all are this suite's own.
#include <fmt/format.h>

#include "common/config/ha_cf_parser.hpp"
#include "common/config/values.hpp"

namespace hb::config {

namespace {

constexpr Duration kLeastInterval = 100ms;
constexpr std::int64_t kMostRestarts = 1000;

// "HH:MM"
std::optional<unsigned> minute_of_day(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || text.size() - colon != 3) return std::nullopt;
    const auto hour = parse_number(text.substr(0, colon), 0, 24);
    const auto minute = parse_number(text.substr(colon + 1), 0, 59);
    if (!hour || !minute || *hour * 60 + *minute > 24 * 60) return std::nullopt;
    return static_cast<unsigned>(*hour * 60 + *minute) % (24 * 60);
}

}  // namespace

// monitor TIME|off [RESOURCE...]. A resource word may contain commas.
void HaCfParser::take_monitor(const Statement& s) {
    const std::vector<Word> words = split_words(s.rest, kBlanks);
    const Word& time = words[0];
    Duration interval{};
    if (parse_boolean(time.text) != false) {
        const Result<Duration> value = parse_time(time.text);
        if (!value) return bad_value(s, time.at, value.error().text + "; a time, or off");
        if (*value < kLeastInterval)
            return bad_value(
                s, time.at,
                fmt::format("less than {}; off: not at all", hb::to_string(kLeastInterval)));
        interval = *value;
    }
    Monitoring& monitoring = out_.settings.monitoring;
    if (words.size() == 1) {
        if (monitor_at_)
            return broken(s, s.name.at,
                          fmt::format("'monitor' for all resources is given twice, first at {}",
                                      to_string(*monitor_at_)));
        monitor_at_ = s.name.at;
        monitoring.interval = interval;
        return;
    }
    for (std::size_t i = 1; i < words.size(); i++)
        monitoring.overrides.push_back({std::string(words[i].text), interval, words[i].at});
}

// agent_timeout start|stop|status TIME [RESOURCE...]
void HaCfParser::take_agent_timeout(const Statement& s) {
    static const std::map<std::string_view, CallKind> kKinds = {
        {"start", CallKind::kStart}, {"stop", CallKind::kStop}, {"status", CallKind::kStatus}};
    const std::vector<Word> words = split_words(s.rest, kBlanks);
    const auto kind = kKinds.find(words[0].text);
    if (kind == kKinds.end())
        return bad_value(
            s, words[0].at,
            fmt::format("'{}' is none of start, stop, status", printable(words[0].text)));
    if (words.size() < 2)
        return broken(
            s, words[0].at,
            fmt::format("'agent_timeout' needs a time: agent_timeout {}", s.directive->syntax));
    const Result<Duration> time = parse_time(words[1].text);
    if (!time) return bad_value(s, words[1].at, time.error().text);
    if (*time < kLeastInterval)
        return bad_value(s, words[1].at,
                         fmt::format("less than {}", hb::to_string(kLeastInterval)));
    std::vector<CallTimeOverride>& all = out_.settings.call_times;
    if (words.size() == 2) all.push_back({kind->second, {}, *time, words[0].at});
    for (std::size_t i = 2; i < words.size(); i++)
        all.push_back({kind->second, std::string(words[i].text), *time, words[i].at});
}

// restarts COUNT [TIME]
void HaCfParser::take_restarts(const Statement& s) {
    if (s.words.size() > 2)
        return broken(s, s.words[2].at,
                      fmt::format("unexpected '{}': restarts {}", printable(s.words[2].text),
                                  s.directive->syntax));
    const auto count = parse_number(s.words[0].text, 0, kMostRestarts);
    if (!count) return bad_value(s, s.words[0].at, count.error().text);
    out_.settings.monitoring.restarts = static_cast<unsigned>(*count);
    if (s.words.size() < 2) return;
    const Result<Duration> window = parse_time(s.words[1].text);
    if (!window) return bad_value(s, s.words[1].at, window.error().text);
    if (*window < 1s) return bad_value(s, s.words[1].at, "less than 1s");
    out_.settings.monitoring.restart_window = *window;
}

// failback_window HH:MM-HH:MM...
void HaCfParser::take_failback_window(const Statement& s) {
    for (const Word& word : s.words) {
        const std::size_t dash = word.text.find('-');
        const auto from = minute_of_day(word.text.substr(0, dash));
        const auto to = dash == std::string_view::npos ? std::nullopt
                                                       : minute_of_day(word.text.substr(dash + 1));
        if (!from || !to || *from == *to) {
            bad_value(
                s, word.at,
                fmt::format("'{}' is no span of a day such as 02:00-04:30", printable(word.text)));
            continue;
        }
        out_.settings.failback_windows.push_back({*from, *to});
    }
}

}  // namespace hb::config
