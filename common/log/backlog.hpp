// Backlog: log lines that wait for a moment in which the loop has nothing better to do.
//
// A thousand lines are milliseconds, and what they tell of is to be done first: announced,
// reported. Their order is kept, each has the time at which it was said, and none waits longer than
// kPatience. A line of level WARN or worse takes all that wait along, at once: who dies of what it
// warns of has said so. The destructor writes what is left.
#pragma once

#include <cstddef>
#include <deque>

#include "common/base/event.hpp"
#include "common/base/time.hpp"
#include "common/log/logger.hpp"
#include "common/runtime/events.hpp"
#include "common/runtime/system_clock.hpp"

namespace hb::log {

class Backlog {
  public:
    static constexpr Duration kPatience = 100ms;
    static constexpr std::size_t kMostLines = 10000;
    static constexpr std::size_t kLinesAtOnce = 32;  // in one idle moment

    Backlog(runtime::EventLoop& loop, Logger& logger, std::size_t most_lines = kMostLines);
    ~Backlog() { write_all(); }
    Backlog(const Backlog&) = delete;
    Backlog& operator=(const Backlog&) = delete;

    void log(const Event& event) noexcept;
    void write_all() noexcept;
    [[nodiscard]] std::size_t waiting() const { return lines_.size(); }

  private:
    struct Line {
        Event event;
        runtime::WallTime at;
    };
    void idle() noexcept;
    void write_first() noexcept;

    Logger& logger_;
    const std::size_t most_lines_;
    std::deque<Line> lines_;
    runtime::Defer idle_;
    runtime::Timer patience_;  // armed while something waits: a busy loop has no idle moment
};

}  // namespace hb::log
