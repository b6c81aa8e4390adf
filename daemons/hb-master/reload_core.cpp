#include "daemons/hb-master/reload_core.hpp"

#include <fmt/format.h>

#include <utility>

#include "common/base/assert.hpp"

namespace hb::master {

void ReloadCore::begin(const std::set<Program>& programs, std::set<Program> replaced, MonoTime now,
                       Out& out) {
    HB_ASSERT(!busy());
    HB_ASSERT(programs.contains(Program::kResource));
    only_asked_ = false;
    phase_ = Phase::kPreparing;
    programs_ = waiting_ = programs;
    replaced_ = std::move(replaced);
    HB_ASSERT(!replaced_.contains(Program::kResource));
    deadline_ = now + kPrepareWithin;
    for (const Program program : programs_)
        out.emplace_back(SendSettings{program});
}

void ReloadCore::ask_only(const std::set<Program>& programs, MonoTime now, Out& out) {
    begin(programs, {}, now, out);
    only_asked_ = true;
}

void ReloadCore::prepared(Program program, const std::string& problem, MonoTime now, Out& out) {
    // A channel keeps the order: first comes what was asked first.
    if (const auto old = unanswered_.find(program); old != unanswered_.end()) {
        if (--old->second == 0) unanswered_.erase(old);
        return;
    }
    if (phase_ != Phase::kPreparing || waiting_.erase(program) == 0) return;
    if (!problem.empty())
        return abandon(false, fmt::format("{} cannot have it: {}", to_string(program), problem),
                       out);
    if (!waiting_.empty()) return;
    if (only_asked_) return abandon(true, {}, out);
    phase_ = Phase::kFirst;
    waiting_ = {Program::kResource};
    deadline_ = now + kAdoptWithin;
    out.emplace_back(SendCommit{Program::kResource});
}

void ReloadCore::adopted(Program program, MonoTime now, Out& out) {
    one_less(program, now, out);
}

void ReloadCore::died(Program program, MonoTime now, Out& out) {
    unanswered_.erase(program);
    if (phase_ == Phase::kPreparing && programs_.contains(program)) {
        programs_.erase(program);
        return abandon(false, fmt::format("{} died meanwhile", to_string(program)), out);
    }
    // Its successor may be started before the new ones are in force.
    if (phase_ == Phase::kFirst && program != Program::kResource && programs_.contains(program))
        outdated_.insert(program);
    programs_.erase(program);
    one_less(program, now, out);
}

void ReloadCore::one_less(Program program, MonoTime now, Out& out) {
    if (phase_ != Phase::kFirst && phase_ != Phase::kRest) return;
    if (waiting_.erase(program) == 0 || !waiting_.empty()) return;
    if (phase_ == Phase::kRest) return replace(now, out);
    phase_ = Phase::kRest;
    deadline_ = now + kAdoptWithin;
    out.emplace_back(SettingsInForce{});
    for (const Program other : std::exchange(outdated_, {}))
        out.emplace_back(KillSlow{other});
    waiting_ = programs_;
    waiting_.erase(Program::kResource);
    for (const Program other : replaced_)
        waiting_.erase(other);
    for (const Program other : waiting_)
        out.emplace_back(SendCommit{other});
    if (waiting_.empty()) replace(now, out);
}

void ReloadCore::stop(Out& out) {
    if (phase_ == Phase::kPreparing) abandon(false, "the suite is stopping", out);
}

void ReloadCore::on_deadline(MonoTime now, Out& out) {
    if (now < deadline_) return;
    if (phase_ == Phase::kPreparing)
        return abandon(false, fmt::format("{} does not answer", to_string(*waiting_.begin())), out);
    if (phase_ == Phase::kReplacing) return end(out);  // they have the new ones whenever they come
    deadline_ = kForever;                              // their deaths end it
    for (const Program program : waiting_)
        out.emplace_back(KillSlow{program});
}

void ReloadCore::abandon(bool ok, std::string why, Out& out) {
    for (const Program program : waiting_)
        if (programs_.contains(program)) ++unanswered_[program];
    for (const Program program : programs_)
        out.emplace_back(SendAbandon{program});
    phase_ = Phase::kIdle;
    deadline_ = kForever;
    waiting_.clear();
    programs_.clear();
    out.emplace_back(ReloadEnded{ok, std::move(why)});
}

// It is over when they are back: the next reload finds all there.
void ReloadCore::replace(MonoTime now, Out& out) {
    phase_ = Phase::kReplacing;
    deadline_ = now + kAdoptWithin;
    for (const Program program : replaced_)
        if (programs_.contains(program)) waiting_.insert(program);
    for (const Program program : waiting_)
        out.emplace_back(Replace{program});
    if (waiting_.empty()) end(out);
}

void ReloadCore::ready(Program program, Out& out) {
    if (phase_ != Phase::kReplacing || waiting_.erase(program) == 0) return;
    if (waiting_.empty()) end(out);
}

void ReloadCore::end(Out& out) {
    phase_ = Phase::kIdle;
    deadline_ = kForever;
    waiting_.clear();
    programs_.clear();
    out.emplace_back(ReloadEnded{true, {}});
}

}  // namespace hb::master
