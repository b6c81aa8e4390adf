// ProgramFeeder: the program of a `notify` line, and the lines it is to read on its standard input.
//
// It is started when there is a line and none runs, and may read one line or all that ever come.
// When it ends, what it did not read is for the next (LineQueue); when it fails, after a pause
// (RestartPause). A program that does not read loses the oldest lines, and is told so. Nothing here
// waits for it. What it prints is logged, at a bounded rate.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/event.hpp"
#include "common/log/line_rate.hpp"
#include "common/log/rate_limiter.hpp"
#include "common/runtime/child_process.hpp"
#include "common/runtime/event_loop.hpp"
#include "common/runtime/events.hpp"
#include "daemons/hb-notify/line_queue.hpp"
#include "daemons/hb-notify/restart_pause.hpp"

namespace hb::notify {

class ProgramFeeder {
  public:
    static constexpr std::size_t kMostLines = 1000;

    using OnEvent = std::move_only_function<void(const Event&) noexcept>;
    ProgramFeeder(runtime::EventLoop& loop, std::vector<std::string> argv,
                  std::vector<std::string> environment, LineQueue::LostLine lost_line,
                  OnEvent on_event);
    ProgramFeeder(const ProgramFeeder&) = delete;
    ProgramFeeder& operator=(const ProgramFeeder&) = delete;

    void push(std::string line);
    // Its input ends; `done` is called when it has ended too, or after `grace`.
    void finish(Duration grace, std::move_only_function<void() noexcept> done);

  private:
    void start();
    void feed() noexcept;
    void settle();  // what was read meanwhile
    void close_input();
    void ended(const runtime::ExitStatus& status);
    void output(std::string_view line);
    void say(Level level, std::string id, std::string text);

    runtime::EventLoop& loop_;
    std::vector<std::string> argv_;
    std::vector<std::string> environment_;
    OnEvent on_event_;
    LineQueue queue_;
    RestartPause pause_;
    log::LineRate rate_;
    log::RateLimiter losses_;
    std::uint64_t delivered_before_ = 0;
    runtime::UniqueFd input_;   // ours, to write to
    runtime::UniqueFd unread_;  // its end: to see what it did not read
    runtime::FdEvent writable_;
    runtime::Timer restart_;
    runtime::Timer grace_;
    std::move_only_function<void() noexcept> done_;
    std::unique_ptr<runtime::ChildProcess> process_;
};

}  // namespace hb::notify
