#include "daemons/hb-master/shell.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "common/base/limits.hpp"
#include "common/config/script_environment.hpp"
#include "common/config/secrets.hpp"
#include "common/log/format.hpp"
#include "common/runtime/cgroup.hpp"
#include "common/runtime/cgroup_tree.hpp"
#include "common/runtime/system_clock.hpp"
#include "daemons/hb-master/serial_device.hpp"
#include "daemons/skeleton/arguments.hpp"

namespace hb::master {

namespace {

constexpr Duration kGroupPoll = 5ms;    // until killed calls are gone
constexpr Duration kClientGrace = 30s;  // between SIGTERM and SIGKILL
constexpr char kPath[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

SupervisorSettings settings_of(const Prepared& prepared) {
    SupervisorSettings to{.deadtime = prepared.loaded.settings.deadtime};
    to.fence = prepared.loaded.settings.fencing.is_used_by(*prepared.loaded.self);
    to.ipfail = std::ranges::any_of(prepared.loaded.settings.respawn,
                                    [](const auto& line) { return line.is_ipfail; });
    for (const RespawnClient& client : prepared.clients)
        to.clients.push_back({client.user, client.command});
    return to;
}

// What daemons are started with. Sanitizers and the like are for who tests.
std::vector<std::string> daemon_environment() {
    std::vector<std::string> to = {kPath, "LANG=C"};
    for (const char* name : {"TZ", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"})
        if (const char* value = ::getenv(name)) to.push_back(fmt::format("{}={}", name, value));
    return to;
}

Exit exit_of(const runtime::ExitStatus& status) {
    return {.signalled = status.signalled, .code = status.code, .text = status.to_string()};
}

}  // namespace

Shell::Shell(Prepared prepared, log::Logger& log)
    : prepared_(std::move(prepared)),
      log_(log),
      core_(settings_of(prepared_)),
      calls_(prepared_.options.run_dir),
      keeper_(loop_, log_, find_program(prepared_.options.libexec_dir, "hb-master"),
              prepared_.options.state_dir),
      service_(loop_),
      reap_more_(loop_, [this]() noexcept { reap_orphans(); }),
      reload_again_(loop_, [this]() noexcept { reload(std::nullopt); }),
      deadline_(loop_, [this]() noexcept { deadline(); }),
      reload_timer_(loop_, [this]() noexcept { reload_deadline(); }),
      groups_(loop_, [this]() noexcept { watch_groups(); }),
      rotation_(loop_, [this]() noexcept { look_at_log_files(); }),
      terminate_(loop_, SIGTERM, [this]() noexcept { feed(StopAsked{}); }),
      interrupt_(loop_, SIGINT, [this]() noexcept { feed(StopAsked{}); }),
      hangup_(loop_, SIGHUP, [this]() noexcept { reload(std::nullopt); }),
      more_debug_(loop_, SIGUSR1, [this]() noexcept { more_debug(); }),
      less_debug_(loop_, SIGUSR2, [this]() noexcept { less_debug(); }),
      child_(loop_, SIGCHLD, [this]() noexcept { reap_orphans(); }) {
    // What hb-resource's agents leave behind becomes our child, so that we can tell what it is.
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
        log_.log(Level::kWarn, "no-subreaper", "cannot adopt what agents leave behind, ignoring");
    look_at_log_files();
    open_control_socket();
}

Shell::~Shell() {
    ::unlink((prepared_.options.run_dir + "/control").c_str());
    if (!prepared_.cgroup_tree.empty()) runtime::tidy_cgroup_tree(prepared_.cgroup_tree);
    wipe(prepared_.loaded.keys);
}

void Shell::open_control_socket() {
    // Who may say what, hb-membership decides; others than haclient's come that far only if
    // somebody else may look (apiauth).
    const bool for_others = prepared_.lookers != ipc::Lookers{};
    auto control = runtime::listen_at(prepared_.options.run_dir + "/control",
                                      for_others ? 0666 : 0660, 0, prepared_.hacluster.gid);
    if (!control) throw std::runtime_error(control.error().text);
    control_ = std::move(*control);
}

int Shell::run() {
    // From here on this host is reset unless the suite runs, and ends, as it should.
    const config::Settings& settings = prepared_.loaded.settings;
    if (!settings.watchdog.empty()) {
        std::optional<ArmedWatchdog> armed =
            arm_watchdog(settings, prepared_.options.run_dir, log_);
        if (!armed) return kExitFailed;
        watchdog_.emplace(loop_, log_, std::move(*armed), settings.deadtime);
    }
    service_.status("starting");
    std::vector<SupervisorAction> out;
    core_.start(runtime::now(), out);
    act(out);
    work();
    loop_.run();
    return exit_code_;
}

// ---- between the core and the world

void Shell::feed(SupervisorInput input) {
    inputs_.push_back(std::move(input));
    work();
}

void Shell::deadline() {
    std::vector<SupervisorAction> out;
    core_.on_deadline(runtime::now(), out);
    act(out);
    work();
}

void Shell::work() {
    if (is_acting_) return;
    while (!inputs_.empty()) {
        const SupervisorInput input = std::move(inputs_.front());
        inputs_.pop_front();
        std::vector<SupervisorAction> out;
        core_.handle(input, runtime::now(), out);
        act(out);
    }
    deadline_.arm(core_.next_deadline());
}

void Shell::act(const std::vector<SupervisorAction>& actions) {
    is_acting_ = true;
    for (const SupervisorAction& action : actions)
        std::visit([&](const auto& a) { carry_out(a); }, action);
    is_acting_ = false;
}

DaemonProcess* Shell::find(Program program) {
    const auto at = daemons_.find(program);
    return at == daemons_.end() ? nullptr : at->second.get();
}

void Shell::carry_out(const StartProgram& action) {
    const Program program = action.program;
    const std::string name = to_string(program);
    const bool wants_realtime = prepared_.options.realtime && prepared_.loaded.settings.realtime;
    const skeleton::Arguments arguments{
        .log = prepared_.options.log,
        .debug = prepared_.loaded.settings.debug > 0,
        .realtime = wants_realtime ? static_cast<int>(prepared_.loaded.settings.rtprio) : 0,
        .host = prepared_.loaded.own_node,
        .uid = prepared_.hacluster.uid,
        .gid = prepared_.hacluster.gid};
    auto started = DaemonProcess::start(
        loop_,
        {.program = program,
         .argv = skeleton::to_argv(find_program(prepared_.options.libexec_dir, name), arguments),
         .environment = daemon_environment(),
         .suite_lock = prepared_.lock.suite_fd()},
        {.on_message = [this, program](
                           const ipc::DaemonToMaster& m,
                           std::vector<runtime::UniqueFd> fds) noexcept { hear(program, m, fds); },
         .on_malformed =
             [this, program](std::string_view problem) noexcept {
                 feed(FaultFound{program, Program::kMaster, std::string(problem)});
             },
         .on_exit = [this, program](
                        const runtime::ExitStatus& status) noexcept { ended(program, status); }});
    if (!started) {
        daemons_.erase(program);
        inputs_.push_back(
            ProgramExited{program,
                          {.code = kExitFailed,
                           .text = fmt::format("could not be started: {}", started.error().text)}});
        return;
    }
    DaemonProcess& daemon = *(daemons_[program] = std::move(*started));
    log_.log(Level::kInfo, "daemon-started",
             fmt::format("started {} (pid {}{})", name, daemon.pid(),
                         action.respawn > 1 ? fmt::format(", start {}", action.respawn) : ""),
             {{"HB_PROGRAM", name}});
    daemon.send(prepared_.log_files.message(), prepared_.log_files.descriptors());
    ipc::Setup setup =
        setup_for(program, action.respawn,
                  reload_.has_new_settings(program) ? fresh_->loaded : prepared_.loaded);
    daemon.send(setup);
    if (setup.keys) wipe(*setup.keys);
    if (program == Program::kMembership) {
        std::vector<runtime::UniqueFd> fds;
        fds.emplace_back(::fcntl(control_.get(), F_DUPFD_CLOEXEC, 3));
        daemon.send(ipc::ControlSocket{}, std::move(fds));
    }
}

ipc::Setup Shell::setup_for(Program program, std::uint32_t respawn,
                            const config::Loaded& loaded) const {
    ipc::Setup setup{.settings = loaded.settings,
                     .self = *loaded.self,
                     .incarnation = {prepared_.store.generations().own, respawn},
                     .config_dir = prepared_.options.config_dir,
                     .run_dir = prepared_.options.run_dir,
                     .cgroup_tree = prepared_.cgroup_tree,
                     .lookers = prepared_.lookers,
                     .known_generations = {},
                     .keys = {}};
    // Passwords of fence devices are for hb-fence only.
    if (program != Program::kFence)
        for (config::FenceDevice& device : setup.settings.fencing.devices)
            device.parameters.clear();
    if (program != Program::kComm) return setup;
    setup.keys = loaded.keys;
    for (const auto& [name, generation] : prepared_.store.generations().peers)
        if (const auto node = loaded.settings.find_node(name); node && node != loaded.self)
            setup.known_generations[*node] = generation;
    return setup;
}

void Shell::carry_out(const Connect& action) {
    DaemonProcess* a = find(action.a);
    DaemonProcess* b = find(action.b);
    if (a == nullptr || b == nullptr) return;  // it could not be started: on its way again
    auto pair = runtime::make_channel_pair();
    if (!pair) {
        log_.log(Level::kError, "no-channel", pair.error().text);
        a->kill();  // to try again
        return;
    }
    if (pair->largest < limits::kChannelBytes && !has_said_small_buffers_) {
        has_said_small_buffers_ = true;
        log_.log(Level::kWarn, "small-buffers",
                 fmt::format("messages between daemons are limited to {} bytes here (raise "
                             "net.core.wmem_max): enough for a few hundred groups",
                             pair->largest));
    }
    const auto give = [](DaemonProcess& to, Program neighbour, runtime::UniqueFd end) {
        std::vector<runtime::UniqueFd> fds;
        fds.push_back(std::move(end));
        to.send(ipc::NeighbourChannel{neighbour}, std::move(fds));
    };
    give(*a, action.b, std::move(pair->first));
    give(*b, action.a, std::move(pair->second));
}

void Shell::carry_out(const KillProgram& action) {
    if (DaemonProcess* daemon = find(action.program)) daemon->kill();
}

void Shell::carry_out(const TellStop& action) {
    give_up_reload();
    service_.stopping(fmt::format("stopping: waiting for {}", to_string(action.program)));
    if (DaemonProcess* daemon = find(action.program)) daemon->send(ipc::Stop{});
}

std::vector<std::string> Shell::client_environment() const {
    std::vector<std::string> to = daemon_environment();
    to.push_back("HA_DIR=" + prepared_.options.config_dir);
    to.push_back("HA_CURHOST=" + prepared_.loaded.own_node);
    for (const auto& [name, value] : config::ha_variables(prepared_.loaded.settings))
        to.push_back(fmt::format("{}={}", name, value));
    return to;
}

void Shell::carry_out(const StartClient& action) {
    const RespawnClient& client = prepared_.clients.at(action.client);
    log_.log(Level::kInfo, "client-started",
             fmt::format("Starting child client \"{}\" ({},{})", client.command,
                         client.identity.uid, client.identity.gid));
    auto started = runtime::ChildProcess::start(
        loop_,
        {.argv = {"/bin/sh", "-c", "exec " + client.command},
         .environment = client.environment.empty() ? client_environment() : client.environment,
         .identity = client.identity,
         .capture_output = false,
         .inherit_output = client.is_own,
         .death_signal = SIGTERM,
         .is_ordinary = true},
        {.on_exit = [this, index = action.client](const runtime::ExitStatus& status) noexcept {
            feed(ClientExited{index, exit_of(status)});
        }});
    if (started) {
        clients_[action.client] = std::move(*started);
        return;
    }
    inputs_.push_back(
        ClientExited{action.client,
                     {.code = kExitFailed,
                      .text = fmt::format("could not be started: {}", started.error().text)}});
}

void Shell::carry_out(const EndClient& action) {
    const auto at = clients_.find(action.client);
    if (at != clients_.end()) at->second->end(kClientGrace);
}

// The call's process group, and its cgroup for what left the process group. False: nothing is left.
bool Shell::kill_call(int group) noexcept {
    const bool is_left = runtime::group_exists(group);
    if (is_left) runtime::signal_group(group, SIGKILL);
    const std::string path = calls_.cgroup_of(group);
    if (path.empty()) return is_left;
    const auto cgroup = runtime::Cgroup::open(path);
    if (!cgroup) return is_left;
    if (!(*cgroup)->is_empty()) {
        (*cgroup)->kill();
        return true;
    }
    return !(*cgroup)->remove() || is_left;
}

void Shell::carry_out(const KillGroup& action) {
    (void)kill_call(action.group);
    dying_groups_.insert(action.group);
    groups_.arm(runtime::now() + kGroupPoll);
}

void Shell::watch_groups() noexcept {
    reap_orphans();
    for (auto at = dying_groups_.begin(); at != dying_groups_.end();) {
        const int group = *at;
        if (kill_call(group)) {  // also what was forked meanwhile
            ++at;
            continue;
        }
        at = dying_groups_.erase(at);
        calls_.remove(group);
        feed(GroupGone{group});
    }
    if (!dying_groups_.empty()) groups_.arm(runtime::now() + kGroupPoll);
}

void Shell::carry_out(const SuiteReady&) {
    is_ready_ = true;
    log_.log(Level::kInfo, "suite-ready", "all daemons are ready");
    service_.ready("running");
}

// Disarmed only when nothing of ours is left: what could not be stopped is left to the device.
void Shell::carry_out(const ResourcesEnded& action) {
    if (watchdog_) watchdog_->resources_ended(action.rest);
}

void Shell::carry_out(const SuiteEnded& action) {
    exit_code_ = action.exit_code;
    watchdog_.reset();
    loop_.stop();
}

void Shell::carry_out(const Event& action) {
    log_.log(action);
}

// ---- what daemons say

// Each kind of message has its speakers: hb-comm cannot make us believe that it is hb-resource.
bool Shell::may_say(Program from, const ipc::DaemonToMaster& message) const {
    struct {
        Program from;
        bool operator()(const ipc::Ready&) const { return true; }
        bool operator()(const ipc::Fault&) const { return true; }
        bool operator()(const ipc::RememberGeneration&) const { return from == Program::kComm; }
        bool operator()(const ipc::CallStarted&) const { return from == Program::kResource; }
        bool operator()(const ipc::CallFinished&) const { return from == Program::kResource; }
        bool operator()(const ipc::LeaveDone&) const { return from == Program::kResource; }
        bool operator()(const ipc::Alive&) const { return true; }
        bool operator()(const ipc::EnlargeBuffer&) const { return from == Program::kComm; }
        bool operator()(const ipc::OpenLine&) const { return from == Program::kComm; }
        bool operator()(const ipc::SetLogLevel&) const { return from == Program::kMembership; }
        bool operator()(const ipc::SettingsPrepared&) const { return true; }
        bool operator()(const ipc::SettingsAdopted&) const { return true; }
        bool operator()(const ipc::ReloadRequest&) const { return from == Program::kMembership; }
    } allowed{from};
    return std::visit(allowed, message);
}

void Shell::hear(Program from, const ipc::DaemonToMaster& message,
                 const std::vector<runtime::UniqueFd>& fds) {
    if (!may_say(from, message))
        return feed(FaultFound{from, Program::kMaster, "it sent what another daemon sends"});
    struct {
        Shell& shell;
        Program from;
        const std::vector<runtime::UniqueFd>& fds;
        void operator()(const ipc::Ready&) const {
            shell.feed(ProgramReady{from});
            shell.replaced(from);
        }
        void operator()(const ipc::Fault& m) const {
            shell.feed(FaultFound{m.neighbour, from, m.reason});
        }
        void operator()(const ipc::RememberGeneration& m) const { shell.remember(m); }
        void operator()(const ipc::CallStarted& m) const {
            const std::string& tree = shell.prepared_.cgroup_tree;
            shell.calls_.add(m.group, tree.empty() || m.cgroup == 0
                                          ? std::string()
                                          : runtime::call_cgroup(tree, m.cgroup));
            shell.feed(CallStarted{m.group});
        }
        void operator()(const ipc::CallFinished& m) const {
            shell.calls_.remove(m.group);
            shell.feed(CallFinished{m.group});
        }
        void operator()(const ipc::LeaveDone& m) const { shell.feed(Left{m.all_stopped}); }
        void operator()(const ipc::Alive& m) const {
            if (shell.watchdog_) shell.watchdog_->report(from, m.well);
        }
        void operator()(const ipc::EnlargeBuffer&) const {
            for (const runtime::UniqueFd& fd : fds)
                shell.enlarge_buffer(fd.get());
        }
        void operator()(const ipc::SetLogLevel& m) const { shell.set_debug(m.debug, m.who); }
        void operator()(const ipc::OpenLine& m) const {
            auto [answer, line] = open_line(shell.prepared_.loaded.settings, m.device);
            if (DaemonProcess* comm = shell.find(from)) comm->send(answer, std::move(line));
        }
        void operator()(const ipc::SettingsPrepared& m) const { shell.prepared(from, m); }
        void operator()(const ipc::SettingsAdopted&) const { shell.adopted(from); }
        void operator()(const ipc::ReloadRequest& m) const { shell.reload(m); }
    } act{*this, from, fds};
    std::visit(act, message);
}

// Its size is ours to choose, and what it is is looked at: hb-comm hears strangers.
void Shell::enlarge_buffer(int socket) {
    int domain = 0;
    socklen_t size = sizeof domain;
    if (::getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0) return;
    if (domain != AF_INET && domain != AF_INET6) return;
    const int bytes = limits::kReceiveBytes;
    if (::setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) == 0) return;
    if (has_said_receive_buffers_) return;
    has_said_receive_buffers_ = true;
    log_.log(Level::kNotice, "small-receive-buffers",
             fmt::format("receive buffers cannot be enlarged to {} bytes ({}): a flood at the port "
                         "of heartbeats may crowd them out (raise net.core.rmem_max)",
                         bytes, std::strerror(errno)));
}

void Shell::remember(const ipc::RememberGeneration& news) {
    const config::Settings& settings = prepared_.loaded.settings;
    if (rank(news.peer) >= settings.nodes.size()) return;
    if (prepared_.store.remember(settings.node_name(news.peer), news.generation))
        keeper_.keep(to_text(prepared_.store.generations()));
}

// ---- signals and time

// Called for every SIGCHLD: our own children are looked at through their pidfds, what was adopted
// from hb-resource is only reaped.
void Shell::reap_orphans() noexcept {
    for (int i = 0; i < 1000; ++i) {
        siginfo_t info{};
        if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return;
        // If hb-resource died, its last words say which of the orphans are unfinished calls: their
        // numbers must not become free before that is known.
        for (const Program program : kStartOrder)
            if (DaemonProcess* daemon = find(program)) daemon->check();
        for (auto& [index, client] : clients_)
            client->check();
        keeper_.check();
        ::waitid(P_PID, static_cast<id_t>(info.si_pid), &info, WEXITED | WNOHANG);
    }
    reap_more_.schedule();
}

}  // namespace hb::master
