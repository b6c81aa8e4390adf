// hb-master's shell: log files, and how much is logged.
#include <fmt/format.h>

#include <algorithm>

#include "common/base/limits.hpp"
#include "common/runtime/system_clock.hpp"
#include "daemons/hb-master/shell.hpp"

namespace hb::master {

namespace {
constexpr Duration kRotationLook = 60s;  // as Heartbeat
}  // namespace

void Shell::look_at_log_files() noexcept {
    LogFiles& files = prepared_.log_files;
    if (files.open_for(log_))
        for (auto& [program, daemon] : daemons_)
            daemon->send(files.message(), files.descriptors());
    rotation_.arm(runtime::now() + kRotationLook);
}

// Heartbeat's way: SIGUSR1 is one more, SIGUSR2 one less.
void Shell::more_debug() noexcept {
    set_debug(prepared_.loaded.settings.debug + 1, "SIGUSR1");
}

void Shell::less_debug() noexcept {
    const unsigned now = prepared_.loaded.settings.debug;
    set_debug(now == 0 ? 0 : now - 1, "SIGUSR2");
}

// Daemons that are started later have it from their Setup.
void Shell::set_debug(unsigned level, const std::string& by) noexcept {
    unsigned& debug = prepared_.loaded.settings.debug;
    debug = std::min(level, limits::kDebugMax);
    log_.set_least(debug > 0 ? Level::kDebug : Level::kInfo);
    for (auto& [program, daemon] : daemons_)
        daemon->send(ipc::LogLevel{debug});
    log_.log(Level::kInfo, "debug-level",
             fmt::format("debug level is {} now ({}): lines for debugging are {}logged", debug, by,
                         debug > 0 ? "" : "not "));
}

}  // namespace hb::master
