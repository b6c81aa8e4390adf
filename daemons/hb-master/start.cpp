#include "daemons/hb-master/start.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/base/ipc/program.hpp"
#include "common/base/limits.hpp"
#include "common/base/version.hpp"
#include "common/config/check_system.hpp"
#include "common/config/rc_scripts.hpp"
#include "common/config/script_environment.hpp"
#include "common/runtime/cgroup.hpp"
#include "common/runtime/cgroup_tree.hpp"
#include "common/runtime/system_clock.hpp"
#include "daemons/hb-master/call_record.hpp"
#include "daemons/hb-master/topology.hpp"

namespace hb::master {

namespace {

constexpr char kUser[] = "hacluster";
constexpr char kGroup[] = "haclient";
constexpr int kLockPollMs = 20;
constexpr Duration kLockWarning = 10s;

void fail(log::Logger& log, const char* id, const std::string& text) {
    log.log(Level::kError, id, text);
}

std::optional<runtime::Identity> suite_user(log::Logger& log) {
    const passwd* user = ::getpwnam(kUser);
    const uid_t uid = user != nullptr ? user->pw_uid : 0;
    const group* group = ::getgrnam(kGroup);
    if (user == nullptr || group == nullptr || uid == 0 || group->gr_gid == 0) {
        fail(log, "no-user",
             fmt::format("{} {} does not exist: systemd-sysusers makes it from ha-suite.conf, or: "
                         "groupadd -r {} && useradd -r -g {} -d /nonexistent -s /usr/sbin/nologin "
                         "{}",
                         user == nullptr ? "user" : "group", user == nullptr ? kUser : kGroup,
                         kGroup, kGroup, kUser));
        return std::nullopt;
    }
    return runtime::Identity{.uid = uid, .gid = group->gr_gid, .groups = {}};
}

// As a login of that user would have it: primary group and all others.
std::optional<runtime::Identity> user_of(const std::string& name) {
    const passwd* user = ::getpwnam(name.c_str());
    if (user == nullptr) return std::nullopt;
    runtime::Identity who{.uid = user->pw_uid, .gid = user->pw_gid, .groups = {}};
    int count = 64;
    who.groups.resize(static_cast<std::size_t>(count));
    if (::getgrouplist(name.c_str(), who.gid, who.groups.data(), &count) < 0) {
        who.groups.resize(static_cast<std::size_t>(count));
        ::getgrouplist(name.c_str(), who.gid, who.groups.data(), &count);
    }
    who.groups.resize(static_cast<std::size_t>(count));
    return who;
}

// Those of `apiauth` that are here and may not look anyway.
ipc::Lookers lookers_of(const std::vector<config::ApiClient>& lines,
                        const runtime::Identity& hacluster) {
    std::set<std::uint32_t> uids, gids;
    for (const config::ApiClient& line : lines) {
        for (const std::string& name : line.users)
            if (const passwd* user = ::getpwnam(name.c_str()); user != nullptr)
                uids.insert(user->pw_uid);
        for (const std::string& name : line.groups)
            if (const group* members = ::getgrnam(name.c_str()); members != nullptr)
                gids.insert(members->gr_gid);
    }
    uids.erase(0);
    uids.erase(hacluster.uid);
    gids.erase(hacluster.gid);
    ipc::Lookers lookers;
    for (const std::uint32_t uid : uids)
        if (lookers.uids.size() < limits::kLookers) lookers.uids.push_back(uid);
    for (const std::uint32_t gid : gids)
        if (lookers.gids.size() < limits::kLookers) lookers.gids.push_back(gid);
    return lookers;
}

bool make_directory(const std::string& path, mode_t mode, log::Logger& log) {
    if (::mkdir(path.c_str(), mode) == 0 || errno == EEXIST) {
        struct stat there {};
        if (::stat(path.c_str(), &there) == 0 && S_ISDIR(there.st_mode)) return true;
        errno = ENOTDIR;
    }
    fail(log, "no-directory", fmt::format("{}: {}", path, std::strerror(errno)));
    return false;
}

bool find_programs(const Options& options, bool ipfail, bool fence, log::Logger& log) {
    bool all = true;
    for (const ipc::Program program : kStartOrder) {
        if (program == ipc::Program::kIpfail && !ipfail) continue;
        if (program == ipc::Program::kFence && !fence) continue;
        if (!find_program(options.libexec_dir, to_string(program)).empty()) continue;
        fail(log, "no-program",
             fmt::format("{}/{}: not there, or not executable", options.libexec_dir,
                         to_string(program)));
        all = false;
    }
    return all;
}

// Daemons of a master that died may still be stopping what they ran.
void wait_for_last_run(RunLock& lock, log::Logger& log) {
    MonoTime warn_at = runtime::now();
    while (!lock.try_suite()) {
        if (runtime::now() >= warn_at) {
            log.log(Level::kWarn, "waiting-for-last-run",
                    fmt::format("waiting for processes of the last run to end: {}",
                                fmt::join(lock.holders(), ", ")));
            warn_at = runtime::now() + kLockWarning;
        }
        ::poll(nullptr, 0, kLockPollMs);
    }
}

// Kills what is there of it; false: nothing is any more.
bool is_left(const RecordedCall& call) {
    const bool group = call.group != 0 && runtime::group_exists(call.group);
    if (group) runtime::signal_group(call.group, SIGKILL);
    const auto cgroup = runtime::Cgroup::open(call.cgroup);
    if (!cgroup || (*cgroup)->is_empty()) return group;
    (*cgroup)->kill();
    return true;
}

// What is recorded; and what is not, since everything was killed before the master had read of it.
std::vector<RecordedCall> left_over_calls(const CallRecord& calls, const std::string& tree) {
    std::vector<RecordedCall> left = calls.left_over();
    if (tree.empty()) return left;
    for (const std::string& path : runtime::call_cgroups(tree)) {
        if (std::ranges::find(left, path, &RecordedCall::cgroup) != left.end()) continue;
        const auto cgroup = runtime::Cgroup::open(path);
        if (cgroup && !(*cgroup)->is_empty()) left.push_back({.cgroup = path});
    }
    return left;
}

// What a dead hb-resource was running must not go on beside a new one.
void end_left_over_calls(const std::string& run_dir, const std::string& tree, log::Logger& log) {
    CallRecord calls(run_dir);
    for (const RecordedCall& call : left_over_calls(calls, tree)) {
        const std::string name = call.group != 0 ? fmt::format("process group {}", call.group)
                                                 : fmt::format("control group {}", call.cgroup);
        log.log(Level::kWarn, "left-over-call",
                fmt::format("killing an unfinished resource operation of the last run ({})", name));
        MonoTime warn_at = runtime::now() + kLockWarning;
        while (is_left(call)) {
            ::poll(nullptr, 0, kLockPollMs);
            if (runtime::now() < warn_at) continue;
            log.log(
                Level::kError, "calls-do-not-die",
                fmt::format("{} cannot be killed yet; nothing is started before it is gone", name));
            warn_at = runtime::now() + kLockWarning;
        }
    }
    calls.clear();
}

// From here on the log is what ha.cf says of it.
LogFiles open_log(const config::Loaded& loaded, gid_t group, log::Logger& log) {
    const config::Settings& settings = loaded.settings;
    log.set_host(loaded.own_node);
    configure_log(settings, log);
    LogFiles files(settings.logfile, settings.debugfile, group);
    files.open_for(log);
    return files;
}

// Where resource operations get control groups of their own; empty: nowhere.
std::string cgroup_tree(const std::string& run_dir, log::Logger& log) {
    if (const Result<std::string> tree = runtime::make_cgroup_tree(run_dir)) {
        log.log(Level::kInfo, "cgroup-tree",
                fmt::format("resource operations run in control groups below {}", *tree));
        return *tree;
    } else {
        log.log(Level::kInfo, "no-cgroup",
                fmt::format("no control group can be made ({}): what a resource operation starts "
                            "is known by its process group alone",
                            tree.error().text));
        return {};
    }
}

bool is_ipfail_wanted(const config::Settings& settings) {
    for (const config::RespawnLine& line : settings.respawn)
        if (line.is_ipfail) return true;
    return false;
}

// For a shell.
std::string quoted(const std::string& word) {
    const bool is_plain = std::ranges::all_of(word, [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '/' || c == '-' || c == '_' || c == '.';
    });
    if (is_plain && !word.empty()) return word;
    std::string result = "'";
    for (const char c : word)
        result += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return result + "'";
}

// hb-notify once for each notify line, as the line's user, and once as root for hooks in rc.d.
void add_notifiers(const Options& options, const config::Loaded& loaded,
                   const runtime::Identity& hacluster, std::vector<RespawnClient>& clients,
                   log::Logger& log) {
    const std::string rc_directory = options.config_dir + "/rc.d";
    const bool has_hooks = !config::find_rc_scripts(rc_directory).empty();
    if (loaded.settings.notify.empty() && !has_hooks) return;
    const std::string program = find_program(options.libexec_dir, "hb-notify");
    if (program.empty())
        return fail(log, "no-program",
                    fmt::format("{}/hb-notify: not there, or not executable: nobody is told what "
                                "happens",
                                options.libexec_dir));
    const std::string base = fmt::format(
        "{} --run-dir {} --host {} --log {}", quoted(program), quoted(options.run_dir),
        quoted(loaded.own_node), options.log == log::Target::kStderr ? "stderr" : "journal");
    for (const config::NotifyLine& line : loaded.settings.notify) {
        runtime::Identity who = hacluster;
        if (!line.user.empty()) {
            std::optional<runtime::Identity> user = user_of(line.user);
            if (!user) continue;  // an error, said before
            who = std::move(*user);
            who.groups.push_back(hacluster.gid);  // who may listen at the control socket
        }
        clients.push_back({.user = line.user.empty() ? kUser : line.user,
                           .command = fmt::format("{} -- {}", base, line.command),
                           .identity = std::move(who),
                           .is_own = true});
    }
    if (!has_hooks) return;
    clients.push_back({.user = "root",
                       .command = fmt::format("{} --rc-dir {}", base, quoted(rc_directory)),
                       .identity = {},
                       .is_own = true,
                       .environment = config::script_environment(loaded.settings, *loaded.self,
                                                                 options.config_dir)});
}

}  // namespace

void check_here(const Options& options, const config::Loaded& loaded, config::Diagnostics& to) {
    config::AgentDirectories agents = config::agent_directories(options.config_dir);
    agents.hb_agent = options.libexec_dir + "/hb-agent";
    config::check_system(loaded.settings, agents, to);
}

std::vector<RespawnClient> clients_of(const Options& options, const config::Loaded& loaded,
                                      const runtime::Identity& hacluster, log::Logger& log) {
    std::vector<RespawnClient> clients;
    for (const config::RespawnLine& line : loaded.settings.respawn) {
        if (line.is_ipfail || line.is_heartbeat_client) continue;
        if (std::optional<runtime::Identity> user = user_of(line.user))
            clients.push_back({line.user, line.command, std::move(*user)});
    }
    add_notifiers(options, loaded, hacluster, clients, log);
    return clients;
}

void configure_log(const config::Settings& settings, log::Logger& log) {
    log.set_least(settings.debug > 0 ? Level::kDebug : Level::kInfo);
    log.set_facility(log::syslog_facility(settings.logfacility));
    log.set_classic_files(settings.classic_log_lines);
}

std::string find_program(const std::string& dir, const std::string& name) {
    for (const std::string& path : {dir + "/" + name, dir + "/" + name + "/" + name}) {
        struct stat there {};
        if (::stat(path.c_str(), &there) == 0 && S_ISREG(there.st_mode) &&
            ::access(path.c_str(), X_OK) == 0)
            return path;
    }
    return {};
}

void log_diagnostics(const std::vector<config::Diagnostic>& diagnostics, log::Logger& log) {
    for (const config::Diagnostic& d : diagnostics) {
        const Level level = d.severity == config::Severity::kError     ? Level::kError
                            : d.severity == config::Severity::kWarning ? Level::kWarn
                                                                       : Level::kInfo;
        log.log(level, "configuration", fmt::format("{}: {}", to_string(d.at), d.text));
    }
}

std::optional<Prepared> prepare(const Options& options, log::Logger& log, int& exit_code) {
    exit_code = kExitPermission;
    if (::geteuid() != 0) {
        fail(log, "not-root", "hb-master has to be started by root");
        return std::nullopt;
    }
    exit_code = kExitNotConfigured;
    config::Loaded loaded = config::load_directory(options.config_dir, options.node);
    config::Diagnostics system;
    check_here(options, loaded, system);
    const bool ipfail = is_ipfail_wanted(loaded.settings);
    const bool fence = loaded.self && loaded.settings.fencing.is_used_by(*loaded.self);
    const std::optional<runtime::Identity> hacluster = suite_user(log);
    const bool has_programs = find_programs(options, ipfail, fence, log);
    const bool is_good = loaded.ok() && !system.has_errors() && loaded.self && hacluster;
    // A start that fails leaves nothing behind, not even a log file.
    std::optional<LogFiles> files;
    if (is_good && has_programs) files = open_log(loaded, hacluster->gid, log);
    log_diagnostics(loaded.diagnostics, log);
    log_diagnostics(system.sorted(), log);
    if (!files) {
        fail(log, "not-started", "Configuration error, heartbeat not started.");
        return std::nullopt;
    }
    log.log(Level::kInfo, "starting",
            fmt::format("Configuration validated. Starting heartbeat {}", kVersion));

    std::vector<RespawnClient> clients = clients_of(options, loaded, *hacluster, log);

    exit_code = kExitFailed;
    if (!make_directory(options.run_dir, 0755, log) ||
        !make_directory(options.state_dir, 0700, log))
        return std::nullopt;
    Result<RunLock> lock = RunLock::take(options.run_dir);
    if (!lock) {
        fail(log, "already-running", lock.error().text);
        return std::nullopt;
    }
    wait_for_last_run(*lock, log);
    std::string cgroups = cgroup_tree(options.run_dir, log);
    end_left_over_calls(options.run_dir, cgroups, log);
    GenerationStore store(options.state_dir);
    // On disk before anything is started: a frame of this generation may leave soon after.
    if (const Result<void> begun = store.begin(runtime::wall_time().seconds); !begun) {
        fail(log, "generation-not-kept",
             fmt::format("the generation cannot be kept on disk, so it could be used twice: {}",
                         begun.error().text));
        return std::nullopt;
    }
    if (!store.note().empty()) log.log(Level::kWarn, "generation-new", store.note());
    log.log(Level::kInfo, "generation",
            fmt::format("Heartbeat generation: {}", store.generations().own));
    ipc::Lookers lookers = lookers_of(loaded.settings.apiauth, *hacluster);
    exit_code = 0;
    return Prepared{.options = options,
                    .loaded = std::move(loaded),
                    .hacluster = *hacluster,
                    .lookers = std::move(lookers),
                    .clients = std::move(clients),
                    .log_files = std::move(*files),
                    .cgroup_tree = std::move(cgroups),
                    .lock = std::move(*lock),
                    .store = std::move(store)};
}

}  // namespace hb::master
