#include "daemons/hb-resource/group_runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/base/assert.hpp"

namespace hb::resource {

namespace {

std::vector<MonitorSettings> monitor_settings(const std::vector<RunnerResource>& resources) {
    std::vector<MonitorSettings> result;
    for (const RunnerResource& r : resources)
        result.push_back(r.monitor);
    return result;
}

std::string times(std::size_t count) {
    return count == 1 ? "once" : fmt::format("{} times", count);
}

}  // namespace

GroupRunner::GroupRunner(RunnerSettings settings)
    : settings_(std::move(settings)), monitor_(make_monitor()) {
    find_waves();
}

GroupMonitor GroupRunner::make_monitor() const {
    return {monitor_settings(settings_.resources), settings_.restarts, settings_.restart_window};
}

void GroupRunner::find_waves() {
    waves_.clear();
    const std::size_t count = settings_.resources.size();
    for (std::size_t i = 0; i < count; i++) {
        const bool joins =
            i > 0 && settings_.resources[i].together && settings_.resources[i - 1].together;
        if (joins)
            waves_.back().end = i + 1;
        else
            waves_.push_back({i, i + 1});
    }
}

void GroupRunner::configure(RunnerSettings settings, MonoTime now) {
    HB_ASSERT(settings.resources.size() == settings_.resources.size());
    monitor_.configure(monitor_settings(settings.resources), settings.restarts,
                       settings.restart_window, now);
    settings_ = std::move(settings);
}

void GroupRunner::start(MonoTime now, std::vector<RunnerAction>& out) {
    switch (phase_) {
        case Phase::kIdle:
            monitor_.forget_restarts();
            begin_start(now, out);
            return;
        case Phase::kStarting:
        case Phase::kClearing:
            // A stop withdrawn by a start would have to be answered first: the core waits for it.
            HB_ASSERT(!stop_wanted_);
            return;
        case Phase::kAsking:
            start_wanted_ = true;
            return;
        case Phase::kStopping:
        case Phase::kUndoing:
            HB_ASSERT(!"started a group whose last answer is still out");
    }
}

void GroupRunner::stop(MonoTime now, std::vector<RunnerAction>& out) {
    switch (phase_) {
        case Phase::kIdle:
            begin_stop(waves_.size(), now, out);
            return;
        case Phase::kStarting:
        case Phase::kAsking:
            stop_wanted_ = true;
            start_wanted_ = false;
            return;
        case Phase::kClearing:  // is half of it already
            restarting_.reset();
            phase_ = Phase::kStopping;
            return;
        case Phase::kUndoing:  // is one already; its answer still tells that the start had failed
        case Phase::kStopping:
            return;
    }
}

void GroupRunner::ask(MonoTime now, std::vector<RunnerAction>& out) {
    if (phase_ == Phase::kIdle)
        begin_ask(now, out);
    else if (phase_ != Phase::kAsking)
        ask_wanted_ = true;
}

void GroupRunner::begin_start(MonoTime now, std::vector<RunnerAction>& out) {
    out.emplace_back(Event{"group-acquiring",
                           Level::kInfo,
                           "Acquiring resource group: " + group_line(),
                           {{"HB_GROUP", settings_.group}}});
    end_monitoring(out);
    not_changed();
    phase_ = Phase::kStarting;
    problem_.clear();
    restarting_.reset();
    wave_ = 0;
    if (waves_.empty()) return finish(RunnerDone::Answer::kRunning, true, now, out);
    call_wave(Operation::kStart, out);
}

// Stops waves [0, last_wave), the last first.
void GroupRunner::begin_stop(std::size_t last_wave, MonoTime now, std::vector<RunnerAction>& out) {
    out.emplace_back(Event{"group-releasing",
                           Level::kInfo,
                           "Releasing resource group: " + group_line(),
                           {{"HB_GROUP", settings_.group}}});
    end_monitoring(out);
    const bool undoing = phase_ == Phase::kUndoing;
    if (!undoing) {
        phase_ = Phase::kStopping;
        problem_.clear();
    }
    stop_wanted_ = false;
    restarting_.reset();
    not_changed();
    stop_problem_.clear();
    tries_ = 0;
    if (last_wave == 0) return finish(RunnerDone::Answer::kStopped, undoing, now, out);
    wave_ = last_wave - 1;
    call_wave(Operation::kStop, out);
}

void GroupRunner::begin_ask(MonoTime now, std::vector<RunnerAction>& out) {
    end_monitoring(out);
    not_changed();
    phase_ = Phase::kAsking;
    problem_.clear();
    running_ = 0;
    unknown_ = 0;
    wave_ = 0;
    if (waves_.empty()) return finish(RunnerDone::Answer::kStopped, false, now, out);
    call_wave(Operation::kStatus, out);
}

void GroupRunner::call(std::size_t resource, Operation operation, std::vector<RunnerAction>& out) {
    const std::uint64_t id = next_id_++;
    waiting_for_.emplace(id, resource);
    out.emplace_back(
        RunOperation{id, settings_.group, resource, operation, timeout(resource, operation)});
}

// A stop goes right to left within its wave too, so that a batch carries it out in that order.
void GroupRunner::call_wave(Operation operation, std::vector<RunnerAction>& out) {
    const Wave wave = waves_[wave_];
    failed_.clear();
    for (std::size_t i = 0; i < wave.end - wave.begin; i++)
        call(operation == Operation::kStop ? wave.end - 1 - i : wave.begin + i, operation, out);
}

void GroupRunner::handle(const OperationDone& done, MonoTime now, std::vector<RunnerAction>& out) {
    if (const auto asked = statuses_.extract(done.id))
        return health(asked.mapped(), done, now, out);
    const auto waiting = waiting_for_.find(done.id);
    if (waiting == waiting_for_.end()) return;
    const std::size_t resource = waiting->second;
    waiting_for_.erase(waiting);
    note(resource, done);
    if (waiting_for_.empty()) wave_ended(now, out);
}

void GroupRunner::note(std::size_t resource, const OperationDone& done) {
    using Outcome = OperationDone::Outcome;
    bool good = false;
    switch (phase_) {
        case Phase::kStarting:
            good = done.outcome == Outcome::kOk || done.outcome == Outcome::kRunning;
            break;
        case Phase::kStopping:
        case Phase::kUndoing:
        case Phase::kClearing:
            good = done.outcome == Outcome::kOk || done.outcome == Outcome::kNotRunning;
            break;
        case Phase::kAsking:
            good = done.outcome == Outcome::kRunning || done.outcome == Outcome::kNotRunning;
            if (done.outcome == Outcome::kRunning) running_++;
            if (!good) unknown_++;
            break;
        case Phase::kIdle:
            HB_UNREACHABLE();  // nothing is waited for
    }
    if (good) return;
    failed_.push_back(resource);
    const bool stopping = phase_ != Phase::kStarting && phase_ != Phase::kAsking;
    std::string& problem = stopping ? stop_problem_ : problem_;
    if (problem.empty())
        problem = fmt::format("{}: {}", word(resource),
                              done.detail.empty() ? to_string(done.outcome) : done.detail);
}

void GroupRunner::wave_ended(MonoTime now, std::vector<RunnerAction>& out) {
    switch (phase_) {
        case Phase::kStarting:
            return start_wave_ended(now, out);
        case Phase::kStopping:
        case Phase::kUndoing:
        case Phase::kClearing:
            return stop_wave_ended(now, out);
        case Phase::kAsking:
            return ask_wave_ended(now, out);
        case Phase::kIdle:
            HB_UNREACHABLE();
    }
}

void GroupRunner::start_wave_ended(MonoTime now, std::vector<RunnerAction>& out) {
    // Of a group that runs, in part even, all waves may have to be stopped, whichever was started.
    const bool any_may_run = in_part_ || completing_ || (restarting_alone_ && restarting_);
    const std::size_t started = any_may_run ? waves_.size() : wave_ + 1;
    if (!failed_.empty()) {
        out.emplace_back(
            Event{"resource-start-failed",
                  Level::kCrit,
                  fmt::format("Giving up resources due to failure of {}", word(failed_.front())),
                  {{"HB_GROUP", settings_.group}, {"HB_REASON", problem_}}});
        phase_ = Phase::kUndoing;
        return begin_stop(started, now, out);
    }
    if (stop_wanted_) return begin_stop(started, now, out);
    if (completing_) return call_next_fresh(wave_ + 1, now, out);
    if (restarting_ && restarting_alone_)
        return finish(RunnerDone::Answer::kRunning, false, now, out);
    if (++wave_ == waves_.size())
        return finish(RunnerDone::Answer::kRunning, !restarting_, now, out);
    call_wave(Operation::kStart, out);
}

void GroupRunner::stop_wave_ended(MonoTime now, std::vector<RunnerAction>& out) {
    if (failed_.empty()) {
        tries_ = 0;
        if (phase_ == Phase::kClearing && wave_ == wave_of(*restarting_)) {
            phase_ = Phase::kStarting;
            return call_wave(Operation::kStart, out);
        }
        if (wave_ == 0)
            return finish(RunnerDone::Answer::kStopped, phase_ == Phase::kUndoing, now, out);
        wave_--;
        return call_wave(Operation::kStop, out);
    }
    if (++tries_ > settings_.stop_retries) {
        for (std::size_t resource : failed_)
            out.emplace_back(Event{
                "resource-stop-failed",
                Level::kCrit,
                fmt::format("Resource STOP failure: {} does not stop. Group {} stays blocked on "
                            "this node, and starts nowhere else, until it is cleaned up",
                            word(resource), settings_.group),
                {{"HB_GROUP", settings_.group}, {"HB_REASON", stop_problem_}}});
        return finish(RunnerDone::Answer::kFailed, phase_ == Phase::kUndoing, now, out);
    }
    retry_at_ = now + settings_.stop_retry_delay;
}

void GroupRunner::ask_wave_ended(MonoTime now, std::vector<RunnerAction>& out) {
    failed_.clear();
    if (stop_wanted_) return begin_stop(waves_.size(), now, out);
    if (std::exchange(start_wanted_, false)) {
        in_part_ = true;  // nobody knows
        return begin_start(now, out);
    }
    if (++wave_ < waves_.size()) return call_wave(Operation::kStatus, out);
    using Answer = RunnerDone::Answer;
    if (running_ == settings_.resources.size()) return finish(Answer::kRunning, false, now, out);
    if (running_ == 0 && unknown_ == 0) return finish(Answer::kStopped, false, now, out);
    if (problem_.empty())
        problem_ = fmt::format("{} of {} resources run", running_, settings_.resources.size());
    finish(Answer::kPartial, false, now, out);
}

// ---- while it runs

void GroupRunner::ask_for_health(MonoTime now, std::vector<RunnerAction>& out) {
    for (const std::size_t resource : monitor_.take_due(now)) {
        const std::uint64_t id = next_id_++;
        statuses_.emplace(id, resource);
        out.emplace_back(RunOperation{id, settings_.group, resource, Operation::kStatus,
                                      timeout(resource, Operation::kStatus),
                                      settings_.resources[resource].monitor.interval});
    }
}

void GroupRunner::look(std::size_t resource, MonoTime now, std::vector<RunnerAction>& out) {
    monitor_.hurry(resource, now);
    ask_for_health(now, out);
}

void GroupRunner::end_monitoring(std::vector<RunnerAction>& out) {
    ill_.clear();
    for (const auto& [id, resource] : std::exchange(statuses_, {}))
        out.emplace_back(CancelOperation{id, settings_.group});
    monitor_.end();
}

void GroupRunner::health(std::size_t resource, const OperationDone& done, MonoTime now,
                         std::vector<RunnerAction>& out) {
    using Outcome = OperationDone::Outcome;
    const Health health = done.outcome == Outcome::kOk || done.outcome == Outcome::kRunning
                              ? Health::kRunning
                          : done.outcome == Outcome::kNotRunning ? Health::kNotRunning
                          : done.outcome == Outcome::kTimeout    ? Health::kNoAnswer
                                                                 : Health::kFailed;
    switch (monitor_.answered(resource, health, now)) {
        case GroupMonitor::Verdict::kFine:
            return well_again(resource, out);
        case GroupMonitor::Verdict::kUndecided:
            return;
        case GroupMonitor::Verdict::kNotMonitored:
            if (warned_of_.insert(resource).second)
                out.emplace_back(Event{
                    "resource-not-monitored",
                    Level::kWarn,
                    fmt::format("{} was started well and its status does not say that it runs "
                                "({}): it is not monitored",
                                word(resource), to_string(done.outcome)),
                    {{"HB_GROUP", settings_.group}, {"HB_RESOURCE", word(resource)}}});
            return;
        case GroupMonitor::Verdict::kFailed: {
            const std::string problem = done.detail.empty() ? to_string(done.outcome) : done.detail;
            return left_alone_ ? only_say(resource, problem, now, out)
                               : failed(resource, problem, now, out);
        }
    }
}

void GroupRunner::failed(std::size_t resource, const std::string& problem, MonoTime now,
                         std::vector<RunnerAction>& out) {
    const bool again = monitor_.may_restart(resource, now);
    const std::size_t count = monitor_.restarts(resource);
    out.emplace_back(Event{
        "resource-failed",
        Level::kError,
        again ? fmt::format("{} has failed ({}): restarting it in place ({} of {})", word(resource),
                            problem, count, settings_.restarts)
              : fmt::format("{} has failed ({}) and was restarted {}: giving up its group",
                            word(resource), problem, times(count)),
        {{"HB_GROUP", settings_.group}, {"HB_RESOURCE", word(resource)}, {"HB_REASON", problem}}});
    if (again) {
        out.emplace_back(RunnerTrouble{
            settings_.group, fmt::format("{} failed ({}), restarted {} of {} times", word(resource),
                                         problem, count, settings_.restarts)});
        return begin_restart(resource, out);
    }
    worn_out_ = true;
    problem_ = fmt::format("{}: {}, after {} restart{}", word(resource), problem, count,
                           count == 1 ? "" : "s");
    phase_ = Phase::kUndoing;
    begin_stop(waves_.size(), now, out);
}

// ---- while it is left alone

void GroupRunner::leave_alone(bool on, MonoTime now, std::vector<RunnerAction>& out) {
    left_alone_ = on;
    if (on || ill_.empty()) return;
    for (const auto& [resource, how] : std::exchange(ill_, {}))
        if (monitor_.active()) monitor_.look_again(resource, now);
    out.emplace_back(RunnerTrouble{settings_.group, ""});
}

void GroupRunner::only_say(std::size_t resource, const std::string& problem, MonoTime now,
                           std::vector<RunnerAction>& out) {
    monitor_.look_again(resource, now + settings_.resources[resource].monitor.interval);
    const std::string how = fmt::format("{} has failed ({})", word(resource), problem);
    if (const auto it = ill_.find(resource); it != ill_.end() && it->second == how) return;
    ill_[resource] = how;
    out.emplace_back(Event{
        "resource-failed",
        Level::kError,
        how + " and is left alone: its group is in maintenance",
        {{"HB_GROUP", settings_.group}, {"HB_RESOURCE", word(resource)}, {"HB_REASON", problem}}});
    out.emplace_back(RunnerTrouble{settings_.group, how});
}

void GroupRunner::well_again(std::size_t resource, std::vector<RunnerAction>& out) {
    if (ill_.erase(resource) == 0) return;
    out.emplace_back(Event{"resource-well-again",
                           Level::kInfo,
                           fmt::format("{} runs again", word(resource)),
                           {{"HB_GROUP", settings_.group}, {"HB_RESOURCE", word(resource)}}});
    out.emplace_back(RunnerTrouble{settings_.group, ill_.empty() ? "" : ill_.begin()->second});
}

void GroupRunner::begin_restart(std::size_t resource, std::vector<RunnerAction>& out) {
    end_monitoring(out);
    problem_.clear();
    stop_problem_.clear();
    failed_.clear();
    tries_ = 0;
    restarting_ = resource;
    restarting_alone_ = settings_.resources[resource].alone;
    if (restarting_alone_) {
        phase_ = Phase::kStarting;
        wave_ = wave_of(resource);
        return call(resource, Operation::kStart, out);
    }
    phase_ = Phase::kClearing;
    wave_ = waves_.size() - 1;
    call_wave(Operation::kStop, out);
}

Duration GroupRunner::timeout(std::size_t resource, Operation operation) const {
    const RunnerResource& own = settings_.resources[resource];
    switch (operation) {
        case Operation::kStart:
            return own.start_timeout.value_or(settings_.start_timeout);
        case Operation::kStop:
            return own.stop_timeout.value_or(settings_.stop_timeout);
        case Operation::kStatus:
            return own.status_timeout.value_or(settings_.status_timeout);
    }
    HB_UNREACHABLE();
}

std::size_t GroupRunner::wave_of(std::size_t resource) const {
    const auto found =
        std::ranges::find_if(waves_, [&](const Wave& w) { return resource < w.end; });
    HB_ASSERT(found != waves_.end());
    return static_cast<std::size_t>(found - waves_.begin());
}

void GroupRunner::on_deadline(MonoTime now, std::vector<RunnerAction>& out) {
    ask_for_health(now, out);
    if (!retry_at_ || now < *retry_at_) return;
    retry_at_.reset();
    stop_problem_.clear();  // a later try may fail for another reason, and that one counts
    const std::vector<std::size_t> again = std::exchange(failed_, {});
    for (std::size_t resource : again) {
        out.emplace_back(Event{"resource-stop-retried",
                               Level::kWarn,
                               fmt::format("Retrying failed stop operation [{}]", word(resource)),
                               {{"HB_GROUP", settings_.group}}});
        call(resource, Operation::kStop, out);
    }
}

MonoTime GroupRunner::next_deadline() const {
    return std::min(retry_at_.value_or(kForever), monitor_.next_deadline());
}

void GroupRunner::finish(RunnerDone::Answer answer, bool after_start, MonoTime now,
                         std::vector<RunnerAction>& out) {
    const bool asked = phase_ == Phase::kAsking;
    phase_ = Phase::kIdle;
    HB_ASSERT(waiting_for_.empty());
    HB_ASSERT(!stop_wanted_);
    failed_.clear();
    tries_ = 0;
    restarting_.reset();
    not_changed();
    in_part_ = answer == RunnerDone::Answer::kPartial || answer == RunnerDone::Answer::kFailed;
    out.emplace_back(RunnerDone{settings_.group, answer, after_start,
                                std::exchange(worn_out_, false),
                                answer == RunnerDone::Answer::kFailed ? stop_problem_ : problem_});
    if (answer == RunnerDone::Answer::kRunning) monitor_.begin(now, asked);
    if (std::exchange(ask_wanted_, false)) begin_ask(now, out);
}

std::string GroupRunner::group_line() const {
    std::string line = settings_.preferred;
    for (const RunnerResource& r : settings_.resources)
        line += (line.empty() ? "" : " ") + r.word;
    return line;
}

}  // namespace hb::resource
