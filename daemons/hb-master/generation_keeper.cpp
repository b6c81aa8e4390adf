#include "daemons/hb-master/generation_keeper.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <utility>

namespace hb::master {

GenerationKeeper::GenerationKeeper(runtime::EventLoop& loop, log::Logger& log, std::string program,
                                   std::string state_dir)
    : loop_(loop),
      log_(log),
      program_(std::move(program)),
      state_dir_(std::move(state_dir)),
      slow_(loop, [this]() noexcept {
          log_.log(Level::kWarn, "disk-slow",
                   fmt::format("the disk of {} takes longer than {} s for a few bytes: generations "
                               "of the other nodes are kept later",
                               state_dir_, kSlow / 1s));
      }) {}

void GenerationKeeper::keep(std::string text) {
    waiting_ = std::move(text);
    if (!process_) start();
}

void GenerationKeeper::check() noexcept {
    if (process_) process_->check();
}

void GenerationKeeper::start() noexcept {
    said_.clear();
    auto started = runtime::ChildProcess::start(
        loop_,
        {.argv = {program_, "--state-dir", state_dir_, "--keep-generations"},
         .environment = {},
         .input = *std::exchange(waiting_, std::nullopt),
         .death_signal = SIGKILL},
        {.on_line = [this](std::string_view line) noexcept { said_ = line; },
         .on_exit = [this](const runtime::ExitStatus& status) noexcept { ended(status); }});
    if (!started) return failed(started.error().text);
    process_ = std::move(*started);
    slow_.arm(runtime::now() + kSlow);
}

void GenerationKeeper::ended(const runtime::ExitStatus& status) noexcept {
    slow_.disarm();
    const std::unique_ptr<runtime::ChildProcess> process = std::move(process_);
    if (!status.ok()) failed(said_.empty() ? status.to_string() : said_);
    if (waiting_) start();
}

void GenerationKeeper::failed(const std::string& why) noexcept {
    log_.log(Level::kError, "generation-not-kept",
             fmt::format("the generations of the other nodes cannot be kept on disk: {}", why));
}

}  // namespace hb::master
