#include "daemons/hb-resource/group_agents.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "common/base/assert.hpp"
#include "common/config/address_spec.hpp"
#include "common/config/monitoring.hpp"
#include "common/config/script_environment.hpp"
#include "common/runtime/system_clock.hpp"
#include "daemons/hb-resource/script_rules.hpp"

namespace hb::resource {

namespace {

// After a change of links or routes: they come in bursts.
constexpr Duration kPlacesPause = 50ms;
// Between two times that results are told. To publish those of two hundred groups takes as long.
constexpr Duration kTellPause = 5ms;

// Does its status keep a contract? Of scripts that is not known.
bool is_trusted(const config::Resource& resource, const config::AgentDirectories& directories) {
    const auto found = config::find_agent(resource, directories);
    return found && found->kind != config::AgentKind::kScript;
}

}  // namespace

GroupAgents::GroupAgents(runtime::EventLoop& loop, const config::Settings& settings,
                         const Spec& spec, Callbacks callbacks)
    : loop_(loop),
      callbacks_(std::move(callbacks)),
      spec_(spec),
      directories_(spec.directories),
      scripts_(loop, config::script_environment(settings, spec.self, spec.config_dir),
               spec.cgroup_tree,
               {.on_done = [this](const OperationDone& done) noexcept { answer(done); },
                .on_event = [this](const Event& event) noexcept { callbacks_.on_event(event); },
                .call_started =
                    [this](pid_t pid, std::uint32_t cgroup) noexcept {
                        return callbacks_.call_started(pid, cgroup);
                    },
                .call_finished = [this](pid_t pid) noexcept { callbacks_.call_finished(pid); }}),
      units_(loop,
             {.on_done = [this](const OperationDone& done) noexcept { answer(done); },
              .on_event = [this](const Event& event) noexcept { callbacks_.on_event(event); }}),
      ping_ways_(settings.pings),
      work_(loop, [this]() noexcept { work(); }),
      tell_timer_(loop, [this]() noexcept { tell(); }),
      runner_timer_(loop, [this]() noexcept { wake_runners(); }),
      places_timer_(loop, [this]() noexcept { look_at_places(); }) {
    for (const config::Group& group : settings.groups)
        add(settings, group, make_resources(group));
    for (const config::Group& group : spec.retired) {
        const auto whole = std::ranges::find_if(settings.groups, [&](const config::Group& g) {
            return removed_part(g.name) == group.name;
        });
        add(settings, group, make_resources(group),
            whole == settings.groups.end() ? GroupName() : whole->name);
    }
}

RunnerSettings GroupAgents::runner_settings(const config::Settings& settings,
                                            const config::Group& group) const {
    RunnerSettings runner = spec_.limits;
    runner.group = group.name;
    runner.preferred = settings.node_name(group.preferred);
    runner.restarts = settings.monitoring.restarts;
    runner.restart_window = settings.monitoring.restart_window;
    for (const config::Resource& resource : group.resources) {
        const bool is_address = config::address_of(resource).has_value();
        const config::CallTimes times = config::call_times(settings, resource);
        runner.resources.push_back(
            {.word = resource.word,
             .together = is_address,
             .alone = is_address,
             .monitor = {.interval = config::monitor_interval(settings.monitoring, resource),
                         .trusted = is_trusted(resource, directories_)},
             .start_timeout = times.start,
             .stop_timeout = times.stop,
             .status_timeout = times.status});
    }
    return runner;
}

void GroupAgents::configure(const config::Settings& settings, bool other_ping_nodes) {
    scripts_.set_environment(config::script_environment(settings, spec_.self, spec_.config_dir));
    for (const config::Group& group : settings.groups)
        if (const auto known = groups_.find(group.name);
            known != groups_.end() && !known->second.released)
            known->second.runner->configure(runner_settings(settings, group), runtime::now());
    arm_timer();
    if (other_ping_nodes) ping_ways_ = PingWays(settings.pings);
    look_at_places();
}

GroupAgents::~GroupAgents() = default;

Result<std::unique_ptr<GroupAgents>> GroupAgents::open(runtime::EventLoop& loop,
                                                       const config::Settings& settings,
                                                       const Spec& spec, Callbacks callbacks) {
    std::unique_ptr<GroupAgents> agents(
        new GroupAgents(loop, settings, spec, std::move(callbacks)));
    GroupAgents* const self = agents.get();
    auto addresses = AddressService::open(
        loop,
        {.on_done =
             [self](const AddressDone& done) noexcept {
                 self->answer({done.id, done.outcome, done.detail});
             },
         .on_event = [self](const Event& event) noexcept { self->callbacks_.on_event(event); },
         .on_change =
             [self]() noexcept {
                 // Of a thousand addresses that come or go, no link changes.
                 if (self->addresses_ &&
                     self->addresses_->kernel().links_version() != self->links_seen_)
                     self->look_at_carrier();
                 if (self->places_timer_.armed() == kForever)
                     self->places_timer_.arm(runtime::now() + kPlacesPause);
             },
         .on_synced = [self]() noexcept { self->look_at_places(); }});
    if (!addresses) return std::unexpected(addresses.error());
    agents->addresses_ = std::move(*addresses);
    if (auto done = agents->watch_mounts(); !done) return std::unexpected(done.error());
    return agents;
}

void GroupAgents::start(const GroupName& group) {
    std::vector<RunnerAction> actions;
    groups_.at(group).runner->start(runtime::now(), actions);
    carry_out(actions);
}

void GroupAgents::stop(const GroupName& group) {
    // A result that nobody was told yet is overtaken: the stop has its own answer, and to hear
    // "stopped" before it would be too early.
    std::erase_if(results_, [&](const News& news) {
        const auto* done = std::get_if<RunnerDone>(&news);
        return done != nullptr && done->group == group;
    });
    std::vector<RunnerAction> actions;
    groups_.at(group).runner->stop(runtime::now(), actions);
    carry_out(actions);
}

void GroupAgents::ask(const GroupName& group) {
    std::vector<RunnerAction> actions;
    groups_.at(group).runner->ask(runtime::now(), actions);
    carry_out(actions);
}

void GroupAgents::announce(const GroupName& group) {
    for (const Resource& resource : groups_.at(group).resources)
        if (resource.is_address) addresses_->announce(resource.address);
}

void GroupAgents::leave_alone(const GroupName& group, bool on) {
    Group& which = groups_.at(group);
    std::vector<RunnerAction> actions;
    which.runner->leave_alone(on, runtime::now(), actions);
    if (on)
        for (const Resource& resource : which.resources)
            if (resource.is_address) addresses_->let_be(resource.address);
    carry_out(actions);
}

void GroupAgents::forget_restarts(const GroupName& group) {
    groups_.at(group).runner->forget_restarts();
}

// ---- runners and their calls

void GroupAgents::carry_out(std::vector<RunnerAction>& actions) {
    for (const RunnerAction& action : actions) {
        if (const auto* operation = std::get_if<RunOperation>(&action)) {
            run(*operation);
        } else if (const auto* done = std::get_if<RunnerDone>(&action)) {
            // Found running or started: from now on it is kept so. Here and not later: the next
            // word may be a stop.
            if (done->answer == RunnerDone::Answer::kRunning &&
                !groups_.at(done->group).runner->left_alone())
                keep_running(done->group);
            results_.emplace_back(*done);
        } else if (const auto* trouble = std::get_if<RunnerTrouble>(&action)) {
            results_.emplace_back(*trouble);
        } else if (const auto* cancel = std::get_if<CancelOperation>(&action)) {
            this->cancel(*cancel);
        } else {
            callbacks_.on_event(std::get<Event>(action));
        }
    }
    work_.schedule();
}

void GroupAgents::keep_running(const GroupName& group) {
    for (Resource& resource : groups_.at(group).resources) {
        resource.was_source = resource.source.has_value();
        if (resource.is_address) addresses_->hold(resource.address);
        if (!resource.mount_point.empty() && mounts_) mounts_->expect(resource.mount_point);
    }
}

void GroupAgents::run(const RunOperation& operation) {
    const Resource& resource = groups_.at(operation.group).resources[operation.resource];
    const std::uint64_t id = next_id_++;
    callers_.emplace(id, Caller{operation.group, operation.id});
    if (resource.is_address) {
        addresses_->run(
            {id, operation.operation, resource.address, runtime::now() + operation.timeout});
        return;
    }
    // Looked for each time: it may have been put there, or taken away, since.
    const auto agent = config::find_agent(resource.written, directories_);
    if (!agent) {
        callbacks_.on_event(
            {"script-missing", Level::kError, agent.error().text, {{"HB_GROUP", operation.group}}});
        return answer({id, OperationDone::Outcome::kFailed, agent.error().text});
    }
    if (agent->kind == config::AgentKind::kUnit)
        return units_.run({.id = id,
                           .operation = operation.operation,
                           .unit = agent->unit,
                           .word = resource.written.word,
                           .group = operation.group,
                           .timeout = operation.timeout});
    run_script(id, operation, *agent, resource);
}

void GroupAgents::run_script(std::uint64_t id, const RunOperation& operation,
                             const config::FoundAgent& agent, const Resource& resource) {
    ScriptOperation script{.id = id,
                           .operation = operation.operation,
                           .script = agent.path,
                           .args = agent.args,
                           .word = resource.written.word,
                           .group = operation.group,
                           .timeout = operation.timeout,
                           .interval = operation.interval};
    const GroupName& whole = groups_.at(operation.group).whole;
    if (agent.kind == config::AgentKind::kOcf)
        script.ocf = {.provider = agent.provider,
                      .type = agent.type,
                      .instance = config::ocf_instance(whole.empty() ? operation.group : whole,
                                                       resource.written.word),
                      .parameters = agent.parameters};
    scripts_.run(std::move(script));
}

// Its answer still comes, and nobody waits for it.
void GroupAgents::cancel(const CancelOperation& cancelled) {
    for (const auto& [id, caller] : callers_)
        if (caller.id == cancelled.id && caller.group == cancelled.group)
            return scripts_.cancel(id);
}

void GroupAgents::answer(OperationDone done) {
    answers_.push_back(std::move(done));
    work_.schedule();
}

// Answers to runners, results to whoever asked: from here only, so nothing runs inside itself.
void GroupAgents::work() noexcept {
    for (OperationDone& done : std::exchange(answers_, {})) {
        const auto caller = callers_.find(done.id);
        HB_ASSERT(caller != callers_.end());
        const Caller who = std::move(caller->second);
        callers_.erase(caller);
        done.id = who.id;
        std::vector<RunnerAction> actions;
        groups_.at(who.group).runner->handle(done, runtime::now(), actions);
        carry_out(actions);
    }
    if (!results_.empty()) tell();
    arm_timer();
}

void GroupAgents::tell() noexcept {
    const MonoTime now = runtime::now();
    if (told_at_ != kNever && now < told_at_ + kTellPause)
        return tell_timer_.arm(told_at_ + kTellPause);
    told_at_ = now;
    while (!results_.empty()) {  // step by step: a callback may overtake one that waits
        if (const std::vector<RunnerDone> results = next_results(); !results.empty()) {
            callbacks_.on_done(results);
        } else {
            const auto trouble = std::get<RunnerTrouble>(std::move(results_.front()));
            results_.pop_front();
            callbacks_.on_trouble(trouble);
        }
    }
}

std::vector<RunnerDone> GroupAgents::next_results() {
    std::vector<RunnerDone> results;
    std::set<GroupName> seen;
    while (!results_.empty()) {
        auto* const done = std::get_if<RunnerDone>(&results_.front());
        if (done == nullptr || !seen.insert(done->group).second) break;
        results.push_back(std::move(*done));
        results_.pop_front();
    }
    return results;
}

void GroupAgents::wake_runners() noexcept {
    const MonoTime now = runtime::now();
    for (auto& [name, group] : groups_) {
        std::vector<RunnerAction> actions;
        group.runner->on_deadline(now, actions);
        carry_out(actions);
    }
}

void GroupAgents::arm_timer() {
    MonoTime next = kForever;
    for (const auto& [name, group] : groups_)
        next = std::min(next, group.runner->next_deadline());
    if (next != runner_timer_.armed()) runner_timer_.arm(next);
}

// ---- mounts

Result<void> GroupAgents::watch_mounts() {
    std::set<std::string> mount_points;
    for (const auto& [name, group] : groups_)
        for (const Resource& resource : group.resources)
            if (!resource.mount_point.empty()) mount_points.insert(resource.mount_point);
    if (mount_points == mount_points_) return {};
    if (mount_points.empty()) {
        mounts_.reset();
        mount_points_.clear();
        return {};
    }
    MountChanges directories;
    for (const std::string& directory : mount_points)
        directories.watch(directory);
    auto opened = MountWatch::open(
        loop_, std::move(directories),
        [this](const std::string& directory) noexcept { mount_changed(directory); });
    if (!opened) return std::unexpected(opened.error());
    mounts_ = std::move(*opened);
    mount_points_ = std::move(mount_points);
    return {};
}

// It may be our own doing: then the group is not monitored at the moment, and nothing is asked.
void GroupAgents::mount_changed(const std::string& directory) noexcept {
    for (auto& [name, group] : groups_)
        for (std::size_t i = 0; i < group.resources.size(); i++) {
            if (group.resources[i].mount_point != directory) continue;
            std::vector<RunnerAction> actions;
            group.runner->look(i, runtime::now(), actions);
            carry_out(actions);
        }
}

// ---- routes

// The kernel takes routes away with the address that is their source; others change them. As with
// mounts, it may be our own doing.
void GroupAgents::look_at_sources() {
    for (auto& [name, group] : groups_)
        for (std::size_t i = 0; i < group.resources.size(); i++) {
            Resource& resource = group.resources[i];
            if (!resource.source) continue;
            const KernelTable& kernel = addresses_->kernel();
            const bool is_source = kernel.is_source(*resource.source);
            const std::uint64_t losses = kernel.losses_of_source(*resource.source);
            const bool lost = std::exchange(resource.source_losses, losses) != losses;
            const bool none = std::exchange(resource.was_source, is_source) && !is_source;
            if (!lost && !none) continue;
            std::vector<RunnerAction> actions;
            group.runner->look(i, runtime::now(), actions);
            carry_out(actions);
        }
}

// ---- places

void GroupAgents::look_at_places() noexcept {
    places_timer_.disarm();
    if (!addresses_ || !addresses_->synced()) return;
    look_at_sources();
    for (auto& [name, group] : groups_) {
        if (group.released) continue;
        GroupPlaces places = places_of(name, group);
        if (group.places_told && places.places == group.places.places &&
            places.problem == group.places.problem)
            continue;
        group.places = places;
        group.places_told = true;
        if (places.problem.empty()) group.lives_on.clear();
        for (const PlacedAddress& place : places.places)
            group.lives_on.insert(place.interface);
        callbacks_.on_places(places);
    }
    // Ways last: with them nodes are compared (T4).
    look_at_carrier();
    if (ping_ways_.look(addresses_->kernel()) && callbacks_.on_ping_places)
        callbacks_.on_ping_places(ping_ways_.places());
}

void GroupAgents::look_at_carrier() {
    if (!callbacks_.on_no_carrier || !addresses_ || !addresses_->synced()) return;
    links_seen_ = addresses_->kernel().links_version();
    std::set<std::string> missing;
    for (const auto& [name, group] : groups_)
        if (!group.released) missing.insert(group.lives_on.begin(), group.lives_on.end());
    std::erase_if(missing, [this](const std::string& interface) {
        const KernelLink* link = addresses_->kernel().link(interface);
        return link != nullptr && link->up && link->carrier;
    });
    if (missing == no_carrier_) return;
    no_carrier_ = missing;
    callbacks_.on_no_carrier(NoCarrier{std::move(missing)});
}

GroupPlaces GroupAgents::places_of(const GroupName& name, const Group& group) const {
    GroupPlaces result{.group = name};
    for (const Resource& resource : group.resources) {
        std::string problem;
        if (resource.is_address) {
            const Result<PlacedAddress> where = addresses_->place(resource.address);
            if (where)
                result.places.push_back(*where);
            else
                problem = where.error().text;
        } else if (auto agent = config::find_agent(resource.written, directories_); !agent) {
            problem = agent.error().text;
        }
        if (result.problem.empty()) result.problem = problem;
    }
    return result;
}

}  // namespace hb::resource
