// The shell of hb-master: a reload of the configuration (SIGHUP, hactl reload).
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/base/limits.hpp"
#include "common/config/reload_plan.hpp"
#include "common/config/secrets.hpp"
#include "common/runtime/system_clock.hpp"
#include "daemons/hb-master/shell.hpp"

namespace hb::master {

void Shell::reload(const std::optional<ipc::ReloadRequest>& request) {
    const bool dry_run = request && request->dry_run;
    const auto refuse = [&](const char* why) {
        if (request)
            return answer_reload(request->id, {.text = why, .changes = {}, .findings = {}});
        log_.log(Level::kError, "reload-refused", fmt::format("nothing is read again: {}", why));
    };
    if (core_.is_stopping()) return refuse("the suite is stopping");
    if (reload_.busy() && !request) {  // a signal has nobody who could ask again
        hangup_waits_ = true;
        return;
    }
    if (reload_.busy()) return refuse("another reload is under way; ask again");
    if (!dry_run) {
        log_.log(Level::kInfo, "keys-reread", "Rereading authentication file.");
        log_.log(Level::kInfo, "reload-started",
                 fmt::format("reading the configuration again{}",
                             request ? fmt::format(", for {}", request->who) : ""));
    }
    Reread fresh = reread(prepared_.options, prepared_.loaded, prepared_.hacluster, log_, !dry_run);
    if (dry_run && (!fresh.outcome.ok || fresh.outcome.changes.empty())) {
        answer_reload(request->id, fresh.outcome);
        wipe(fresh.loaded.keys);
        return;
    }
    const std::set<Program> ready = core_.ready_programs();
    if (fresh.outcome.ok && !fresh.outcome.changes.empty() && !core_.all_ready()) {
        fresh.outcome.ok = false;
        fresh.outcome.text = "a daemon is just being started; ask again";
    }
    asker_ = request ? std::optional(request->id) : std::nullopt;
    fresh_.emplace(std::move(fresh));
    is_dry_run_ = dry_run;
    if (is_ready_ && !dry_run) service_.reloading();
    if (!fresh_->outcome.ok || fresh_->outcome.changes.empty()) return end_reload();
    std::vector<ReloadAction> out;
    if (dry_run)
        reload_.ask_only(ready, runtime::now(), out);
    else
        reload_.begin(ready, config::replaced_by(fresh_->outcome.changes), runtime::now(), out);
    act(out);
}

void Shell::answer_reload(std::uint64_t id, const ReloadOutcome& outcome) {
    if (DaemonProcess* membership = find(Program::kMembership))
        membership->send(ipc::ReloadAnswer{id, outcome});
}

void Shell::ended(Program program, const runtime::ExitStatus& status) {
    if (program == Program::kMembership) asker_.reset();  // with it
    std::vector<ReloadAction> out;
    reload_.died(program, runtime::now(), out);
    act(out);
    feed(ProgramExited{
        program,
        Exit{.signalled = status.signalled, .code = status.code, .text = status.to_string()}});
}

void Shell::prepared(Program program, const ipc::SettingsPrepared& message) {
    std::vector<ReloadAction> out;
    reload_.prepared(program, message.problem, runtime::now(), out);
    act(out);
}

void Shell::adopted(Program program) {
    std::vector<ReloadAction> out;
    reload_.adopted(program, runtime::now(), out);
    act(out);
}

void Shell::replaced(Program program) {
    std::vector<ReloadAction> out;
    reload_.ready(program, out);
    act(out);
}

void Shell::give_up_reload() {
    std::vector<ReloadAction> out;
    reload_.stop(out);
    act(out);
}

void Shell::reload_deadline() noexcept {
    std::vector<ReloadAction> out;
    reload_.on_deadline(runtime::now(), out);
    act(out);
}

void Shell::act(const std::vector<ReloadAction>& actions) {
    for (const ReloadAction& action : actions)
        std::visit([&](const auto& a) { carry_out(a); }, action);
    reload_timer_.arm(reload_.next_deadline());
}

void Shell::carry_out(const SendSettings& action) {
    DaemonProcess* daemon = find(action.program);
    if (daemon == nullptr) return;  // its death is told
    ipc::Setup setup = setup_for(action.program, 1, fresh_->loaded);
    daemon->send_settings(setup);
    if (setup.keys) wipe(*setup.keys);
}

void Shell::carry_out(const SendCommit& action) {
    if (DaemonProcess* daemon = find(action.program)) daemon->send(ipc::CommitSettings{});
}

void Shell::carry_out(const SendAbandon& action) {
    if (DaemonProcess* daemon = find(action.program)) daemon->send(ipc::AbandonSettings{});
}

void Shell::carry_out(const KillSlow& action) {
    if (DaemonProcess* daemon = find(action.program)) daemon->kill();
}

void Shell::carry_out(const Replace& action) {
    DaemonProcess* daemon = find(action.program);
    if (daemon == nullptr) return;
    core_.expect_replacement(action.program);
    daemon->kill();
}

// Lines that stay keep their program; what it was started with is its own.
void Shell::adopt_clients() {
    std::vector<ClientLine> lines;
    for (const RespawnClient& client : fresh_->clients)
        lines.push_back({client.user, client.command});
    std::vector<SupervisorAction> out;
    const std::vector<std::size_t> places = core_.set_clients(lines, runtime::now(), out);
    for (std::size_t i = 0; i < places.size(); ++i)
        if (places[i] == prepared_.clients.size())
            prepared_.clients.push_back(std::move(fresh_->clients[i]));
    act(out);
    work();
}

void Shell::carry_out(const SettingsInForce&) {
    wipe(prepared_.loaded.keys);
    const config::Settings before = std::exchange(prepared_.loaded, fresh_->loaded).settings;
    const config::Settings& now = prepared_.loaded.settings;
    configure_log(now, log_);
    if (before.logfile != now.logfile || before.debugfile != now.debugfile) {
        prepared_.log_files = LogFiles(now.logfile, now.debugfile, prepared_.hacluster.gid);
        log_.set_files({}, {});
        prepared_.log_files.open_for(log_);
        for (auto& [program, daemon] : daemons_)
            daemon->send(prepared_.log_files.message(), prepared_.log_files.descriptors());
    }
    core_.set_deadtime(now.deadtime);
    adopt_clients();
}

void Shell::carry_out(const ReloadEnded& action) {
    if (!action.ok) {
        fresh_->outcome.ok = false;
        fresh_->outcome.text = action.why + ": what runs stays as it is";
    }
    end_reload();
}

void Shell::end_reload() {
    ReloadOutcome outcome = std::move(fresh_->outcome);
    wipe(fresh_->loaded.keys);
    fresh_.reset();
    if (std::exchange(is_dry_run_, false)) {
        if (asker_) answer_reload(*std::exchange(asker_, {}), outcome);
        if (std::exchange(hangup_waits_, false)) reload_again_.schedule();
        return;
    }
    for (const ReloadChange& change : outcome.changes) {
        const bool is_refused = !change.refused.empty();
        if (outcome.ok || is_refused)
            log_.log(is_refused ? Level::kError : Level::kInfo, "reload-change",
                     in_words(change).substr(0, limits::kEventTextBytes));
    }
    if (outcome.ok)
        log_.log(Level::kInfo, "reload-done",
                 fmt::format("the configuration was read again: {}", outcome.text));
    else
        log_.log(Level::kError, "reload-refused",
                 fmt::format("the configuration is not taken: {}", outcome.text));
    if (asker_) answer_reload(*std::exchange(asker_, {}), outcome);
    look_at_log_files();
    if (is_ready_) service_.ready("running");
    if (std::exchange(hangup_waits_, false)) reload_again_.schedule();
}

}  // namespace hb::master
