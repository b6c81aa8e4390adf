// FenceCore: wishes, tries, levels, confirmations. Requests and checks: fence_core_desk.cpp.
#include "daemons/hb-fence/fence_core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/base/assert.hpp"

namespace hb::fence {

namespace {

Event event(Level level, std::string id, const std::string& node, std::string text,
            std::string reason = {}) {
    Event e{.id = std::move(id), .level = level, .text = std::move(text), .fields = {}};
    e.fields.emplace_back("HB_NODE", node);
    if (!reason.empty()) e.fields.emplace_back("HB_REASON", std::move(reason));
    return e;
}

}  // namespace

const char* to_string(AgentAction action) {
    switch (action) {
        case AgentAction::kOff:
            return "off";
        case AgentAction::kStatus:
            return "status";
        case AgentAction::kOn:
            return "on";
        case AgentAction::kMonitor:
            return "monitor";
    }
    HB_UNREACHABLE();
}

FenceCore::FenceCore(FenceSettings settings, MonoTime now) : settings_(std::move(settings)) {
    devices_.resize(settings_.fencing.devices.size());
    if (settings_.fencing.check == Duration::zero()) return;
    for (std::size_t d = 0; d < devices_.size(); d++) {
        const bool ours = std::ranges::any_of(device(d).targets, [&](const auto& t) {
            return device(d).serves(settings_.self, t.node);
        });
        if (ours && !device(d).is_human()) devices_[d].check_at = now + settings_.first_check;
    }
}

void FenceCore::handle(const FenceInput& input, MonoTime now, Out& out) {
    std::visit([&](const auto& in) { on(in, now, out); }, input);
    step(now, out);
}

void FenceCore::on_deadline(MonoTime now, Out& out) {
    step(now, out);
}

MonoTime FenceCore::next_deadline() const {
    MonoTime t = kForever;
    for (const auto& [node, job] : jobs_)
        if (job.stage == Stage::kPause) t = std::min(t, job.until);
    for (const Device& d : devices_)
        if (!d.call) t = std::min(t, d.check_at);
    return t;
}

void FenceCore::greet(Out& out) const {
    for (const auto& [node, job] : jobs_)
        out.emplace_back(state_of(job));
    out.emplace_back(ipc::FenceDeviceTrouble{trouble_});
}

ipc::FenceState FenceCore::state_of(const Job& job) const {
    ipc::FenceState state{.peer = job.wish.peer,
                          .generation = job.wish.generation,
                          .phase = ipc::FencePhase::kTrying,
                          .failed = job.failed,
                          .text = job.problem};
    if (job.stage == Stage::kPause) state.phase = ipc::FencePhase::kWaiting;
    if (job.stage == Stage::kConfirmed) {
        state.phase = ipc::FencePhase::kConfirmed;
        state.text = job.confirmed_by;
    }
    return state;
}

// ---- wishes

void FenceCore::on(const ipc::FenceWishes& in, MonoTime now, Out& out) {
    for (auto it = jobs_.begin(); it != jobs_.end();) {
        Job& job = it->second;
        const auto wish = std::ranges::find(in.wishes, it->first, &ipc::FenceWish::peer);
        const bool goes_on = wish != in.wishes.end() && wish->generation == job.wish.generation;
        if (!goes_on) {
            if (job.stage != Stage::kConfirmed)
                out.emplace_back(
                    event(Level::kInfo, "fencing-ended", name_of(it->first),
                          fmt::format("{} need not be switched off any more", name_of(it->first))));
            abandon(job, out);
        }
        it = goes_on ? std::next(it) : jobs_.erase(it);
    }
    for (const ipc::FenceWish& wish : in.wishes) {
        if (wish.peer == settings_.self || rank(wish.peer) >= settings_.node_names.size()) continue;
        const auto [at, is_new] = jobs_.try_emplace(wish.peer);
        Job& job = at->second;
        job.wish = wish;
        if (is_new) {
            Duration delay = wish.delay;
            for (std::size_t d = 0; d < devices_.size(); d++)
                if (device(d).serves(settings_.self, wish.peer))
                    delay = std::max(delay, device(d).delay);
            job.until = now + delay;
            out.emplace_back(event(
                Level::kWarn, "fencing-wanted", name_of(wish.peer),
                fmt::format("{} has to be switched off{}: {}", name_of(wish.peer),
                            delay > Duration::zero() ? fmt::format(", in {}", hb::to_string(delay))
                                                     : std::string(),
                            wish.why),
                wish.why));
        }
        out.emplace_back(state_of(job));
    }
}

void FenceCore::abandon(Job& job, Out& out) {
    if (!job.call) return;
    calls_.at(*job.call).abandoned = true;
    out.emplace_back(KillAgent{*job.call});
    job.call.reset();
}

// ---- one try: level by level

void FenceCore::begin_try(Job& job, MonoTime now, Out& out) {
    job.level = 0;
    job.devices.clear();
    next_level(job, now, out);
    out.emplace_back(state_of(job));
}

void FenceCore::next_level(Job& job, MonoTime now, Out& out) {
    while (true) {
        unsigned next = 0;
        for (const config::FenceDevice& d : settings_.fencing.devices)
            if (d.serves(settings_.self, job.wish.peer) && d.level > job.level &&
                (next == 0 || d.level < next))
                next = d.level;
        if (next == 0) return try_failed(job, now, out);
        job.level = next;
        job.devices.clear();
        bool human = false;
        for (std::size_t d = 0; d < devices_.size(); d++) {
            if (device(d).level != next || !device(d).serves(settings_.self, job.wish.peer))
                continue;
            human = human || device(d).is_human();
            job.devices.push_back(d);
        }
        if (human) {
            ask_human(job, out);
            continue;  // nobody waits here: a device may work again before the human comes
        }
        job.stage = Stage::kOff;
        return;
    }
}

void FenceCore::ask_human(Job& job, Out& out) {
    const std::string& node = name_of(job.wish.peer);
    if (job.problem.empty())
        job.problem = fmt::format("waiting for a human: hactl fence confirm {}", node);
    if (job.human_asked) return;
    job.human_asked = true;
    out.emplace_back(event(Level::kCrit, "operator-needed", node,
                           fmt::format("OPERATOR INTERVENTION REQUIRED to reset {}. Run \"hactl "
                                       "fence confirm {}\" AFTER switching it off.",
                                       node, node)));
}

void FenceCore::try_failed(Job& job, MonoTime now, Out& out) {
    const std::string& node = name_of(job.wish.peer);
    const auto doublings = std::min(job.failed, 16U);
    const Duration pause =
        std::min<Duration>(settings_.first_pause * (1U << doublings), settings_.longest_pause);
    job.failed++;
    job.stage = Stage::kPause;
    job.until = now + pause;
    job.devices.clear();
    if (job.problem.empty()) job.problem = "no device for it";
    // With humans alone there is nothing that could fail.
    const bool only_humans =
        std::ranges::none_of(settings_.fencing.devices, [&](const config::FenceDevice& d) {
            return !d.is_human() && d.serves(settings_.self, job.wish.peer);
        });
    if (!only_humans)
        out.emplace_back(event(Level::kError, "fencing-failed", node,
                               fmt::format("STONITH of {} failed.  Retrying in {} (try {}: {})",
                                           node, hb::to_string(pause), job.failed, job.problem),
                               job.problem));
    out.emplace_back(state_of(job));
}

void FenceCore::call_of_job(Job& job, const Call& call, const CallDone& done, MonoTime now,
                            Out& out) {
    if (job.stage == Stage::kOff) {
        // It may be off all the same: the status decides.
        job.off_said = done.outcome == Outcome::kDone ? std::string() : done.text;
        job.stage = Stage::kStatus;
        return;
    }
    const std::string& type = device(call.device).type;
    if (done.outcome == Outcome::kOff) {
        std::erase(job.devices, call.device);
        job.stage = Stage::kOff;
        if (job.devices.empty()) {
            // All of one level, as two power supplies: the last one is named.
            if (settings_.fencing.action == config::FenceAction::kReboot)
                for (std::size_t d = 0; d < devices_.size(); d++)
                    if (device(d).level == job.level &&
                        device(d).serves(settings_.self, job.wish.peer))
                        power_on_.push_back({d, job.wish.peer});
            confirmed(job, type, now, out);
        }
        return;
    }
    std::string why = !job.off_said.empty() ? job.off_said
                      : done.outcome == Outcome::kDone
                          ? std::string("it is still on after it was switched off")
                          : done.text;
    device_failed(job, call.device, std::move(why), now, out);
}

void FenceCore::device_failed(Job& job, std::size_t d, std::string why, MonoTime now, Out& out) {
    const std::string& node = name_of(job.wish.peer);
    job.problem = fmt::format("{}: {}", device(d).type, why);
    out.emplace_back(
        event(Level::kError, "device-failed", node,
              fmt::format("Host {} not reset! [{}] says: {}", node, device(d).type, why), why));
    remember(job.wish.peer, false, device(d).type, std::move(why), now);
    next_level(job, now, out);
    if (job.stage != Stage::kPause) out.emplace_back(state_of(job));
}

void FenceCore::confirmed(Job& job, std::string by, MonoTime now, Out& out) {
    const std::string& node = name_of(job.wish.peer);
    abandon(job, out);
    job.stage = Stage::kConfirmed;
    job.confirmed_by = std::move(by);
    job.devices.clear();
    out.emplace_back(event(
        Level::kWarn, "fenced", node,
        fmt::format("node {} now reset. It is off, confirmed by {}", node, job.confirmed_by)));
    remember(job.wish.peer, true, job.confirmed_by, "off", now);
    out.emplace_back(state_of(job));
}

// ---- calls

bool FenceCore::is_free(std::size_t d, Out& out) {
    if (!devices_[d].call) return true;
    // A check gives way to what matters.
    Call& call = calls_.at(*devices_[d].call);
    if (call.action == AgentAction::kMonitor && !call.abandoned) {
        call.abandoned = true;
        out.emplace_back(KillAgent{*devices_[d].call});
    }
    return false;
}

void FenceCore::run(std::size_t d, AgentAction action, std::optional<NodeId> target,
                    std::optional<std::uint64_t> test, std::optional<std::uint64_t>& slot,
                    Out& out) {
    const std::uint64_t id = next_call_++;
    calls_[id] = {d, action, target, test, false};
    devices_[d].call = id;
    slot = id;
    out.emplace_back(RunAgent{id, d, action, target});
}

void FenceCore::on(const CallDone& in, MonoTime now, Out& out) {
    const auto it = calls_.find(in.call);
    if (it == calls_.end()) return;
    const Call call = it->second;
    calls_.erase(it);
    devices_.at(call.device).call.reset();
    if (call.action == AgentAction::kMonitor) return call_of_check(call, in, now, out);
    if (call.test) return call_of_test(call, in, out);
    if (call.action == AgentAction::kOn) {
        const std::string& node = name_of(*call.target);
        const bool good = in.outcome == Outcome::kDone;
        out.emplace_back(event(
            good ? Level::kInfo : Level::kError, good ? "switched-on" : "not-switched-on", node,
            good ? fmt::format("{} is switched on again by [{}]", node, device(call.device).type)
                 : fmt::format("{} could not be switched on again: [{}] says: {}", node,
                               device(call.device).type, in.text)));
        return;
    }
    if (call.abandoned) return;
    const auto job = jobs_.find(*call.target);
    if (job == jobs_.end() || job->second.call != in.call) return;
    job->second.call.reset();
    call_of_job(job->second, call, in, now, out);
}

void FenceCore::step(MonoTime now, Out& out) {
    for (auto& [node, job] : jobs_) {
        if (job.stage == Stage::kPause && now >= job.until) begin_try(job, now, out);
        if ((job.stage != Stage::kOff && job.stage != Stage::kStatus) || job.call) continue;
        const std::size_t d = job.devices.front();
        if (!is_free(d, out)) continue;
        const bool off = job.stage == Stage::kOff;
        if (off)
            out.emplace_back(
                event(Level::kInfo, "fencing", name_of(node),
                      fmt::format("Resetting node {} with [{}]", name_of(node), device(d).type)));
        run(d, off ? AgentAction::kOff : AgentAction::kStatus, node, std::nullopt, job.call, out);
    }
    std::optional<std::uint64_t> nobody;
    for (Test& test : tests_) {
        if (test.under_way || test.devices.empty() || !is_free(test.devices.front(), out)) continue;
        test.under_way = true;
        run(test.devices.front(), AgentAction::kStatus, test.target, test.id, nobody, out);
    }
    std::erase_if(power_on_, [&](const PowerOn& p) {
        if (!is_free(p.device, out)) return false;
        run(p.device, AgentAction::kOn, p.target, std::nullopt, nobody, out);
        return true;
    });
    for (std::size_t d = 0; d < devices_.size(); d++) {
        if (devices_[d].call || now < devices_[d].check_at) continue;
        devices_[d].check_at = kForever;
        run(d, AgentAction::kMonitor, std::nullopt, std::nullopt, nobody, out);
    }
}

}  // namespace hb::fence
