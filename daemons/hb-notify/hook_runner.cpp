#include "daemons/hb-notify/hook_runner.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <utility>

#include "common/config/rc_scripts.hpp"
#include "common/log/rate_limiter.hpp"
#include "common/runtime/system_clock.hpp"

namespace hb::notify {

HookRunner::HookRunner(runtime::EventLoop& loop, std::string directory,
                       std::vector<std::string> environment, OnEvent on_event)
    : loop_(loop),
      directory_(std::move(directory)),
      environment_(std::move(environment)),
      on_event_(std::move(on_event)) {}

void HookRunner::run(HookCall call) {
    const std::string type = call.type;
    Line& line = lines_[type];
    line.waiting.push_back(std::move(call));
    if (line.waiting.size() > kMostWaiting) {
        line.waiting.pop_front();
        say(Level::kWarn, "hook-lost",
            fmt::format("{}/{} is too slow: the oldest of its events is dropped", directory_,
                        type));
    }
    if (!line.process) next(type);
}

void HookRunner::next(const std::string& type) {
    Line& line = lines_[type];
    while (!line.waiting.empty() && !line.process) {
        const HookCall call = std::move(line.waiting.front());
        line.waiting.pop_front();
        // Looked for each time: it may have been put there, or changed.
        const auto script = config::find_rc_script(directory_, type);
        if (!script) continue;
        if (!script->moves_resources.empty()) {
            if (refused_.insert(type).second)
                say(Level::kWarn, "hook-refused", config::refusal_of(*script));
            continue;
        }
        say(Level::kInfo, "hook-running", fmt::format("Running {} {}", script->path, type));
        std::vector<std::string> environment = environment_;
        environment.insert(environment.end(), call.environment.begin(), call.environment.end());
        auto started = runtime::ChildProcess::start(
            loop_,
            {.argv = {script->path, type},
             .environment = std::move(environment),
             .death_signal = SIGTERM,
             .timeout = kDeadline,
             .is_ordinary = true},
            {.on_line =
                 [this, &line, path = script->path](std::string_view text) noexcept {
                     if (const auto more = line.rate.allow(runtime::now()))
                         say(Level::kInfo, "hook-output",
                             fmt::format("{}: {}{}", path, text, log::more_suffix(*more, 1s)));
                 },
             .on_exit =
                 [this, type, path = script->path](const runtime::ExitStatus& status) noexcept {
                     ended(type, path, status);
                 }});
        if (started)
            line.process = std::move(*started);
        else
            say(Level::kError, "hook-failed",
                fmt::format("cannot run {}: {}", script->path, started.error().text));
    }
}

void HookRunner::ended(const std::string& type, const std::string& path,
                       const runtime::ExitStatus& status) {
    if (!status.ok())
        say(Level::kError, "hook-failed", fmt::format("{} {}", path, status.to_string()));
    // What was captured goes with the process: it is kept until we are through.
    const std::string own_type = type;
    const std::unique_ptr<runtime::ChildProcess> process = std::move(lines_[type].process);
    next(own_type);
}

void HookRunner::say(Level level, std::string id, std::string text) {
    on_event_({std::move(id), level, std::move(text), {}});
}

}  // namespace hb::notify
