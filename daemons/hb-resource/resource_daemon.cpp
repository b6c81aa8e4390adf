#include "daemons/hb-resource/resource_daemon.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <tuple>
#include <utility>
#include <variant>

#include "common/base/assert.hpp"
#include "common/base/watchdog_times.hpp"
#include "common/config/regroup.hpp"
#include "common/runtime/system_clock.hpp"
#include "daemons/hb-resource/memory_file.hpp"
#include "proto/codec_comm_resource.hpp"
#include "proto/codec_fence_resource.hpp"
#include "proto/codec_membership_resource.hpp"

namespace hb::resource {

using ipc::Program;

namespace {

constexpr Duration kClockPause = 10s;  // a window opens that much late at most

OwnershipSettings ownership_settings(const ipc::Setup& setup,
                                     const std::vector<config::Group>& retired) {
    const config::Settings& settings = setup.settings;
    OwnershipSettings result;
    result.self = setup.self;
    result.node_names = settings.nodes;
    result.incarnation = setup.incarnation;
    if (auto memory = read_memory(setup.run_dir, setup.settings.nodes))
        result.memory = std::move(*memory);
    for (const config::Group& group : settings.groups)
        result.groups.push_back({group.name, group.preferred});
    for (const config::Group& group : retired)
        result.retired.push_back({group.name, group.preferred});
    result.haresources = config::groups_fingerprint(settings);
    result.keepalive = settings.keepalive;
    result.deadtime = settings.deadtime;
    result.warntime = settings.warntime;
    result.auto_failback = settings.auto_failback != config::AutoFailback::kOff;
    result.quorum = settings.has_quorum();
    result.handover = settings.handover;
    if (settings.watchdog_evidence) result.watchdog = watchdog_surely_fired(settings.deadtime);
    result.ping_nodes = !settings.pings.empty();
    result.deadping = settings.deadping;
    result.ipfail = std::ranges::any_of(settings.respawn, &config::RespawnLine::is_ipfail);
    result.isolation_stop = settings.isolation_stop;
    for (std::size_t by = 0; by < settings.nodes.size(); by++) {
        NodeSet& covers = result.fencing.emplace_back();
        for (std::size_t peer = 0; peer < settings.nodes.size(); peer++)
            if (settings.fencing.covers(node_id(by), node_id(peer))) covers.insert(node_id(peer));
    }
    result.fence_delay = settings.fencing.delay;
    return result;
}

GroupAnswer group_answer(RunnerDone::Answer answer) {
    switch (answer) {
        case RunnerDone::Answer::kRunning:
            return GroupAnswer::kRunning;
        case RunnerDone::Answer::kStopped:
            return GroupAnswer::kStopped;
        case RunnerDone::Answer::kPartial:
            return GroupAnswer::kPartial;
        case RunnerDone::Answer::kFailed:
            return GroupAnswer::kFailed;
    }
    HB_UNREACHABLE();
}

template <typename... F>
struct Overloaded : F... {
    using F::operator()...;
};

}  // namespace

ResourceDaemon::ResourceDaemon(skeleton::Host& host, const ipc::Setup& setup)
    : host_(host),
      setup_(setup),
      log_(host.loop(), host.log()),
      run_dir_(setup.run_dir),
      node_names_(setup.settings.nodes),
      known_(setup.run_dir, setup.settings),
      core_(ownership_settings(setup, known_.retired()), runtime::now()),
      timer_(host.loop(), [this]() noexcept { deadline(); }),
      failback_windows_(setup.settings.failback_windows),
      clock_(host.loop(), [this]() noexcept { look_at_the_clock(); }) {
    auto agents = GroupAgents::open(
        host.loop(), setup.settings,
        {.self = setup.self,
         .config_dir = setup.config_dir,
         .directories = config::agent_directories(setup.config_dir),
         .cgroup_tree = setup.cgroup_tree,
         .retired = known_.retired(),
         .limits = {}},
        {.on_done =
             [this](const std::vector<RunnerDone>& results) noexcept {
                 GroupsDone all;
                 for (const RunnerDone& done : results)
                     all.groups.push_back({done.group, group_answer(done.answer), done.after_start,
                                           done.detail, done.worn_out});
                 give(std::move(all));
             },
         .on_trouble =
             [this](const RunnerTrouble& trouble) noexcept {
                 give(GroupTrouble{trouble.group, trouble.text});
             },
         .on_event = [this](const Event& event) noexcept { say(event); },
         .on_places = [this](const GroupPlaces& places) noexcept { give(places); },
         .on_no_carrier = [this](const NoCarrier& missing) noexcept { give(missing); },
         .on_ping_places = [this](const PingPlaces& places) noexcept { give(places); },
         // A call that the master does not know of would outlive us unseen (section 8). A dead
         // master starts no successor: then there is nobody to tell, and releasing must go on.
         .call_started =
             [this](pid_t group, std::uint32_t cgroup) noexcept {
                 const auto told =
                     host_.tell_master(ipc::CallStarted{.group = group, .cgroup = cgroup});
                 return told == runtime::SendResult::kSent || told == runtime::SendResult::kClosed;
             },
         .call_finished =
             [this](pid_t group) noexcept {
                 host_.tell_master(ipc::CallFinished{.group = group});
             }});
    if (!agents) throw std::runtime_error(agents.error().text);
    agents_ = std::move(*agents);
    if (const auto memory = read_memory(setup.run_dir, node_names_); !memory)
        log_.log({"memory-unreadable", Level::kWarn, memory.error().text, {}});
    if (known_.problem().empty())
        write_groups();
    else  // what cannot be read is not lost before there is something else to be written
        log_.log({"groups-unknown", Level::kError, known_.problem(), {}});
    for (const config::Group& group : known_.retired())
        log_.log({"group-left-behind",
                  Level::kWarn,
                  fmt::format("{} is no longer in haresources, and may have been left here: it is "
                              "stopped if it was",
                              group.name),
                  {{"HB_GROUP", group.name}}});
    for (const config::Group& group : known_.left_alone())
        log_.log(
            {"group-left-alone",
             Level::kWarn,
             fmt::format("{} is in maintenance, and no longer in haresources: whatever runs of "
                         "it here is nobody's from now on",
                         group.name),
             {{"HB_GROUP", group.name}}});
    timer_.arm(core_.next_deadline());
    if (!failback_windows_.empty()) look_at_the_clock();
}

// ---- what comes in

void ResourceDaemon::on_neighbour(Program neighbour) noexcept {
    if (neighbour == Program::kMembership) give(MembershipHere{});
    if (neighbour == Program::kFence) give(FenceHere{});
    // hb-comm speaks first: CommReady.
}

bool ResourceDaemon::is_well() noexcept {
    return core_.may_feed_watchdog(runtime::now());
}

void ResourceDaemon::on_neighbour_gone(Program neighbour) noexcept {
    if (neighbour == Program::kMembership) give(MembershipGone{});
    if (neighbour == Program::kComm) give(CommGone{});
    if (neighbour == Program::kFence) give(FenceGone{});
}

void ResourceDaemon::on_message(Program from, std::string_view bytes) noexcept {
    switch (from) {
        case Program::kMembership:
            return take(from, proto::decode_membership_to_resource(bytes));
        case Program::kComm:
            return take(from, proto::decode_comm_to_resource(bytes));
        case Program::kFence:
            return take(from, proto::decode_fence_to_resource(bytes));
        case Program::kMaster:
        case Program::kResource:
        case Program::kIpfail:
            return host_.fault(from, "no message is expected of it");
    }
}

template <typename Message>
void ResourceDaemon::take(Program from, Result<Message> message) {
    if (!message) return host_.fault(from, message.error().text);
    std::visit([this](auto& m) { give(std::move(m)); }, *message);
}

void ResourceDaemon::on_gap(Duration gap) noexcept {
    give(StoodStill{gap});
}

std::string ResourceDaemon::prepare_settings(const ipc::Setup& fresh) noexcept {
    const config::Regrouping change = config::regroup(setup_.settings, fresh.settings);
    if (std::string why = may_regroup(change); !why.empty()) return why;
    if (!change.retired.empty())
        if (const auto written = known_.write(); !written) return written.error().text;
    if (!change.adds()) return {};
    return core_.may_add(
        [&](std::uint64_t haresources) { return known_.conflict(haresources, fresh.settings); });
}

// Unless something stays: what failed to stop, what is in maintenance.
void ResourceDaemon::forget_groups(const LeaveDone& left) {
    const bool all_down = std::ranges::all_of(core_.report().groups, [](const auto& group) {
        return group.second.state == GroupState::kStopped;
    });
    if (!left.all_stopped || !all_down) return;
    if (const auto done = known_.forget(); !done)
        log_.log({"groups-not-written", Level::kError, done.error().text, {}});
}

void ResourceDaemon::write_groups() {
    if (const auto written = known_.write(); !written)
        log_.log({"groups-not-written", Level::kError, written.error().text, {}});
}

std::string ResourceDaemon::may_regroup(const config::Regrouping& change) const {
    for (const config::Group& group : change.retired)
        if (std::string why = core_.may_change(group.name); !why.empty()) return why;
    for (const auto& [name, how] : change.changed) {
        if (std::string why = core_.may_change(name); !why.empty()) return why;
        if (!agents_->is_idle(name)) return fmt::format("{} is being restarted here", name);
    }
    return {};
}

void ResourceDaemon::adopt_settings(const ipc::Setup& before) noexcept {
    const config::Regrouping change = config::regroup(before.settings, setup_.settings);
    if (!change.changed.empty() || !change.retired.empty()) {
        // What was asked a moment ago does not hold any more. The next life begins with the new
        // groups, and asks what is here.
        if (const std::string why = may_regroup(change); !why.empty()) {
            log_.log({"reload-anew",
                      Level::kWarn,
                      fmt::format("starting anew with the new haresources: {}", why),
                      {}});
            return host_.exit(1);
        }
    }
    known_.change(setup_.settings, change);
    write_groups();
    agents_->regroup(setup_.settings, change);  // the core hears of nothing else before that
    const auto as_hosts = [](const config::PingNode& p) { return std::tuple(p.name, p.members); };
    const bool other_pings =
        !std::ranges::equal(setup_.settings.pings, before.settings.pings, {}, as_hosts, as_hosts);
    give(NewSettings{.to = ownership_settings(setup_, {}),
                     .other_ping_nodes = other_pings,
                     .changed = change.changed});
    agents_->configure(setup_.settings, other_pings);
    failback_windows_ = setup_.settings.failback_windows;
    if (!failback_windows_.empty()) {
        look_at_the_clock();
    } else if (failback_now_) {
        clock_.disarm();
        failback_now_.reset();
        give(FailbackAllowed{true});
    }
}

void ResourceDaemon::on_stop(skeleton::Host&) noexcept {
    give(StopRequested{});
}

void ResourceDaemon::on_master_gone(skeleton::Host&) noexcept {
    give(MasterGone{});
}

// The core acts on each message in order, never in batches (V6); what its callbacks bring meanwhile
// waits.
void ResourceDaemon::give(OwnershipInput input) {
    inputs_.push_back(std::move(input));
    if (!busy_) act({});
}

// A lease that has run out by the clock may have been renewed by what waits to be read: that first.
void ResourceDaemon::deadline() {
    host_.drain(Program::kComm);
    host_.drain(Program::kMembership);
    std::vector<OwnershipAction> actions;
    core_.on_deadline(runtime::now(), actions);
    act(std::move(actions));
}

void ResourceDaemon::look_at_the_clock() {
    clock_.arm(runtime::now() + kClockPause);
    const unsigned minute = runtime::minute_of_day();
    const bool now = std::ranges::any_of(
        failback_windows_, [&](const config::FailbackWindow& w) { return w.contains(minute); });
    if (failback_now_ == now) return;
    failback_now_ = now;
    log_.log({"failback-window",
              Level::kInfo,
              now ? "groups may go back to their preferred nodes now (failback_window)"
                  : "groups stay where they are until the next failback_window",
              {}});
    give(FailbackAllowed{now});
}

// ---- what comes of it

void ResourceDaemon::remember(const Remember& m) {
    if (const auto written = write_memory(run_dir_, m.memory, node_names_); !written)
        log_.log({"memory-not-written", Level::kError, written.error().text, {}});
}

// What agents do, they do within a transition that only the core knows.
void ResourceDaemon::say(Event event) {
    for (const auto& [name, value] : event.fields) {
        if (name != "HB_GROUP") continue;
        if (const TransitionId id = core_.transition(value))
            event.fields.emplace_back("HB_TRANSITION", to_string(id));
        break;
    }
    log_.log(event);
}

void ResourceDaemon::act(std::vector<OwnershipAction> actions) {
    busy_ = true;
    for (;;) {
        for (const OwnershipAction& action : std::exchange(actions, {}))
            carry_out(action);
        if (inputs_.empty()) break;
        const OwnershipInput input = std::move(inputs_.front());
        inputs_.pop_front();
        core_.handle(input, runtime::now(), actions);
    }
    busy_ = false;
    timer_.arm(core_.next_deadline());
}

void ResourceDaemon::carry_out(const OwnershipAction& action) {
    const auto to_membership = [this](const auto& message) {
        host_.send(Program::kMembership, proto::encode(ipc::ResourceToMembership(message)));
    };
    std::visit(Overloaded{
                   [&](const ipc::ResourceHello& m) { to_membership(m); },
                   [&](const ipc::Publish& m) { to_membership(m); },
                   [&](const ipc::RequestAnswer& m) { to_membership(m); },
                   [&](const ipc::Watch& m) {
                       host_.send(Program::kComm, proto::encode(ipc::ResourceToComm(m)));
                   },
                   [&](const ipc::FenceWishes& m) {
                       host_.send(Program::kFence, proto::encode(ipc::ResourceToFence(m)));
                   },
                   [&](const ipc::FenceRequest& m) {
                       host_.send(Program::kFence, proto::encode(ipc::ResourceToFence(m)));
                   },
                   [&](const StartGroup& m) { agents_->start(m.group); },
                   [&](const StopGroup& m) { agents_->stop(m.group); },
                   [&](const AskGroup& m) { agents_->ask(m.group); },
                   [&](const GroupReleased& m) {
                       agents_->release(m.group);
                       known_.released(m.group);
                       write_groups();
                   },
                   [&](const CompleteGroup& m) { agents_->complete(m.group); },
                   [&](const ForgetRestarts& m) { agents_->forget_restarts(m.group); },
                   [&](const LeaveAlone& m) { agents_->leave_alone(m.group, m.on); },
                   [&](const Remember& m) { remember(m); },
                   [&](const AnnounceGroup& m) { agents_->announce(m.group); },
                   [&](const LeaveDone& a) {
                       forget_groups(a);
                       host_.tell_master(ipc::LeaveDone{a.all_stopped});
                       host_.exit(0);
                   },
                   [&](const Event& event) { log_.log(event); },
               },
               action);
}

}  // namespace hb::resource
