#include "common/log/backlog.hpp"

namespace hb::log {

Backlog::Backlog(runtime::EventLoop& loop, Logger& logger, std::size_t most_lines)
    : logger_(logger),
      most_lines_(most_lines),
      idle_(
          loop, [this]() noexcept { idle(); }, runtime::Defer::When::kIdle),
      patience_(loop, [this]() noexcept { write_all(); }) {}

void Backlog::log(const Event& event) noexcept {
    if (!logger_.wants(event.level)) return;
    if (lines_.empty()) patience_.arm(runtime::now() + kPatience);
    lines_.push_back({event, runtime::wall_time()});
    if (event.level >= Level::kWarn || lines_.size() >= most_lines_) return write_all();
    idle_.schedule();
}

void Backlog::write_all() noexcept {
    patience_.disarm();
    while (!lines_.empty())
        write_first();
}

void Backlog::idle() noexcept {
    for (std::size_t i = 0; i < kLinesAtOnce && !lines_.empty(); ++i)
        write_first();
    if (lines_.empty())
        patience_.disarm();
    else
        idle_.schedule();
}

void Backlog::write_first() noexcept {
    logger_.log(lines_.front().event, lines_.front().at);
    lines_.pop_front();
}

}  // namespace hb::log
