#include "common/log/format.hpp"

#include <fmt/format.h>
#include <syslog.h>
#include <time.h>

#include <algorithm>
#include <array>

#include "common/base/assert.hpp"
#include "common/base/fingerprint.hpp"

namespace hb::log {

namespace {

[[nodiscard]] tm local(std::int64_t seconds) {
    const time_t t = static_cast<time_t>(seconds);
    tm broken{};
    ::localtime_r(&t, &broken);
    return broken;
}

// strftime would give month names of a locale; log files are read by programs.
constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

[[nodiscard]] bool is_field_name(std::string_view name) {
    // As the journal has them; a leading underscore is the journal's own.
    return !name.empty() && name.size() <= 64 && name.front() >= 'A' && name.front() <= 'Z' &&
           std::ranges::all_of(name, [](char c) {
               return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
           });
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
    fmt::format_to(std::back_inserter(out), "{}={}\n", name, one_line(value));
}

}  // namespace

const char* level_word(Level level) {
    switch (level) {
        case Level::kDebug:
            return "debug";
        case Level::kInfo:
            return "info";
        case Level::kNotice:
            return "notice";
        case Level::kWarn:
            return "WARN";
        case Level::kError:
            return "ERROR";
        case Level::kCrit:
            return "CRIT";
    }
    HB_UNREACHABLE();
}

int syslog_priority(Level level) {
    switch (level) {
        case Level::kDebug:
            return LOG_DEBUG;
        case Level::kInfo:
            return LOG_INFO;
        case Level::kNotice:
            return LOG_NOTICE;
        case Level::kWarn:
            return LOG_WARNING;
        case Level::kError:
            return LOG_ERR;
        case Level::kCrit:
            return LOG_CRIT;
    }
    HB_UNREACHABLE();
}

int syslog_facility(std::string_view name) {
    constexpr std::array<std::pair<std::string_view, int>, 21> kFacilities = {{
        {"auth", LOG_AUTH},     {"authpriv", LOG_AUTHPRIV}, {"cron", LOG_CRON},
        {"daemon", LOG_DAEMON}, {"ftp", LOG_FTP},           {"kern", LOG_KERN},
        {"lpr", LOG_LPR},       {"mail", LOG_MAIL},         {"news", LOG_NEWS},
        {"syslog", LOG_SYSLOG}, {"user", LOG_USER},         {"uucp", LOG_UUCP},
        {"local0", LOG_LOCAL0}, {"local1", LOG_LOCAL1},     {"local2", LOG_LOCAL2},
        {"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4},     {"local5", LOG_LOCAL5},
        {"local6", LOG_LOCAL6}, {"local7", LOG_LOCAL7},     {"security", LOG_AUTH},
    }};
    for (const auto& [known, code] : kFacilities)
        if (known == name) return code >> 3;
    return -1;
}

std::string one_line(std::string_view text, std::size_t most) {
    std::string line(text.substr(0, most));
    for (char& c : line)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    return line;
}

std::string stderr_line(const Event& event, const LineContext& context) {
    const tm t = local(context.seconds);
    return fmt::format("{:02}:{:02}:{:02}.{:06} {}[{}]: {}: {}", t.tm_hour, t.tm_min, t.tm_sec,
                       context.nanoseconds / 1000, context.daemon, context.pid,
                       level_word(event.level), one_line(event.text));
}

std::string syslog_style_line(const Event& event, const LineContext& context) {
    const tm t = local(context.seconds);
    return fmt::format("{} {:2} {:02}:{:02}:{:02} {} {}: [{}]: {}: {}",
                       kMonths[static_cast<std::size_t>(t.tm_mon)], t.tm_mday, t.tm_hour, t.tm_min,
                       t.tm_sec, context.host, context.daemon, context.pid, level_word(event.level),
                       one_line(event.text));
}

std::string classic_line(const Event& event, const LineContext& context) {
    const tm t = local(context.seconds);
    return fmt::format("{}[{}]: {:04}/{:02}/{:02}_{:02}:{:02}:{:02} {}: {}", context.daemon,
                       context.pid, t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min,
                       t.tm_sec, level_word(event.level), one_line(event.text));
}

std::string journal_datagram(const Event& event, const LineContext& context, int facility) {
    std::string out;
    append_field(out, "MESSAGE", event.text);
    append_field(out, "PRIORITY", std::to_string(syslog_priority(event.level)));
    append_field(out, "SYSLOG_IDENTIFIER", context.daemon);
    append_field(out, "SYSLOG_PID", std::to_string(context.pid));
    if (facility >= 0) append_field(out, "SYSLOG_FACILITY", std::to_string(facility));
    if (!event.id.empty()) {
        append_field(out, "HB_EVENT", event.id);
        append_field(out, "MESSAGE_ID", message_id(event.id));
    }
    for (const auto& [name, value] : event.fields)
        if (is_field_name(name)) append_field(out, name, value);
    return out;
}

std::string message_id(std::string_view event_id) {
    return fmt::format("{:02x}", fmt::join(fingerprint(event_id), ""));
}

}  // namespace hb::log
