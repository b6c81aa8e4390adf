// What has to be true before anything is started: arguments, configuration, users, directories,
// locks, the generation on disk. All that is wrong is said at once; nothing is half started.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/config/load.hpp"
#include "common/log/logger.hpp"
#include "common/runtime/child_process.hpp"
#include "daemons/hb-master/generation_store.hpp"
#include "daemons/hb-master/log_files.hpp"
#include "daemons/hb-master/run_lock.hpp"

namespace hb::master {

inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitPermission = 4;
inline constexpr int kExitNotConfigured = 6;  // as Heartbeat, and LSB

struct Options {
    std::string config_dir;
    std::string state_dir;
    std::string run_dir;
    std::string libexec_dir;
    std::string node;  // empty: nodeinfo, or uname -n
    log::Target log = log::Target::kStderr;
    bool realtime = true;
};

struct RespawnClient {
    std::string user;
    std::string command;
    runtime::Identity identity;
    bool is_own = false;                   // hb-notify: it logs where we do
    std::vector<std::string> environment;  // complete; empty: what all clients get
};

// Everything that the shell runs with.
struct Prepared {
    Options options;
    config::Loaded loaded;
    runtime::Identity hacluster;  // and its group haclient
    ipc::Lookers lookers;         // apiauth
    std::vector<RespawnClient> clients;
    LogFiles log_files;       // our own log goes there already
    std::string cgroup_tree;  // of resource operations; empty: there is none
    RunLock lock;
    GenerationStore store;
};

// Reads and judges; on failure everything was logged, and `exit_code` says how to end.
[[nodiscard]] std::optional<Prepared> prepare(const Options& options, log::Logger& log,
                                              int& exit_code);

// What the files and this host make of a configuration, beyond what load_directory() says.
void check_here(const Options& options, const config::Loaded& loaded, config::Diagnostics& to);
// The programs of respawn and notify lines.
[[nodiscard]] std::vector<RespawnClient> clients_of(const Options& options,
                                                    const config::Loaded& loaded,
                                                    const runtime::Identity& hacluster,
                                                    log::Logger& log);
// From here on the log is what ha.cf says of it, but for its files.
void configure_log(const config::Settings& settings, log::Logger& log);

// Where a daemon's program is: installed (`dir`/hb-comm), or in a build tree
// (`dir`/hb-comm/hb-comm).
[[nodiscard]] std::string find_program(const std::string& dir, const std::string& name);

void log_diagnostics(const std::vector<config::Diagnostic>& diagnostics, log::Logger& log);

}  // namespace hb::master
