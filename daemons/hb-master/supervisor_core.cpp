#include "daemons/hb-master/supervisor_core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/base/assert.hpp"

namespace hb::master {

namespace {

constexpr Duration kShortLife = 1s;       // of a daemon
constexpr Duration kFirstBackOff = 10ms;  // before the third start in a row
constexpr Duration kReadyWithin = 60s;    // a daemon that hangs while it starts is replaced
constexpr Duration kEndWithin = 5s;       // a daemon that was told to stop
// hb-resource, told to leave, may take its time, but every step of it is heard of: no agent call
// takes longer than 60 s and its grace. One that says nothing for so long hangs.
constexpr Duration kLeaveStepWithin = 2min;
constexpr Duration kShortClientLife = 30s;      // as Heartbeat
constexpr Duration kClientPause = 1s;           // as Heartbeat, after a short life
constexpr unsigned kMostShortClientLives = 10;  // as Heartbeat: the eleventh is the last
constexpr int kNeverAgain = 100;                // as Heartbeat: this exit code
constexpr unsigned kMostDeathsWhileLeaving = 5;
constexpr unsigned kLoudLives = 5;  // short lives in a row that are logged one by one
constexpr int kExitPrivileges = 4;
constexpr Duration kCallsTakeLong = 2s;

Event event(Level level, std::string id, Program program, std::string text) {
    return Event{.id = std::move(id),
                 .level = level,
                 .text = std::move(text),
                 .fields = {{"HB_PROGRAM", to_string(program)}}};
}

Event event(Level level, std::string id, std::string text) {
    return Event{.id = std::move(id), .level = level, .text = std::move(text), .fields = {}};
}

}  // namespace

SupervisorCore::SupervisorCore(SupervisorSettings settings)
    : settings_(std::move(settings)), clients_(settings_.clients.size()) {
    for (const Program program : kStartOrder)
        if ((program != Program::kIpfail || settings_.ipfail) &&
            (program != Program::kFence || settings_.fence))
            daemons_[program];
}

void SupervisorCore::start(MonoTime now, Out& out) {
    for (auto& [program, daemon] : daemons_)
        daemon.start_at = now;
    step(now, out);
}

void SupervisorCore::handle(const SupervisorInput& input, MonoTime now, Out& out) {
    std::visit([&](const auto& in) { on(in, now, out); }, input);
    step(now, out);
}

void SupervisorCore::on_deadline(MonoTime now, Out& out) {
    for (auto& [program, daemon] : daemons_) {
        if (daemon.give_up_at > now) continue;
        daemon.give_up_at = kForever;
        out.emplace_back(event(Level::kError, "daemon-hangs", program,
                               fmt::format("{} does not {}: killing it", to_string(program),
                                           daemon.told_to_stop ? "end" : "become ready")));
        out.emplace_back(KillProgram{program});
    }
    if (calls_warning_ <= now) {
        calls_warning_ = now + 5 * kCallsTakeLong;
        out.emplace_back(event(
            Level::kError, "calls-do-not-die", Program::kResource,
            fmt::format("{} unfinished resource operation{} of the dead hb-resource cannot be "
                        "killed yet; no new hb-resource before they are gone",
                        dying_calls_.size(), dying_calls_.size() == 1 ? "" : "s")));
    }
    step(now, out);
}

MonoTime SupervisorCore::next_deadline() const {
    MonoTime next = calls_warning_;
    for (const auto& [program, daemon] : daemons_) {
        next = std::min(next, daemon.give_up_at);
        if (may_start(program)) next = std::min(next, daemon.start_at);
    }
    if (phase_ == Phase::kRunning && was_ready_)
        for (const Client& client : clients_)
            next = std::min(next, client.start_at);
    return next;
}

// ---- inputs

void SupervisorCore::on(const ProgramReady& in, MonoTime, Out&) {
    Daemon& daemon = daemons_.at(in.program);
    if (!daemon.alive || daemon.told_to_stop) return;
    daemon.ready = true;
    daemon.give_up_at = kForever;
}

void SupervisorCore::on(const ProgramExited& in, MonoTime now, Out& out) {
    Daemon& dead = daemons_.at(in.program);
    HB_ASSERT(dead.alive);
    bury_daemon(dead, in, now, out);
    if (in.program != Program::kResource) return;
    for (const int group : calls_)
        out.emplace_back(KillGroup{group});
    if (!calls_.empty() && dying_calls_.empty()) calls_warning_ = now + kCallsTakeLong;
    dying_calls_.merge(calls_);
    calls_.clear();
    if (phase_ != Phase::kLeaving || left_) return;
    if (++deaths_while_leaving_ < kMostDeathsWhileLeaving) return;
    out.emplace_back(event(Level::kCrit, "leave-failed", Program::kResource,
                           "hb-resource dies again and again while it should stop its resources: "
                           "going on without it; what runs may still be here"));
    left_ = true;
    all_stopped_ = false;
}

void SupervisorCore::bury_daemon(Daemon& dead, const ProgramExited& in, MonoTime now, Out& out) {
    const bool was_short = !dead.ready || now - dead.started < kShortLife;
    dead.short_lives = was_short ? dead.short_lives + 1 : 0;
    const bool expected = dead.told_to_stop && (in.program != Program::kResource || left_);
    dead.alive = false;
    dead.ready = false;
    dead.told_to_stop = false;
    dead.give_up_at = kForever;
    if (replaced_.erase(in.program) > 0 && phase_ == Phase::kRunning) {
        dead.short_lives = 0;
        dead.start_at = now;
        out.emplace_back(
            event(Level::kInfo, "daemon-replaced", in.program,
                  fmt::format("{} is started anew, with the new settings", to_string(in.program))));
        return;
    }
    if (expected && in.exit.code == 0 && !in.exit.signalled) {
        out.emplace_back(event(Level::kInfo, "daemon-ended", in.program,
                               fmt::format("{} ended", to_string(in.program))));
        return;
    }
    const bool is_over = phase_ == Phase::kEndingClients || phase_ == Phase::kEndingDaemons;
    const Duration pause = back_off(dead.short_lives);
    // Repeats are said now and then only: a daemon that dies at once must not fill the log.
    if (dead.short_lives <= kLoudLives || dead.short_lives % 64 == 0)
        out.emplace_back(
            event(Level::kError, "daemon-died", in.program,
                  fmt::format("{} {}{}{}", to_string(in.program), in.exit.text,
                              in.exit.signalled && in.exit.code == 31
                                  ? ": it used a system call that is not in its list"
                                  : "",
                              is_over ? ""
                              : pause > Duration::zero()
                                  ? fmt::format(", respawning it in {} ms", to_ms(pause))
                                  : ", respawning it")));
    if (is_over) return;
    if (!was_ready_ && !in.exit.signalled && in.exit.code == kExitPrivileges) {
        // It will never be otherwise: a start that cannot succeed ends here, loudly.
        exit_code_ = kExitPrivileges;
        left_ = true;
        phase_ = Phase::kEndingClients;
        return;
    }
    dead.start_at = now + pause;
}

void SupervisorCore::on(const ClientExited& in, MonoTime now, Out& out) {
    Client& client = clients_.at(in.client);
    const std::string& command = settings_.clients[in.client].command;
    client.alive = false;
    const bool is_failure = phase_ == Phase::kRunning && !client.gone;
    out.emplace_back(event(is_failure ? Level::kError : Level::kInfo, "client-exited",
                           fmt::format("Client {} {}.", command, in.exit.text)));
    if (phase_ != Phase::kRunning || client.gone) return;
    if (!in.exit.signalled && in.exit.code == kNeverAgain) {
        client.over = true;
        return;
    }
    const bool was_short = now - client.started < kShortClientLife;
    client.short_lives = was_short ? client.short_lives + 1 : 0;
    if (client.short_lives > kMostShortClientLives) {
        client.over = true;
        out.emplace_back(event(Level::kError, "client-given-up",
                               fmt::format("Client {} \"respawning too fast\"", command)));
        return;
    }
    out.emplace_back(event(Level::kError, "client-respawned",
                           fmt::format("Respawning client \"{}\":", command)));
    client.start_at = was_short ? now + kClientPause : now;
}

void SupervisorCore::on(const CallStarted& in, MonoTime now, Out&) {
    calls_.insert(in.group);
    resource_works(now);
}

void SupervisorCore::on(const CallFinished& in, MonoTime now, Out&) {
    calls_.erase(in.group);
    resource_works(now);
}

void SupervisorCore::resource_works(MonoTime now) {
    Daemon& resource = daemons_.at(Program::kResource);
    if (resource.alive && resource.told_to_stop) resource.give_up_at = now + kLeaveStepWithin;
}

void SupervisorCore::on(const GroupGone& in, MonoTime, Out&) {
    dying_calls_.erase(in.group);
    if (dying_calls_.empty()) calls_warning_ = kForever;
}

void SupervisorCore::on(const FaultFound& in, MonoTime now, Out& out) {
    const auto at = daemons_.find(in.program);
    const bool plausible = in.by == Program::kMaster || are_neighbours(in.by, in.program);
    if (!plausible) {
        // Who accuses somebody it has no channel to is at fault itself.
        on(FaultFound{.program = in.by,
                      .by = Program::kMaster,
                      .reason = fmt::format("it accused {}, whom it does not know",
                                            to_string(in.program))},
           now, out);
        return;
    }
    if (at == daemons_.end() || !at->second.alive) return;
    out.emplace_back(event(Level::kError, "daemon-faulty", in.program,
                           fmt::format("{} is killed and respawned: {} found: {}",
                                       to_string(in.program), to_string(in.by), in.reason)));
    out.emplace_back(KillProgram{in.program});
}

void SupervisorCore::on(const Left& in, MonoTime, Out&) {
    if (phase_ == Phase::kRunning) return;
    left_ = true;
    all_stopped_ = in.all_stopped;
}

void SupervisorCore::on(const StopAsked&, MonoTime, Out& out) {
    if (phase_ != Phase::kRunning) return;
    phase_ = Phase::kLeaving;
    out.emplace_back(event(Level::kInfo, "shutdown-started", "Heartbeat shutdown in progress."));
    Daemon& resource = daemons_.at(Program::kResource);
    // A dead one is respawned first, and told then: somebody has to stop what runs.
    if (resource.starts == 0) left_ = true;
}

// ---- a reload

std::vector<std::size_t> SupervisorCore::set_clients(const std::vector<ClientLine>& lines,
                                                     MonoTime now, Out& out) {
    std::vector<std::size_t> places;
    std::set<std::size_t> kept;
    for (const ClientLine& line : lines) {
        std::size_t at = 0;
        while (at < clients_.size() &&
               (clients_[at].gone || kept.contains(at) || settings_.clients[at] != line))
            ++at;
        if (at == clients_.size()) {
            settings_.clients.push_back(line);
            clients_.emplace_back();
            clients_.back().start_at = was_ready_ ? now : kForever;
        }
        kept.insert(at);
        places.push_back(at);
    }
    for (std::size_t i = 0; i < clients_.size(); ++i) {
        Client& client = clients_[i];
        if (kept.contains(i) || client.gone) continue;
        client.gone = client.over = true;
        client.start_at = kForever;
        if (client.alive) out.emplace_back(EndClient{i});
    }
    if (phase_ == Phase::kRunning) start_due_clients(now, out);
    return places;
}

// ---- what follows

Duration SupervisorCore::back_off(unsigned short_lives) const {
    if (short_lives < 2) return Duration::zero();
    const unsigned doublings = std::min(short_lives - 2, 20U);
    return std::min(kFirstBackOff * (1 << doublings), settings_.deadtime / 8);
}

bool SupervisorCore::may_start(Program program) const {
    if (phase_ != Phase::kRunning && phase_ != Phase::kLeaving) return false;
    if (program != Program::kResource) return true;
    if (left_) return false;
    return daemons_.at(Program::kMembership).alive && dying_calls_.empty();
}

bool SupervisorCore::all_ready() const {
    return std::ranges::all_of(daemons_, [](const auto& d) { return d.second.ready; });
}

std::set<Program> SupervisorCore::ready_programs() const {
    std::set<Program> ready;
    for (const auto& [program, daemon] : daemons_)
        if (daemon.alive && daemon.ready) ready.insert(program);
    return ready;
}

void SupervisorCore::step(MonoTime now, Out& out) {
    start_due_daemons(now, out);
    if (phase_ == Phase::kRunning) {
        if (!was_ready_ && all_ready()) {
            was_ready_ = true;
            out.emplace_back(SuiteReady{});
            for (Client& client : clients_)
                client.start_at = now;
        }
        start_due_clients(now, out);
    }
    go_on_ending(now, out);
}

void SupervisorCore::start_due_daemons(MonoTime now, Out& out) {
    for (const Program program : kStartOrder) {
        const auto at = daemons_.find(program);
        if (at == daemons_.end()) continue;
        Daemon& daemon = at->second;
        if (daemon.start_at > now || !may_start(program)) continue;
        daemon.start_at = kForever;
        daemon.alive = true;
        daemon.started = now;
        daemon.give_up_at = now + kReadyWithin;
        out.emplace_back(StartProgram{.program = program, .respawn = ++daemon.starts});
        for (const auto& [other, neighbour] : daemons_)
            if (neighbour.alive && are_neighbours(program, other))
                out.emplace_back(Connect{.a = program, .b = other});
    }
}

void SupervisorCore::start_due_clients(MonoTime now, Out& out) {
    if (!was_ready_) return;
    for (std::size_t i = 0; i < clients_.size(); ++i) {
        Client& client = clients_[i];
        if (client.over || client.start_at > now) continue;
        client.start_at = kForever;
        client.alive = true;
        client.started = now;
        out.emplace_back(StartClient{i});
    }
}

void SupervisorCore::go_on_ending(MonoTime now, Out& out) {
    if (phase_ == Phase::kLeaving) {
        Daemon& resource = daemons_.at(Program::kResource);
        if (resource.alive && !resource.told_to_stop) {
            resource.told_to_stop = true;
            resource.give_up_at = now + kLeaveStepWithin;
            out.emplace_back(TellStop{Program::kResource});
        }
        if (left_ && !resource.alive) phase_ = Phase::kEndingClients;
    }
    say_resources_ended(out);
    if (phase_ == Phase::kEndingClients) end_clients(out);
    if (phase_ == Phase::kEndingDaemons) end_daemons(now, out);
}

// At once, not at the end: clients may take their time, and nobody reports for hb-resource any
// more.
void SupervisorCore::say_resources_ended(Out& out) {
    const Daemon& resource = daemons_.at(Program::kResource);
    if (resources_ended_ || phase_ == Phase::kRunning || phase_ == Phase::kLeaving) return;
    if (resource.alive || !dying_calls_.empty()) return;
    resources_ended_ = true;
    using Rest = ResourcesEnded::Rest;
    out.emplace_back(ResourcesEnded{all_stopped_ == true   ? Rest::kNothing
                                    : resource.starts == 0 ? Rest::kNeverRan
                                                           : Rest::kPerhaps});
}

void SupervisorCore::end_clients(Out& out) {
    for (std::size_t i = clients_.size(); i-- > 0;) {
        Client& client = clients_[i];
        if (!client.alive) continue;
        if (!client.over || client.gone) out.emplace_back(EndClient{i});
        client.gone = false;
        client.over = true;
        return;  // one at a time
    }
    phase_ = Phase::kEndingDaemons;
}

void SupervisorCore::end_daemons(MonoTime now, Out& out) {
    for (auto program = kStartOrder.rbegin(); program != kStartOrder.rend(); ++program) {
        const auto at = daemons_.find(*program);
        if (at == daemons_.end() || !at->second.alive) continue;
        Daemon& daemon = at->second;
        if (!daemon.told_to_stop) {
            daemon.told_to_stop = true;
            daemon.give_up_at = now + kEndWithin;
            out.emplace_back(TellStop{*program});
        }
        return;
    }
    phase_ = Phase::kEnded;
    out.emplace_back(event(Level::kInfo, "shutdown-complete", "Heartbeat shutdown complete."));
    out.emplace_back(SuiteEnded{exit_code_});
}

}  // namespace hb::master
