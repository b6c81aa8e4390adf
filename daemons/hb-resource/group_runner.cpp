#include "daemons/hb-resource/group_runner.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "common/base/assert.hpp"

namespace hb::resource {

GroupRunner::GroupRunner(RunnerSettings settings) : settings_(std::move(settings)) {
    const std::size_t count = settings_.resources.size();
    HB_ASSERT(settings_.together.empty() || settings_.together.size() == count);
    for (std::size_t i = 0; i < count; i++) {
        const bool joins = i > 0 && !settings_.together.empty() && settings_.together[i] &&
                           settings_.together[i - 1];
        if (joins)
            waves_.back().end = i + 1;
        else
            waves_.push_back({i, i + 1});
    }
}

void GroupRunner::start(MonoTime, std::vector<RunnerAction>& out) {
    switch (phase_) {
        case Phase::kIdle:
            begin_start(out);
            return;
        case Phase::kStarting:
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

void GroupRunner::stop(MonoTime, std::vector<RunnerAction>& out) {
    switch (phase_) {
        case Phase::kIdle:
            begin_stop(waves_.size(), out);
            return;
        case Phase::kStarting:
        case Phase::kAsking:
            stop_wanted_ = true;
            start_wanted_ = false;
            return;
        case Phase::kUndoing:  // is one already; its answer still tells that the start had failed
        case Phase::kStopping:
            return;
    }
}

void GroupRunner::ask(MonoTime, std::vector<RunnerAction>& out) {
    if (phase_ == Phase::kIdle)
        begin_ask(out);
    else if (phase_ != Phase::kAsking)
        ask_wanted_ = true;
}

void GroupRunner::begin_start(std::vector<RunnerAction>& out) {
    out.emplace_back(Event{"group-acquiring",
                           Level::kInfo,
                           "Acquiring resource group: " + group_line(),
                           {{"HB_GROUP", settings_.group}}});
    phase_ = Phase::kStarting;
    problem_.clear();
    wave_ = 0;
    if (waves_.empty()) return finish(RunnerDone::Answer::kRunning, true, out);
    call_wave(Operation::kStart, out);
}

// Stops waves [0, last_wave), the last first.
void GroupRunner::begin_stop(std::size_t last_wave, std::vector<RunnerAction>& out) {
    out.emplace_back(Event{"group-releasing",
                           Level::kInfo,
                           "Releasing resource group: " + group_line(),
                           {{"HB_GROUP", settings_.group}}});
    const bool undoing = phase_ == Phase::kUndoing;
    if (!undoing) {
        phase_ = Phase::kStopping;
        problem_.clear();
    }
    stop_wanted_ = false;
    stop_problem_.clear();
    tries_ = 0;
    if (last_wave == 0) return finish(RunnerDone::Answer::kStopped, undoing, out);
    wave_ = last_wave - 1;
    call_wave(Operation::kStop, out);
}

void GroupRunner::begin_ask(std::vector<RunnerAction>& out) {
    phase_ = Phase::kAsking;
    problem_.clear();
    running_ = 0;
    unknown_ = 0;
    wave_ = 0;
    if (waves_.empty()) return finish(RunnerDone::Answer::kStopped, false, out);
    call_wave(Operation::kStatus, out);
}

void GroupRunner::call(std::size_t resource, Operation operation, std::vector<RunnerAction>& out) {
    const Duration timeout = operation == Operation::kStart  ? settings_.start_timeout
                             : operation == Operation::kStop ? settings_.stop_timeout
                                                             : settings_.status_timeout;
    const std::uint64_t id = next_id_++;
    waiting_for_.emplace(id, resource);
    out.emplace_back(RunOperation{id, settings_.group, resource, operation, timeout});
}

// A stop goes right to left within its wave too, so that a batch carries it out in that order.
void GroupRunner::call_wave(Operation operation, std::vector<RunnerAction>& out) {
    const Wave wave = waves_[wave_];
    failed_.clear();
    for (std::size_t i = 0; i < wave.end - wave.begin; i++)
        call(operation == Operation::kStop ? wave.end - 1 - i : wave.begin + i, operation, out);
}

void GroupRunner::handle(const OperationDone& done, MonoTime now, std::vector<RunnerAction>& out) {
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
    const bool stopping = phase_ == Phase::kStopping || phase_ == Phase::kUndoing;
    std::string& problem = stopping ? stop_problem_ : problem_;
    if (problem.empty())
        problem = fmt::format("{}: {}", settings_.resources[resource],
                              done.detail.empty() ? to_string(done.outcome) : done.detail);
}

void GroupRunner::wave_ended(MonoTime now, std::vector<RunnerAction>& out) {
    switch (phase_) {
        case Phase::kStarting:
            return start_wave_ended(out);
        case Phase::kStopping:
        case Phase::kUndoing:
            return stop_wave_ended(now, out);
        case Phase::kAsking:
            return ask_wave_ended(out);
        case Phase::kIdle:
            HB_UNREACHABLE();
    }
}

void GroupRunner::start_wave_ended(std::vector<RunnerAction>& out) {
    if (!failed_.empty()) {
        out.emplace_back(Event{"resource-start-failed",
                               Level::kCrit,
                               fmt::format("Giving up resources due to failure of {}",
                                           settings_.resources[failed_.front()]),
                               {{"HB_GROUP", settings_.group}, {"HB_REASON", problem_}}});
        phase_ = Phase::kUndoing;
        return begin_stop(wave_ + 1, out);
    }
    if (stop_wanted_) return begin_stop(wave_ + 1, out);
    if (++wave_ == waves_.size()) return finish(RunnerDone::Answer::kRunning, true, out);
    call_wave(Operation::kStart, out);
}

void GroupRunner::stop_wave_ended(MonoTime now, std::vector<RunnerAction>& out) {
    if (failed_.empty()) {
        tries_ = 0;
        if (wave_ == 0) return finish(RunnerDone::Answer::kStopped, phase_ == Phase::kUndoing, out);
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
                            settings_.resources[resource], settings_.group),
                {{"HB_GROUP", settings_.group}, {"HB_REASON", stop_problem_}}});
        return finish(RunnerDone::Answer::kFailed, phase_ == Phase::kUndoing, out);
    }
    retry_at_ = now + settings_.stop_retry_delay;
}

void GroupRunner::ask_wave_ended(std::vector<RunnerAction>& out) {
    failed_.clear();
    if (stop_wanted_) return begin_stop(waves_.size(), out);
    if (std::exchange(start_wanted_, false)) return begin_start(out);
    if (++wave_ < waves_.size()) return call_wave(Operation::kStatus, out);
    using Answer = RunnerDone::Answer;
    if (running_ == settings_.resources.size()) return finish(Answer::kRunning, false, out);
    if (running_ == 0 && unknown_ == 0) return finish(Answer::kStopped, false, out);
    if (problem_.empty())
        problem_ = fmt::format("{} of {} resources run", running_, settings_.resources.size());
    finish(Answer::kPartial, false, out);
}

void GroupRunner::on_deadline(MonoTime now, std::vector<RunnerAction>& out) {
    if (!retry_at_ || now < *retry_at_) return;
    retry_at_.reset();
    stop_problem_.clear();  // a later try may fail for another reason, and that one counts
    const std::vector<std::size_t> again = std::exchange(failed_, {});
    for (std::size_t resource : again) {
        out.emplace_back(
            Event{"resource-stop-retried",
                  Level::kWarn,
                  fmt::format("Retrying failed stop operation [{}]", settings_.resources[resource]),
                  {{"HB_GROUP", settings_.group}}});
        call(resource, Operation::kStop, out);
    }
}

MonoTime GroupRunner::next_deadline() const {
    return retry_at_.value_or(kForever);
}

void GroupRunner::finish(RunnerDone::Answer answer, bool after_start,
                         std::vector<RunnerAction>& out) {
    phase_ = Phase::kIdle;
    HB_ASSERT(waiting_for_.empty());
    HB_ASSERT(!stop_wanted_);
    failed_.clear();
    tries_ = 0;
    out.emplace_back(RunnerDone{settings_.group, answer, after_start,
                                answer == RunnerDone::Answer::kFailed ? stop_problem_ : problem_});
    if (std::exchange(ask_wanted_, false)) begin_ask(out);
}

std::string GroupRunner::group_line() const {
    const std::string words = fmt::format("{}", fmt::join(settings_.resources, " "));
    return settings_.preferred.empty() ? words : settings_.preferred + " " + words;
}

const char* to_string(Operation operation) {
    switch (operation) {
        case Operation::kStart:
            return "start";
        case Operation::kStop:
            return "stop";
        case Operation::kStatus:
            return "status";
    }
    return "?";
}

const char* to_string(OperationDone::Outcome outcome) {
    switch (outcome) {
        case OperationDone::Outcome::kOk:
            return "ok";
        case OperationDone::Outcome::kRunning:
            return "running";
        case OperationDone::Outcome::kNotRunning:
            return "not running";
        case OperationDone::Outcome::kFailed:
            return "failed";
        case OperationDone::Outcome::kTimeout:
            return "timed out";
    }
    return "?";
}

const char* to_string(RunnerDone::Answer answer) {
    switch (answer) {
        case RunnerDone::Answer::kRunning:
            return "running";
        case RunnerDone::Answer::kStopped:
            return "stopped";
        case RunnerDone::Answer::kPartial:
            return "partly running";
        case RunnerDone::Answer::kFailed:
            return "failed";
    }
    return "?";
}

}  // namespace hb::resource
