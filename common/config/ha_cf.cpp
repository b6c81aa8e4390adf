// ha.cf as a whole: lines, schema, defaults, and the directives of one value.
#include <fmt/format.h>

#include <algorithm>

#include "common/base/limits.hpp"
#include "common/config/ha_cf_parser.hpp"
#include "common/config/suggest.hpp"
#include "common/config/values.hpp"

namespace hb::config {
namespace {

std::vector<std::string_view> directive_names() {
    std::vector<std::string_view> names;
    for (const Directive& d : schema())
        names.push_back(d.name);
    return names;
}

std::string_view trim_end(std::string_view text) {
    return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

bool is_medium(const Directive& d) {
    constexpr std::string_view kMediaNames[] = {"bcast",  "ucast", "mcast", "ucast6", "mcast6",
                                                "serial", "tipc",  "rds",   "openais"};
    return std::ranges::find(kMediaNames, d.name) != std::end(kMediaNames);
}

// What must not reach the environment of scripts: passwords of fence devices.
bool is_secret(std::string_view name) {
    return name == "stonith" || name == "stonith_host";
}

// Heartbeat's rule for an initdead that is not given.
Duration default_initdead(Duration deadtime) {
    if (deadtime > 10s) return deadtime;
    if (deadtime < 6s) return 12s;
    return 2 * deadtime;
}

}  // namespace

Parsed parse_ha_cf(std::string_view text, std::string_view file) {
    return HaCfParser(file).parse(text);
}

HaCfParser::HaCfParser(std::string_view file) {
    out_.places.file = file;
}

Parsed HaCfParser::parse(std::string_view text) {
    for (const Line& line : split_lines(text, out_.places.file, Comments::kAnywhere, diagnostics_))
        take_line(line);
    fill_in_defaults();
    settle_failback();
    settle_fencing();
    report_idle();
    return std::move(out_);
}

void HaCfParser::take_line(Line line) {
    Statement s;
    s.name = take_word(line, kBlanksAndCommas);
    line.text = trim_end(line.text);
    s.rest = line;
    s.words = split_words(line, kBlanksAndCommas);
    s.directive = look_up(s.name);
    if (s.directive == nullptr) return;
    const std::string name(s.directive->name);

    const auto [first, is_first] = first_.emplace(name, s.name.at);
    if (!is_first && !s.directive->repeatable) {
        diagnostics_.error(s.name.at, fmt::format("'{}' is given twice, first at {}", name,
                                                  to_string(first->second)));
        return;
    }
    if (s.words.empty()) {
        broken(s, s.name.at,
               fmt::format("'{}' needs a value: {} {}", name, name, s.directive->syntax));
        return;
    }
    out_.places.directives.emplace(name, s.words[0].at);
    if (!is_secret(name)) {
        std::string& raw = out_.settings.raw[name];
        if (!raw.empty()) raw += '\n';
        raw += s.rest.text;
    }
    take_statement(s);
}

const Directive* HaCfParser::look_up(const Word& name) {
    if (name.text == "udp") {
        diagnostics_.warning(name.at, "directive 'udp' replaced by 'bcast'");
        return find_directive("bcast");
    }
    const Directive* directive = find_directive(name.text);
    if (directive == nullptr) {
        static const std::vector<std::string_view> kNamesOfAll = directive_names();
        diagnostics_.error(name.at, fmt::format("Illegal directive [{}]{}", printable(name.text),
                                                did_you_mean(name.text, kNamesOfAll)));
        // It may have been meant as one; do not complain that there is none.
        const Directive* meant = find_directive(closest(name.text, kNamesOfAll));
        if (meant != nullptr) out_.places.broken.insert(std::string(meant->name));
        if (meant != nullptr && is_medium(*meant)) out_.places.broken.insert("medium");
    }
    return directive;
}

void HaCfParser::take_statement(const Statement& s) {
    if (s.directive->effect == Effect::kAccepted)
        check_value(s);
    else
        (this->*setter(s.directive->name))(s);
    if (s.directive->effect != Effect::kFull) remember_idle(s);
}

HaCfParser::Setter HaCfParser::setter(std::string_view name) {
    static const std::map<std::string_view, Setter> kSetters = {
        {"node", &HaCfParser::take_nodes},
        {"keepalive", &HaCfParser::take_time},
        {"warntime", &HaCfParser::take_time},
        {"deadtime", &HaCfParser::take_time},
        {"initdead", &HaCfParser::take_time},
        {"deadping", &HaCfParser::take_time},
        {"auto_failback", &HaCfParser::take_auto_failback},
        {"nice_failback", &HaCfParser::take_nice_failback},
        {"crm", &HaCfParser::take_crm},
        {"pacemaker", &HaCfParser::take_crm},
        {"udpport", &HaCfParser::take_udpport},
        {"bcast", &HaCfParser::take_bcast},
        {"ucast", &HaCfParser::take_ucast},
        {"mcast", &HaCfParser::take_mcast},
        {"ucast6", &HaCfParser::take_ucast},
        {"mcast6", &HaCfParser::take_mcast},
        {"serial", &HaCfParser::take_serial},
        {"baud", &HaCfParser::take_baud},
        {"ping", &HaCfParser::take_ping},
        {"ping6", &HaCfParser::take_ping},
        {"ping_group", &HaCfParser::take_ping_group},
        {"isolation", &HaCfParser::take_isolation},
        {"watchdog", &HaCfParser::take_watchdog},
        {"watchdog_evidence", &HaCfParser::take_watchdog_evidence},
        {"quorum", &HaCfParser::take_quorum},
        {"handover", &HaCfParser::take_time},
        {"respawn", &HaCfParser::take_respawn},
        {"notify", &HaCfParser::take_notify},
        {"logfile", &HaCfParser::take_log_path},
        {"debugfile", &HaCfParser::take_log_path},
        {"logfacility", &HaCfParser::take_logfacility},
        {"syslogmsgfmt", &HaCfParser::take_syslogmsgfmt},
        {"debug", &HaCfParser::take_debug},
        {"log_badpack", &HaCfParser::take_log_badpack},
        {"apiauth", &HaCfParser::take_apiauth},
        {"realtime", &HaCfParser::take_realtime},
        {"rtprio", &HaCfParser::take_rtprio},
        {"env", &HaCfParser::take_env},
        {"failfast", &HaCfParser::take_respawn},
        {"monitor", &HaCfParser::take_monitor},
        {"agent_timeout", &HaCfParser::take_agent_timeout},
        {"restarts", &HaCfParser::take_restarts},
        {"failback_window", &HaCfParser::take_failback_window},
        {"gate_ignore", &HaCfParser::take_gate_ignore},
        {"stonith", &HaCfParser::take_stonith},
        {"stonith_host", &HaCfParser::take_stonith_host},
        {"fence_action", &HaCfParser::take_fence_action},
        {"fence_timeout", &HaCfParser::take_time},
        {"fence_check", &HaCfParser::take_fence_check},
        {"fence_delay", &HaCfParser::take_time},
    };
    return kSetters.at(name);
}

void HaCfParser::broken(const Statement& s, const Position& at, std::string text) {
    diagnostics_.error(at, std::move(text));
    out_.places.broken.insert(std::string(s.directive->name));
    if (is_medium(*s.directive)) out_.places.broken.insert("medium");
}

void HaCfParser::bad_value(const Statement& s, const Position& at, std::string_view text) {
    broken(s, at, fmt::format("{}: {}", s.directive->name, text));
}

std::optional<Word> HaCfParser::one_word(const Statement& s) {
    if (s.words.size() == 1) return s.words[0];
    broken(s, s.words[1].at,
           fmt::format("unexpected '{}': {} {}", printable(s.words[1].text), s.directive->name,
                       s.directive->syntax));
    return std::nullopt;
}

// --- what is accepted without effect ---

void HaCfParser::remember_idle(const Statement& s) {
    idle_[std::string(s.directive->name)].push_back(s.name.at);
    if (is_medium(*s.directive)) out_.places.idle_media.push_back(s.name.at);
}

// One warning per directive, however often it was given.
void HaCfParser::report_idle() {
    constexpr std::size_t kMostLines = 10;
    for (const auto& [name, places] : idle_) {
        if (out_.places.broken.contains(name)) continue;  // an error says more
        std::string also;
        for (std::size_t i = 1; i < std::min(places.size(), kMostLines); i++)
            also += fmt::format("{}{}", i == 1 ? "" : ", ", places[i].line);
        if (places.size() > kMostLines) also += ", ...";
        if (!also.empty())
            also = fmt::format(" (also on line{} {})", places.size() > 2 ? "s" : "", also);
        diagnostics_.warning(places[0], fmt::format("'{}' has no effect: {}{}", name,
                                                    find_directive(name)->note, also));
    }
}

// --- defaults ---

void HaCfParser::fill_in_defaults() {
    Settings& settings = out_.settings;
    const auto given = [this](const char* name) { return out_.places.directives.contains(name); };
    if (!given("warntime")) settings.warntime = settings.deadtime / 2;
    if (!given("initdead")) settings.initdead = default_initdead(settings.deadtime);
    if (!given("deadping")) settings.deadping = settings.deadtime;
}

void HaCfParser::settle_failback() {
    const auto given = out_.places.directives.find("auto_failback");
    if (nice_failback_) {
        const AutoFailback meant = *nice_failback_ ? AutoFailback::kOff : AutoFailback::kOn;
        const Position& at = first_.at("nice_failback");
        const char* word = *nice_failback_ ? "off" : "on";
        if (given == out_.places.directives.end()) {
            out_.settings.auto_failback = meant;
        } else if (!out_.places.broken.contains("auto_failback") &&
                   (out_.settings.auto_failback == AutoFailback::kOff) !=
                       (meant == AutoFailback::kOff)) {
            diagnostics_.error(at, fmt::format("'nice_failback' contradicts auto_failback at {}",
                                               to_string(given->second)));
            return;
        }
        diagnostics_.warning(
            at,
            fmt::format("'nice_failback' is obsolete; it is taken as 'auto_failback {}'", word));
        return;
    }
    if (out_.settings.auto_failback != AutoFailback::kLegacy) return;
    if (out_.places.broken.contains("auto_failback")) return;
    if (out_.places.broken.contains("nice_failback")) return;
    Position at{out_.places.file, 0, 0};
    if (given != out_.places.directives.end()) at = given->second;
    diagnostics_.warning(at, "Deprecated 'legacy' auto_failback option selected.");
    diagnostics_.warning(at, "Please convert to 'auto_failback on'.");
    diagnostics_.warning(at, "See documentation for conversion details.");
}

// --- directives of one value ---

std::optional<Duration> HaCfParser::time_value(const Statement& s) {
    if (s.words.size() > 2) {
        broken(s, s.words[2].at,
               fmt::format("unexpected '{}': {} {}", printable(s.words[2].text), s.directive->name,
                           s.directive->syntax));
        return std::nullopt;
    }
    std::string text(s.words[0].text);
    if (s.words.size() == 2) text += " " + std::string(s.words[1].text);
    const Result<Duration> value = parse_time(text);
    if (!value) {
        bad_value(s, s.words[0].at, value.error().text);
        return std::nullopt;
    }
    return *value;
}

void HaCfParser::take_time(const Statement& s) {
    const std::optional<Duration> value = time_value(s);
    if (!value) return;
    const std::string_view name = s.directive->name;
    if (name == "warntime" && *value == 0s) {
        broken(s, s.words[0].at, "Warn time [0] is invalid.");
        return;
    }
    if (name == "fence_timeout" && *value < 1s) {
        bad_value(s, s.words[0].at, "less than 1s");
        return;
    }
    if (name != "warntime" && name != "fence_delay" && name != "handover" && *value < 1ms) {
        bad_value(s, s.words[0].at, "less than 1ms");
        return;
    }
    Settings& settings = out_.settings;
    if (name == "keepalive") settings.keepalive = *value;
    if (name == "warntime") settings.warntime = *value;
    if (name == "deadtime") settings.deadtime = *value;
    if (name == "initdead") settings.initdead = *value;
    if (name == "deadping") settings.deadping = *value;
    if (name == "fence_timeout") settings.fencing.timeout = *value;
    if (name == "fence_delay") settings.fencing.delay = *value;
    if (name == "handover") settings.handover = *value;
}

void HaCfParser::take_auto_failback(const Statement& s) {
    const std::optional<Word> word = one_word(s);
    if (!word) return;
    const std::optional<bool> value = parse_boolean(word->text);
    if (value)
        out_.settings.auto_failback = *value ? AutoFailback::kOn : AutoFailback::kOff;
    else if (to_lower(word->text) == "legacy")
        out_.settings.auto_failback = AutoFailback::kLegacy;
    else
        bad_value(s, word->at,
                  fmt::format("'{}' is none of on, off, legacy", printable(word->text)));
}

void HaCfParser::take_nice_failback(const Statement& s) {
    nice_failback_ = switch_value(s);
}

std::optional<bool> HaCfParser::switch_value(const Statement& s) {
    const std::optional<Word> word = one_word(s);
    if (!word) return std::nullopt;
    const std::optional<bool> value = parse_boolean(word->text);
    if (!value)
        bad_value(s, word->at, fmt::format("'{}' is neither on nor off", printable(word->text)));
    return value;
}

void HaCfParser::take_crm(const Statement& s) {
    const bool is_off = s.words.size() == 1 && parse_boolean(s.words[0].text) == false;
    if (is_off) return;
    broken(
        s, s.words[0].at,
        fmt::format("'{} {}' leaves the resources to Pacemaker, which is not part of this suite: "
                    "write '{} off' and list the groups in haresources, or go on with Pacemaker "
                    "on corosync and leave this service disabled",
                    s.directive->name, printable(s.rest.text), s.directive->name));
}

void HaCfParser::take_log_path(const Statement& s) {
    const std::optional<Word> word = one_word(s);
    if (!word) return;
    if (!word->text.starts_with('/')) {
        bad_value(s, word->at, fmt::format("'{}' is no absolute path", printable(word->text)));
        return;
    }
    std::string& path =
        s.directive->name == "logfile" ? out_.settings.logfile : out_.settings.debugfile;
    if (word->text != "/dev/null") path = word->text;
}

void HaCfParser::take_logfacility(const Statement& s) {
    const std::optional<Word> word = one_word(s);
    if (!word) return;
    const std::vector<Word> choices = split_words({s.directive->choices, {}}, kBlanks);
    std::vector<std::string_view> names;
    for (const Word& choice : choices)
        names.push_back(choice.text);
    const std::string name = to_lower(word->text);
    if (std::ranges::find(names, name) == names.end()) {
        broken(s, word->at,
               fmt::format("Log facility({}) not valid{}", printable(word->text),
                           did_you_mean(word->text, names)));
        return;
    }
    if (name != "none") out_.settings.logfacility = name;
}

void HaCfParser::take_syslogmsgfmt(const Statement& s) {
    if (const auto value = switch_value(s)) out_.settings.classic_log_lines = !*value;
}

void HaCfParser::take_debug(const Statement& s) {
    const std::optional<Word> word = one_word(s);
    if (!word) return;
    const auto level = parse_number(word->text, s.directive->least, s.directive->most);
    if (!level)
        bad_value(s, word->at, level.error().text);
    else
        out_.settings.debug = static_cast<unsigned>(*level);
}

void HaCfParser::take_realtime(const Statement& s) {
    if (const auto value = switch_value(s)) out_.settings.realtime = *value;
}

void HaCfParser::take_rtprio(const Statement& s) {
    const std::optional<Word> word = one_word(s);
    if (!word) return;
    const auto priority = parse_number(word->text, s.directive->least, s.directive->most);
    if (!priority)
        bad_value(s, word->at, priority.error().text);
    else
        out_.settings.rtprio = static_cast<unsigned>(*priority);
}

void HaCfParser::take_log_badpack(const Statement& s) {
    if (const auto value = switch_value(s)) out_.settings.log_badpack = *value;
}

// env NAME=VALUE: the value is the rest of the line.
void HaCfParser::take_env(const Statement& s) {
    const std::size_t equals = s.rest.text.find('=');
    const std::string name(s.rest.text.substr(0, equals));
    const bool is_name = equals != std::string_view::npos && !name.empty() &&
                         (name[0] < '0' || name[0] > '9') && std::ranges::all_of(name, [](char c) {
                             return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                                    (c >= 'A' && c <= 'Z');
                         });
    if (!is_name) return broken(s, s.words[0].at, "env wants NAME=VALUE");
    const auto [at, fresh] = out_.settings.env.emplace(name, s.rest.text.substr(equals + 1));
    if (!fresh) diagnostics_.error(s.words[0].at, fmt::format("env: {} is given twice", name));
}

}  // namespace hb::config
