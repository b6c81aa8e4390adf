// The commands of hactl that ask the running suite. Each prints for itself and says the exit code.
#pragma once

#include <optional>
#include <string>

#include "common/base/ipc/membership_resource.hpp"
#include "common/base/reload_outcome.hpp"
#include "common/base/time.hpp"
#include "tools/control/exit_code.hpp"

namespace hb::hactl {

using control::ExitCode;

struct StatusOptions {
    std::string run_dir;
    bool json = false;
    bool watch = false;
};
[[nodiscard]] ExitCode run_status(const StatusOptions& options);

struct EventsOptions {
    std::string run_dir;
    bool json = false;
};
[[nodiscard]] ExitCode run_events(const EventsOptions& options);

struct RequestOptions {
    std::string run_dir;
    ipc::RequestKind kind{};
    ipc::Scope scope = ipc::Scope::kAll;
    GroupName group;
    bool stay = false;
    std::string target;  // node, for a move and for fencing
    bool force = false;  // for a fencing
    bool json = false;   // for the history
    bool wait = true;
    Duration timeout = 60s;
};
[[nodiscard]] ExitCode run_request(const RequestOptions& options);

struct LogLevelOptions {
    std::string run_dir;
    std::optional<unsigned> level;  // none: what is it?
};
[[nodiscard]] ExitCode run_log_level(const LogLevelOptions& options);
struct ReloadOptions {
    std::string run_dir;
    bool dry_run = false;
    bool json = false;
};
[[nodiscard]] ExitCode run_reload(const ReloadOptions& options);
[[nodiscard]] std::string show_reload(const ReloadOutcome& outcome, bool dry_run);

}  // namespace hb::hactl
