// The parser of ha.cf from inside: one object per text. Use parse_ha_cf (parser.hpp).
//
// Directives are taken from top to bottom, each by the function that setter() names for it; those
// that are not in effect only have their values checked against the schema.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/lexer.hpp"
#include "common/config/parser.hpp"
#include "common/config/schema.hpp"

namespace hb::config {

class HaCfParser {
  public:
    explicit HaCfParser(std::string_view file);
    [[nodiscard]] Parsed parse(std::string_view text);

  private:
    struct Statement {
        const Directive* directive = nullptr;
        Word name;
        Line rest;                // the line after the name, without blanks at either end
        std::vector<Word> words;  // of the rest; separated by blanks and commas
    };
    using Setter = void (HaCfParser::*)(const Statement&);

    void take_line(Line line);
    void take_statement(const Statement& s);
    [[nodiscard]] const Directive* look_up(const Word& name);
    [[nodiscard]] static Setter setter(std::string_view name);
    void check_value(const Statement& s);
    void remember_idle(const Statement& s);
    void report_idle();
    void fill_in_defaults();
    void settle_failback();

    void take_nodes(const Statement& s);
    void take_time(const Statement& s);
    void take_auto_failback(const Statement& s);
    void take_nice_failback(const Statement& s);
    void take_crm(const Statement& s);
    void take_udpport(const Statement& s);
    void take_bcast(const Statement& s);
    void take_ucast(const Statement& s);  // and ucast6
    void take_mcast(const Statement& s);  // and mcast6
    void take_serial(const Statement& s);
    void take_baud(const Statement& s);
    void take_ping(const Statement& s);
    void take_ping_group(const Statement& s);
    void take_isolation(const Statement& s);
    void take_watchdog(const Statement& s);
    void take_watchdog_evidence(const Statement& s);
    void take_quorum(const Statement& s);
    void take_gate_ignore(const Statement& s);
    void take_respawn(const Statement& s);
    void take_notify(const Statement& s);
    void take_log_path(const Statement& s);
    void take_logfacility(const Statement& s);
    void take_syslogmsgfmt(const Statement& s);
    void take_debug(const Statement& s);
    void take_realtime(const Statement& s);
    void take_rtprio(const Statement& s);
    void take_log_badpack(const Statement& s);
    void take_apiauth(const Statement& s);
    void take_env(const Statement& s);
    void take_monitor(const Statement& s);
    void take_agent_timeout(const Statement& s);
    void take_restarts(const Statement& s);
    void take_failback_window(const Statement& s);
    void take_stonith(const Statement& s);
    void take_stonith_host(const Statement& s);
    void take_fence_action(const Statement& s);
    void take_fence_check(const Statement& s);
    void settle_fencing();

    // The only word, or an error.
    [[nodiscard]] std::optional<Word> one_word(const Statement& s);
    // On or off; none: it was neither, and that was said.
    [[nodiscard]] std::optional<bool> switch_value(const Statement& s);
    [[nodiscard]] std::optional<Duration> time_value(const Statement& s);
    [[nodiscard]] bool check_command(const Statement& s);
    void add_medium(Medium medium);
    void add_ping(PingNode node);
    void broken(const Statement& s, const Position& at, std::string text);
    // The same, with the directive's name in front, for texts about a value.
    void bad_value(const Statement& s, const Position& at, std::string_view text);

    Parsed out_;
    Diagnostics& diagnostics_ = out_.diagnostics;
    std::map<std::string, Position> first_;              // of each directive: its name
    std::map<std::string, std::vector<Position>> idle_;  // accepted, not in effect
    std::optional<bool> nice_failback_;
    unsigned baud_ = 19200;
    std::optional<Position> monitor_at_;  // the line for all resources
    std::vector<Statement> fence_lines_;  // read when all nodes are known
};

}  // namespace hb::config
