#include "tests/sim/sim_kernel.hpp"

#include <algorithm>

namespace hb::sim {

using resource::Operation;
using resource::OperationDone;

SimKernel::SimKernel(World& world, const ClusterConfig& config, std::string who, Changed changed,
                     LeftAlone left_alone)
    : world_(world),
      config_(config),
      who_(std::move(who)),
      changed_(std::move(changed)),
      left_alone_(std::move(left_alone)),
      address_changed_(config.groups.size()),
      faults_(config.groups.size()),
      bad_call_(config.groups.size(), WorldTime(-24h)),
      bad_status_(config.groups.size(), WorldTime(-24h)) {
    for (const GroupSpec& group : config.groups) {
        up_.emplace_back(group.resources, false);
        deaths_.emplace_back(group.resources, WorldTime(-24h));
    }
}

bool SimKernel::any_up(std::size_t group) const {
    return std::ranges::any_of(up_.at(group), [](bool up) { return up; });
}
bool SimKernel::all_up(std::size_t group) const {
    return std::ranges::all_of(up_.at(group), [](bool up) { return up; });
}
bool SimKernel::address_up(std::size_t group) const {
    return config_.groups.at(group).has_address && up_.at(group).front();
}
bool SimKernel::answers_for(const IpAddress& address) const {
    for (std::size_t g = 0; g < up_.size(); g++)
        if (address_up(g) && config_.groups[g].address == address) return true;
    return false;
}
bool SimKernel::start_under_way(std::size_t group) const {
    return std::ranges::any_of(calls_, [&](const Call& c) {
        return c.group == group && c.operation == Operation::kStart && c.effective;
    });
}
bool SimKernel::call_under_way(std::size_t group) const {
    return std::ranges::any_of(calls_, [&](const Call& c) { return c.group == group; });
}
bool SimKernel::change_under_way(std::size_t group) const {
    return std::ranges::any_of(calls_, [&](const Call& c) {
        return c.group == group && c.operation != Operation::kStatus;
    });
}
bool SimKernel::any_fault() const {
    return std::ranges::any_of(faults_, [](const AgentFaults& f) { return f.any(); });
}

void SimKernel::set(std::size_t group, std::size_t resource, bool up) {
    if (up_.at(group).at(resource) == up) return;
    up_[group][resource] = up;
    const bool address = config_.groups[group].has_address && resource == 0;
    if (address) address_changed_[group] = world_.now();
    world_.say(who_, "{} of group {} is {}", address ? "address" : "service",
               config_.groups[group].name, up ? "up" : "down");
    changed_(group);
}

SimKernel::Call* SimKernel::find(std::uint64_t number) {
    for (Call& c : calls_)
        if (c.number == number) return &c;
    return nullptr;
}

void SimKernel::run(const resource::RunOperation& operation, Done done) {
    const std::size_t group = config_.group_index(operation.group);
    Prng& prng = world_.prng();
    const AgentTimes& times = config_.agents;
    Call call{.number = next_call_++,
              .group = group,
              .resource = operation.resource,
              .operation = operation.operation,
              .effective = true,
              .result = {.id = operation.id, .outcome = OperationDone::Outcome::kOk, .detail = {}},
              .done = std::move(done)};
    const AgentFaults faults = take_faults(call);
    const Delay& length = operation.operation == Operation::kStart  ? times.start
                          : operation.operation == Operation::kStop ? times.stop
                                                                    : times.status;
    Duration end = length.draw(prng);
    if (operation.operation == Operation::kStatus) {
        call.effective = false;
        if (faults.status_fails) call.result.outcome = OperationDone::Outcome::kFailed;
        if (faults.status_hangs) end = operation.timeout + 1ms;
    } else if (faults.hangs) {
        call.effective = prng.chance(300);
        end = operation.timeout + 1ms;
    } else if (operation.operation == Operation::kStart && faults.start_fails) {
        call.effective = prng.chance(300);
        call.result.outcome = OperationDone::Outcome::kFailed;
    } else if (operation.operation == Operation::kStop && faults.stop_fails &&
               up_[group][operation.resource]) {
        call.effective = false;
        call.result.outcome = OperationDone::Outcome::kFailed;
    }
    if (end > operation.timeout) {
        end = operation.timeout;
        call.result.outcome = OperationDone::Outcome::kTimeout;
    }
    const Duration effect = prng.between(Duration::zero(), end);
    const std::uint64_t number = call.number;
    if (call.result.outcome != OperationDone::Outcome::kOk) {
        bad_call_[group] = world_.now() + end;
        if (operation.operation == Operation::kStatus) bad_status_[group] = world_.now() + end;
    }
    calls_.push_back(std::move(call));
    if (operation.operation == Operation::kStart) changed_(group);
    plan(number, effect, end);
}

// What is wrong with this call; a fault that repairs itself is used up.
AgentFaults SimKernel::take_faults(const Call& call) {
    AgentFaults& all = faults_[call.group];
    if (all.only && *all.only != call.resource) return {};
    const bool status = call.operation == Operation::kStatus;
    const bool hit = status
                         ? all.status_fails || all.status_hangs
                         : all.hangs || (call.operation == Operation::kStart && all.start_fails) ||
                               (call.operation == Operation::kStop && all.stop_fails);
    const AgentFaults now = all;
    if (hit && all.times && --*all.times == 0) all = {};
    return hit ? now : AgentFaults{};
}

// Time goes on while a host is frozen; its agents do not.
void SimKernel::later(Duration delay, std::function<void()> what) {
    world_.after(delay, [this, boot = boot_, what = std::move(what)]() mutable {
        if (boot != boot_) return;
        if (frozen_)
            when_thawed_.push_back(std::move(what));
        else
            what();
    });
}

void SimKernel::plan(std::uint64_t number, Duration effect, Duration end) {
    later(effect, [this, number] { take_effect(number); });
    later(end, [this, number] { finish(number); });
}

void SimKernel::take_effect(std::uint64_t number) {
    Call* call = find(number);
    if (call == nullptr || !call->effective) return;
    call->effective = false;
    set(call->group, call->resource, call->operation == Operation::kStart);
}

void SimKernel::finish(std::uint64_t number) {
    Call* found = find(number);
    if (found == nullptr) return;
    take_effect(number);
    Call call = std::move(*found);
    std::erase_if(calls_, [&](const Call& c) { return c.number == number; });
    if (call.operation == Operation::kStatus && call.result.outcome == OperationDone::Outcome::kOk)
        call.result.outcome = up_[call.group][call.resource] ? OperationDone::Outcome::kRunning
                                                             : OperationDone::Outcome::kNotRunning;
    changed_(call.group);
    call.done(call.result);
}

void SimKernel::kill_calls() {
    if (!calls_.empty()) world_.say(who_, "{} unfinished agent calls killed", calls_.size());
    calls_.clear();
    for (std::size_t g = 0; g < up_.size(); g++)
        changed_(g);
}

void SimKernel::set_frozen(bool frozen) {
    frozen_ = frozen;
    if (frozen) return;
    std::vector<std::function<void()>> due;
    due.swap(when_thawed_);
    for (auto& what : due)
        later(world_.prng().between(0us, 300us), std::move(what));
}

void SimKernel::clear_faults(bool keep_start_failures) {
    for (AgentFaults& f : faults_)
        f = AgentFaults{.start_fails = f.start_fails && keep_start_failures};
}

void SimKernel::dies(std::size_t group, std::size_t resource) {
    if (frozen_ || !up_.at(group).at(resource)) return;
    world_.say(who_, "resource {} of group {} DIES", resource, config_.groups[group].name);
    deaths_[group][resource] = world_.now();
    set(group, resource, false);
}

void SimKernel::power_off() {
    boot_++;
    frozen_ = false;
    when_thawed_.clear();
    calls_.clear();
    for (std::size_t g = 0; g < up_.size(); g++)
        for (std::size_t r = 0; r < up_[g].size(); r++)
            if (up_[g][r]) {
                up_[g][r] = false;
                address_changed_[g] = world_.now();
            }
}

void SimKernel::clean_up(std::function<void()> then) {
    kill_calls();
    clean_up_next(0, up_.empty() ? 0 : up_.front().size(), ++clean_ups_, then);
}

void SimKernel::clean_up_next(std::size_t group, std::size_t resources_left, std::uint64_t number,
                              const std::function<void()>& then) {
    if (group >= up_.size()) {
        then();
        return;
    }
    // What cannot be stopped keeps its address: the group is left as it is.
    const bool stuck = faults_[group].stop_fails || faults_[group].hangs;
    if (resources_left == 0 || (stuck && any_up(group)) || (left_alone_ && left_alone_(group))) {
        const std::size_t next = group + 1;
        clean_up_next(next, next < up_.size() ? up_[next].size() : 0, number, then);
        return;
    }
    later(config_.agents.stop.draw(world_.prng()), [this, group, resources_left, number, then] {
        if (number != clean_ups_) return;
        set(group, resources_left - 1, false);
        clean_up_next(group, resources_left - 1, number, then);
    });
}

}  // namespace hb::sim
