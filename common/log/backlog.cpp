#include "common/log/backlog.hpp"

namespace hb::log {

Backlog::Backlog(runtime::EventLoop& loop, Logger& logger, std::size_t most_lines)
    : logger_(logger),
      most_lines_(most_lines),
      idle_(
          loop, [this]() noexcept { idle(); }, runtime::Defer::When::kIdle) {}

void Backlog::log(const Event& event) noexcept {
    if (!logger_.wants(event.level)) return;
    const MonoTime now = runtime::now();
    if (lines_.empty()) oldest_ = now;
    lines_.push_back({event, runtime::wall_time()});
    const bool waited_enough = now - oldest_ >= kPatience || lines_.size() >= most_lines_;
    if (event.level >= Level::kWarn || waited_enough) return write_all();
    idle_.schedule();
}

void Backlog::write_all() noexcept {
    while (!lines_.empty())
        write_first();
}

void Backlog::idle() noexcept {
    for (std::size_t i = 0; i < kLinesAtOnce && !lines_.empty(); ++i)
        write_first();
    if (!lines_.empty()) idle_.schedule();
}

void Backlog::write_first() noexcept {
    logger_.log(lines_.front().event, lines_.front().at);
    lines_.pop_front();
}

}  // namespace hb::log
