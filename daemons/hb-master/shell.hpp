// The shell of hb-master: carries out what SupervisorCore decides, and tells it what happened.
//
// It owns the processes, the master's ends of their channels, the control socket until it is handed
// to hb-membership, the files on disk. It reads no network byte; from its children it takes the few
// messages of proto/master.proto, and kills who sends anything else.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/log/logger.hpp"
#include "common/runtime/child_process.hpp"
#include "common/runtime/event_loop.hpp"
#include "common/runtime/events.hpp"
#include "common/runtime/sd_service.hpp"
#include "daemons/hb-master/call_record.hpp"
#include "daemons/hb-master/daemon_process.hpp"
#include "daemons/hb-master/generation_keeper.hpp"
#include "daemons/hb-master/reload_core.hpp"
#include "daemons/hb-master/reread.hpp"
#include "daemons/hb-master/start.hpp"
#include "daemons/hb-master/supervisor_core.hpp"
#include "daemons/hb-master/watchdog_shell.hpp"

namespace hb::master {

class Shell {
  public:
    Shell(Prepared prepared, log::Logger& log);
    ~Shell();
    Shell(const Shell&) = delete;
    Shell& operator=(const Shell&) = delete;

    // Until the suite has ended: the exit code.
    [[nodiscard]] int run();

  private:
    // Inputs that arise while actions are carried out wait for their turn.
    void feed(SupervisorInput input);
    void work();
    void deadline();
    void act(const std::vector<SupervisorAction>& actions);
    void carry_out(const StartProgram& action);
    void carry_out(const Connect& action);
    void carry_out(const KillProgram& action);
    void carry_out(const TellStop& action);
    void carry_out(const StartClient& action);
    void carry_out(const EndClient& action);
    void carry_out(const KillGroup& action);
    void carry_out(const SuiteReady& action);
    void carry_out(const ResourcesEnded& action);
    void carry_out(const SuiteEnded& action);
    void carry_out(const Event& action);

    void hear(Program from, const ipc::DaemonToMaster& message,
              const std::vector<runtime::UniqueFd>& fds);
    void enlarge_buffer(int socket);
    [[nodiscard]] bool may_say(Program from, const ipc::DaemonToMaster& message) const;
    void remember(const ipc::RememberGeneration& news);
    [[nodiscard]] ipc::Setup setup_for(Program program, std::uint32_t respawn,
                                       const config::Loaded& loaded) const;
    [[nodiscard]] std::vector<std::string> client_environment() const;
    [[nodiscard]] DaemonProcess* find(Program program);

    void watch_groups() noexcept;
    bool kill_call(int group) noexcept;
    void reap_orphans() noexcept;

    // A reload (shell_reload.cpp). No request: SIGHUP.
    void reload(const std::optional<ipc::ReloadRequest>& request);
    void answer_reload(std::uint64_t id, const ReloadOutcome& outcome);
    void reload_deadline() noexcept;
    void act(const std::vector<ReloadAction>& actions);
    void carry_out(const SendSettings& action);
    void carry_out(const SendCommit& action);
    void carry_out(const SendAbandon& action);
    void carry_out(const SettingsInForce& action);
    void carry_out(const KillSlow& action);
    void carry_out(const Replace& action);
    void adopt_clients();
    void carry_out(const ReloadEnded& action);
    void end_reload();
    void give_up_reload();
    void prepared(Program program, const ipc::SettingsPrepared& message);
    void adopted(Program program);
    void replaced(Program program);
    void ended(Program program, const runtime::ExitStatus& status);

    void look_at_log_files() noexcept;
    void more_debug() noexcept;
    void less_debug() noexcept;
    void set_debug(unsigned level, const std::string& by) noexcept;
    void open_control_socket();

    Prepared prepared_;
    log::Logger& log_;
    runtime::EventLoop loop_;
    SupervisorCore core_;
    ReloadCore reload_;
    std::optional<Reread> fresh_;         // while a reload is under way
    std::optional<std::uint64_t> asker_;  // of it: the request of this hb-membership
    CallRecord calls_;
    GenerationKeeper keeper_;
    std::optional<Watchdog> watchdog_;  // none configured, or not armed any more
    runtime::UniqueFd control_;
    std::map<Program, std::unique_ptr<DaemonProcess>> daemons_;
    std::map<std::size_t, std::unique_ptr<runtime::ChildProcess>> clients_;
    std::set<int> dying_groups_;
    std::deque<SupervisorInput> inputs_;
    bool is_acting_ = false;
    bool is_ready_ = false;
    bool has_said_small_buffers_ = false;
    bool has_said_receive_buffers_ = false;
    int exit_code_ = 0;
    runtime::SdService service_;
    runtime::Defer reap_more_;
    runtime::Defer reload_again_;
    bool is_dry_run_ = false;    // of the reload under way
    bool hangup_waits_ = false;  // it came while a reload was under way
    runtime::Timer deadline_;
    runtime::Timer reload_timer_;
    runtime::Timer groups_;
    runtime::Timer rotation_;
    runtime::SignalEvent terminate_;
    runtime::SignalEvent interrupt_;
    runtime::SignalEvent hangup_;
    runtime::SignalEvent more_debug_;
    runtime::SignalEvent less_debug_;
    runtime::SignalEvent child_;
};

}  // namespace hb::master
