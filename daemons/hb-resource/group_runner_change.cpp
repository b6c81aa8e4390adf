// GroupRunner: other resources, by a reload.
#include <fmt/format.h>

#include <string>
#include <utility>

#include "common/base/assert.hpp"
#include "daemons/hb-resource/group_runner.hpp"

namespace hb::resource {

void GroupRunner::change(RunnerSettings settings, const std::vector<bool>& fresh,
                         std::vector<RunnerAction>& out) {
    HB_ASSERT(phase_ == Phase::kIdle && !left_alone_);
    HB_ASSERT(fresh.size() == settings.resources.size());
    const bool it_runs = monitor_.active() || changed_;
    end_monitoring(out);
    settings_ = std::move(settings);
    find_waves();
    monitor_ = make_monitor();
    warned_of_.clear();
    fresh_.clear();
    changed_ = it_runs;
    for (std::size_t i = 0; i < fresh.size(); i++)
        if (it_runs && fresh[i]) fresh_.insert(i);
}

void GroupRunner::complete(MonoTime now, std::vector<RunnerAction>& out) {
    if (!changed_ || phase_ != Phase::kIdle) return;
    if (fresh_.empty()) {
        changed_ = false;
        return monitor_.begin(now, false);
    }
    std::string words;
    for (const std::size_t resource : fresh_)
        words += ' ' + word(resource);
    out.emplace_back(
        Event{"group-completing",
              Level::kInfo,
              fmt::format("Acquiring what is new in resource group {}:{}", settings_.group, words),
              {{"HB_GROUP", settings_.group}}});
    phase_ = Phase::kStarting;
    completing_ = true;
    problem_.clear();
    restarting_.reset();
    call_next_fresh(0, now, out);
}

void GroupRunner::not_changed() {
    changed_ = completing_ = false;
    fresh_.clear();
}

void GroupRunner::call_next_fresh(std::size_t from_wave, MonoTime now,
                                  std::vector<RunnerAction>& out) {
    for (wave_ = from_wave; wave_ < waves_.size(); wave_++) {
        failed_.clear();
        bool any = false;
        for (std::size_t i = waves_[wave_].begin; i < waves_[wave_].end; i++) {
            if (!fresh_.contains(i)) continue;
            call(i, Operation::kStart, out);
            any = true;
        }
        if (any) return;
    }
    finish(RunnerDone::Answer::kRunning, false, now, out);
}

}  // namespace hb::resource
