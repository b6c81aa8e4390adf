// Logger: where a process's events go. Shells log; cores return Events.
//
// To the journal (native protocol, so that fields are fields) or to stderr, and to the log files of
// ha.cf through descriptors that the master opened. It never blocks: what a sink does not take at
// once is dropped, counted, and said as soon as it takes something again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/event.hpp"
#include "common/log/format.hpp"
#include "common/runtime/system_clock.hpp"
#include "common/runtime/unique_fd.hpp"

namespace hb::log {

enum class Target : std::uint8_t { kStderr, kJournal };

struct LoggerSettings {
    std::string daemon;  // SYSLOG_IDENTIFIER
    std::string host;    // for log files
    Target target = Target::kStderr;
    Level least = Level::kInfo;  // kDebug with `debug` in ha.cf
    int facility = -1;           // logfacility
    bool classic_files = false;  // syslogmsgfmt off
};

class Logger {
  public:
    explicit Logger(LoggerSettings settings);
    ~Logger();
    Logger(const Logger&) = delete;
    Logger& operator=(const Logger&) = delete;

    void log(const Event& event) noexcept;
    void log(const Event& event, const runtime::WallTime& said) noexcept;
    // id: lower case words, in docs/log-messages.md.
    void log(Level level, std::string id, std::string text,
             std::vector<std::pair<std::string, std::string>> fields = {}) noexcept;

    // Once the configuration is known.
    void set_host(std::string host);
    void set_least(Level least);
    void set_facility(int facility);
    void set_classic_files(bool classic);
    // logfile gets all but debug, debugfile everything. No descriptor: none.
    void set_files(runtime::UniqueFd logfile, runtime::UniqueFd debugfile);

    [[nodiscard]] bool wants(Level level) const { return level >= settings_.least; }

  private:
    struct Sink;
    [[nodiscard]] bool to_journal(const Event& event, const LineContext& context);
    static void put(Sink& sink, const Event& event, const LineContext& context,
                    std::string (*format)(const Event&, const LineContext&));
    [[nodiscard]] static Event lost_event(std::uint64_t lost);

    LoggerSettings settings_;
    std::unique_ptr<Sink> journal_;
    std::unique_ptr<Sink> stderr_;
    std::unique_ptr<Sink> logfile_;
    std::unique_ptr<Sink> debugfile_;
};

}  // namespace hb::log
