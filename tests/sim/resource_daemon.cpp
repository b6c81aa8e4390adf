#include "tests/sim/resource_daemon.hpp"

#include <algorithm>
#include <set>

#include "common/base/watchdog_times.hpp"
#include "tests/sim/cluster.hpp"
#include "tests/sim/comm_daemon.hpp"
#include "tests/sim/membership_daemon.hpp"
#include "tests/sim/regroup.hpp"

namespace hb::sim {

using resource::GroupAnswer;
using resource::RunnerDone;

resource::OwnershipSettings ResourceDaemon::settings(Node& node) {
    const ClusterConfig& config = node.cluster().config();
    resource::OwnershipSettings s;
    s.self = node.id();
    for (std::size_t r = 0; r < config.nodes; r++)
        s.node_names.push_back(config.node_name(node_id(r)));
    s.incarnation = {.generation = node.generation(), .respawn = node.respawns(Kind::kResource)};
    const std::set<GroupName>& without = node.timings(Kind::kResource).without;
    for (const GroupSpec& g : config.groups) {
        if (!without.contains(g.name))
            s.groups.push_back({.name = g.name, .preferred = g.preferred});
        for (const GroupName& name : {g.name, removed_part(g.name)})
            if (node.retired().contains(name))
                s.retired.push_back({.name = name, .preferred = g.preferred});
    }
    s.haresources = haresources_of(config, without);
    const Timings& timings = node.timings(Kind::kResource);
    s.keepalive = timings.keepalive;
    s.deadtime = timings.deadtime;
    s.warntime = timings.warntime;
    s.auto_failback = config.auto_failback;
    s.quorum = config.quorum;
    s.ping_nodes = s.ipfail = config.ping_nodes;
    s.deadping = config.deadping.value_or(config.deadtime);
    if (config.fencing) {
        NodeSet all;
        for (std::size_t r = 0; r < config.nodes; r++)
            all.insert(node_id(r));
        for (std::size_t r = 0; r < config.nodes; r++) {
            s.fencing.push_back(all);
            s.fencing.back().erase(node_id(r));
        }
        // As configuration.md advises: longer than it takes to switch a node off.
        s.fence_delay = config.deadtime / 2 + config.fence.longest() * 2;
    }
    // As watchdog_surely_fired() has it, with this device's time.
    if (config.watchdog && config.watchdog_evidence)
        s.watchdog =
            watchdog_report_limit(config.deadtime) + *config.watchdog + config.deadtime / 4;
    s.handover = config.handover;
    s.start_retry = config.deadtime * 2;
    s.dropped = config.drop_resource;
    s.memory = node.memory();
    return s;
}

ResourceDaemon::ResourceDaemon(Node& node)
    : node_(node),
      core_(settings(node), node.local_now()),
      without_(node.timings(Kind::kResource).without),
      deadtime_(node.timings(Kind::kResource).deadtime),
      gap_deadtime_(deadtime_),
      woke_(node.local_now()) {
    const ClusterConfig& config = node.cluster().config();
    for (const GroupSpec& g : config.groups) {
        runners_.emplace(g.name, resource::GroupRunner(runner_settings(g)));
        if (g.resources > 1)
            runners_.emplace(removed_part(g.name), resource::GroupRunner(part_settings(g)));
    }
}

resource::GroupRunner& ResourceDaemon::runner(const GroupName& group) {
    return runners_.at(group);
}

// The kernel's answers take their time: a newborn was told of its peers before, or behind that.
void ResourceDaemon::born(MonoTime) {
    node_.cluster().fence_of(node_.id()).resource_born();
    node_.post(Kind::kResource, node_.life(Kind::kResource),
               node_.cluster().config().channel.draw(node_.cluster().world().prng()) * 2,
               [](Daemon& d, MonoTime at) { static_cast<ResourceDaemon&>(d).look_at_places(at); });
}

void ResourceDaemon::look_at_places(MonoTime now) {
    const ClusterConfig& config = node_.cluster().config();
    for (const GroupSpec& g : config.groups) {
        resource::GroupPlaces places{.group = g.name, .places = {}, .problem = {}};
        if (g.has_address) places.places.push_back({g.address, kServiceInterface});
        input(places, now);
    }
    looked_ = true;
    carrier(now);
    if (!config.ping_nodes) return;
    resource::PingPlaces ways;
    for (std::uint32_t h = 0; h < config.ping_hosts; h++)
        ways.interfaces[fmt::format("router{}", h)] = {
            node_.cluster().service().is_far(h) ? kFarInterface : kServiceInterface};
    input(ways, now);
}

void ResourceDaemon::carrier(MonoTime now) {
    if (!looked_) return;
    resource::NoCarrier missing;
    if (!node_.carrier()) missing.interfaces.insert(kServiceInterface);
    input(missing, now);
}

// The shell's loop never sleeps longer than this, so that it sees its own gaps.
MonoTime ResourceDaemon::next_deadline() const {
    MonoTime next = std::min(core_.next_deadline(), woke_ + gap_deadtime_ / 2);
    for (const auto& [name, runner] : runners_)
        next = std::min(next, runner.next_deadline());
    return next;
}

void ResourceDaemon::overslept(Duration gap, MonoTime now) {
    if (gap > lease_length(gap_deadtime_)) input(resource::StoodStill{gap}, now);
}

void ResourceDaemon::on_deadline(MonoTime now) {
    woke_ = now;
    if (now >= gap_settles_) gap_deadtime_ = deadtime_;
    for (auto& [name, runner] : runners_) {
        if (runner.next_deadline() > now) continue;
        runner.on_deadline(now, runner_out_);
        carry_out_runner(name, now);
    }
    if (core_.next_deadline() <= now) {
        core_.on_deadline(now, out_);
        carry_out(now);
    }
}

void ResourceDaemon::neighbour_here(Kind who, MonoTime now) {
    if (who == Kind::kMembership) input(resource::MembershipHere{}, now);
}

void ResourceDaemon::neighbour_gone(Kind who, MonoTime now) {
    if (who == Kind::kMembership) {
        seen_.membership_there = false;
        input(resource::MembershipGone{}, now);
    }
    if (who == Kind::kComm) input(resource::CommGone{}, now);
}

void ResourceDaemon::input(const resource::OwnershipInput& in, MonoTime now) {
    core_.handle(in, now, out_);
    carry_out(now);
}

void ResourceDaemon::from_membership(const ipc::MembershipToResource& message, MonoTime now) {
    note(message);
    std::visit([&](const auto& m) { input(m, now); }, message);
}

void ResourceDaemon::from_comm(const ipc::CommToResource& message, MonoTime now) {
    if (const auto* a = std::get_if<ipc::Acknowledged>(&message)) {
        MonoTime& sent = seen_.straight_sent[a->peer];
        sent = std::max(sent, a->sent);
    }
    if (const auto* p = std::get_if<ipc::PingAnswered>(&message)) seen_.ping_answered = p->when;
    std::visit([&](const auto& m) { input(m, now); }, message);
}

void ResourceDaemon::note(const ipc::MembershipToResource& message) {
    if (const auto* ready = std::get_if<ipc::MembershipReady>(&message)) {
        // The memory of a predecessor.
        if (!table_ && !published_) table_ = ready->own_table;
        auto straight = std::move(seen_.straight_sent);
        seen_ = {};
        seen_.straight_sent = std::move(straight);
        seen_.membership_there = true;
    } else if (const auto* v = std::get_if<ipc::ViewChanged>(&message)) {
        const bool another = !seen_.view || seen_.view->id != v->view.id;
        seen_.view = v->view;
        if (another) node_.cluster().tell([&](Checker& c) { c.entered(node_.id(), v->view.id); });
    } else if (const auto* r = std::get_if<ipc::PeerReport>(&message)) {
        seen_.reports[r->peer] = r->report;
        node_.cluster().tell([&](Checker& c) { c.told(node_.id(), r->peer, r->report); });
    } else if (const auto* t = std::get_if<ipc::PeerTable>(&message)) {
        seen_.tables[t->peer] = t->table;
    } else if (const auto* s = std::get_if<ipc::PeerStatus>(&message)) {
        seen_.status[s->peer] = *s;
    } else if (const auto* l = std::get_if<ipc::Lease>(&message)) {
        MonoTime& sent = seen_.lease_sent[l->peer];
        sent = std::max(sent, l->sent);
    } else if (const auto* q = std::get_if<ipc::Request>(&message)) {
        const WorldTime now = node_.cluster().world().now();
        seen_.asked_at = now;
        if (q->kind == ipc::RequestKind::kFenceConfirm && q->target)
            node_.cluster().tell([&](Checker& c) { c.told_off(node_.id(), *q->target); });
        if (q->kind == ipc::RequestKind::kCleanup)
            for (const GroupSpec& g : node_.cluster().config().groups)
                node_.cluster().tell([&](Checker& c) { c.forgiven(node_.id(), g.name); });
        if (q->kind == ipc::RequestKind::kTakeover) seen_.takeover_asked = now;
        if (q->kind == ipc::RequestKind::kStandby) seen_.standby_asked = now;
        if (q->kind == ipc::RequestKind::kMove || q->kind == ipc::RequestKind::kMoveBack)
            seen_.move_asked = now;
    }
}

GroupState ResourceDaemon::state(const GroupName& group) const {
    if (!published_) return GroupState::kUnknown;
    const auto it = published_->groups.find(group);
    return it == published_->groups.end() ? GroupState::kUnknown : it->second.state;
}

void ResourceDaemon::carry_out(MonoTime now) {
    std::vector<resource::OwnershipAction> actions;
    actions.swap(out_);
    for (const resource::OwnershipAction& action : actions) {
        if (!node_.before_action(Kind::kResource)) return;
        std::visit([&](const auto& a) { act(a, now); }, action);
    }
    actions.clear();
    if (out_.empty()) out_.swap(actions);
}

void ResourceDaemon::carry_out_runner(const GroupName& group, MonoTime now) {
    std::vector<resource::RunnerAction> actions;
    actions.swap(runner_out_);
    for (const resource::RunnerAction& action : actions) {
        if (!node_.before_action(Kind::kResource)) return;
        if (const auto* run = std::get_if<resource::RunOperation>(&action)) {
            // The call may outlive this process.
            Node& node = node_;
            const resource::RunOperation call = as_called(*run);
            node.cluster().tell([&](Checker& c) { c.called(node.id(), call); });
            const std::uint64_t life = node.life(Kind::kResource);
            node.kernel().run(call, [&node, group, life](const resource::OperationDone& done) {
                World& world = node.cluster().world();
                const Duration lag = node.cluster().config().channel.draw(world.prng());
                node.post(Kind::kResource, life, lag, [group, done](Daemon& d, MonoTime at) {
                    auto& self = static_cast<ResourceDaemon&>(d);
                    self.runner(group).handle(done, at, self.runner_out_);
                    self.carry_out_runner(group, at);
                });
            });
        } else if (const auto* done = std::get_if<RunnerDone>(&action)) {
            static constexpr GroupAnswer kAnswers[] = {GroupAnswer::kRunning, GroupAnswer::kStopped,
                                                       GroupAnswer::kPartial, GroupAnswer::kFailed};
            results_.push_back({.group = done->group,
                                .answer = kAnswers[static_cast<std::size_t>(done->answer)],
                                .after_start = done->after_start,
                                .detail = done->detail,
                                .worn_out = done->worn_out});
            // As at the end of a turn of its loop: together, and a little later.
            Node& node = node_;
            node.post(
                Kind::kResource, node.life(Kind::kResource),
                node.cluster().config().channel.draw(node.cluster().world().prng()),
                [](Daemon& d, MonoTime at) { static_cast<ResourceDaemon&>(d).tell_results(at); });
        } else if (const auto* trouble = std::get_if<resource::RunnerTrouble>(&action)) {
            input(resource::GroupTrouble{trouble->group, trouble->text}, now);
        } else if (const auto* event = std::get_if<Event>(&action)) {
            act(*event, now);
        }
    }
    actions.clear();
    if (runner_out_.empty()) runner_out_.swap(actions);
}

void ResourceDaemon::tell_results(MonoTime now) {
    while (!results_.empty()) {
        resource::GroupsDone all;
        std::set<GroupName> seen;
        std::erase_if(results_, [&](const resource::GroupDone& done) {
            if (!seen.insert(done.group).second) return false;
            all.groups.push_back(done);
            return true;
        });
        input(all, now);
    }
}

void ResourceDaemon::act(const ipc::ResourceHello& a, MonoTime) {
    // It carries what could not be published while hb-membership was dead.
    if (a.report) {
        published_ = a.report;
        node_.cluster().tell([&](Checker& c) { c.reported(node_.id(), *a.report); });
    }
    node_.send(Kind::kResource, Kind::kMembership,
               [a](Daemon& d, MonoTime now) { static_cast<MembershipDaemon&>(d).input(a, now); });
}

void ResourceDaemon::act(const ipc::Publish& a, MonoTime) {
    Cluster& cluster = node_.cluster();
    if (a.report) {
        trace_report(published_.value_or(Report{}), *a.report);
        published_ = a.report;
    }
    if (a.table) {
        if (cluster.world().tracing())
            for (const auto& [group, row] : a.table->rows)
                if (!table_ || table_->view != a.table->view || !table_->rows.contains(group) ||
                    table_->rows.at(group) != row)
                    cluster.world().say(node_.who(Kind::kResource),
                                        "row {} of {}: -> {} (pred {}{}): {}", row.version, group,
                                        cluster.config().node_name(row.owner), row.pred,
                                        row.pinned ? ", pinned" : "", row.reason);
        table_ = a.table;
    }
    node_.send(Kind::kResource, Kind::kMembership,
               [a](Daemon& d, MonoTime now) { static_cast<MembershipDaemon&>(d).input(a, now); });
    if (a.report) cluster.tell([&](Checker& c) { c.reported(node_.id(), *a.report); });
    if (a.table) cluster.tell([&](Checker& c) { c.tabled(node_.id(), *a.table); });
}

namespace {

std::string maintenance_text(const GroupReport& g) {
    std::string text;
    if (g.maintenance.counter > 0)
        text = fmt::format(", maintenance {} ({})", g.maintenance.on ? "on" : "off",
                           g.maintenance.counter);
    for (const auto& [node, k] : g.keepers)
        text += fmt::format(", {} {}.{} {}", static_cast<char>('a' + rank(node)), k.generation,
                            k.step, k.released ? "let go" : "keeps");
    return text;
}

std::string move_text(const GroupReport& g) {
    if (!g.move_to) return {};
    return fmt::format(", to {}{}", static_cast<char>('a' + rank(*g.move_to)),
                       g.move_back ? " and free" : "");
}

}  // namespace

void ResourceDaemon::trace_report(const Report& before, const Report& now) {
    World& world = node_.cluster().world();
    if (!world.tracing()) return;
    const std::string who = node_.who(Kind::kResource);
    if (before.standby != now.standby) world.say(who, "says standby {}", now.standby);
    if (before.leaving != now.leaving) world.say(who, "says leaving {}", now.leaving);
    if (before.isolated != now.isolated) world.say(who, "says isolated {}", now.isolated);
    for (const auto& [name, g] : now.groups) {
        const auto old = before.groups.find(name);
        GroupReport was;
        if (old != before.groups.end()) was = old->second;
        if (was.state != g.state || was.bar != g.bar || was.move_away != g.move_away ||
            was.maintenance != g.maintenance || was.keepers != g.keepers ||
            was.start_failed != g.start_failed || was.wanted != g.wanted ||
            was.move_to != g.move_to || before.view != now.view)
            world.say(who, "says {}: {} bar {}{}{}{}{}{}{} in view {}", name, to_string(g.state),
                      g.bar, maintenance_text(g), g.move_away ? ", move-away" : "",
                      g.start_failed ? ", start failed" : "", g.wanted ? ", wanted" : "",
                      move_text(g), g.pinned ? ", pinned" : "",
                      now.view ? to_string(*now.view) : "-");
        if (was.gate_reason != g.gate_reason && !g.gate_reason.empty())
            world.say(who, "gate of {} closed: {}", name, g.gate_reason);
    }
}

void ResourceDaemon::act(const ipc::RequestAnswer& a, MonoTime) {
    node_.cluster().world().say(node_.who(Kind::kResource), "answers a request: {}{}",
                                a.ok ? "" : "no: ", a.text);
}

void ResourceDaemon::act(const ipc::Watch& a, MonoTime) {
    watch_ = a;
    if (node_.cluster().world().tracing()) {
        std::string text = "claims";
        for (const PlacedAddress& p : a.claims)
            text += ' ' + p.address.to_string();
        text += ", asks for";
        for (const PlacedAddress& p : a.probes)
            text += ' ' + p.address.to_string();
        node_.cluster().world().say(node_.who(Kind::kResource), "{}", text);
    }
    node_.send(Kind::kResource, Kind::kComm,
               [a](Daemon& d, MonoTime now) { static_cast<CommDaemon&>(d).from_resource(a, now); });
    node_.cluster().tell([&](Checker& c) { c.watches(node_.id()); });
}

void ResourceDaemon::act(const resource::StartGroup& a, MonoTime now) {
    node_.cluster().tell([&](Checker& c) { c.starts(node_.id(), a.group); });
    runner(a.group).start(now, runner_out_);
    carry_out_runner(a.group, now);
}

void ResourceDaemon::act(const resource::StopGroup& a, MonoTime now) {
    if (!is_removed_part(a.group))
        node_.cluster().tell([&](Checker& c) { c.stops(node_.id(), a.group); });
    // A result that nobody was told yet is overtaken: the stop has its own answer.
    std::erase_if(results_, [&](const resource::GroupDone& done) { return done.group == a.group; });
    runner(a.group).stop(now, runner_out_);
    carry_out_runner(a.group, now);
}

void ResourceDaemon::act(const resource::AskGroup& a, MonoTime now) {
    runner(a.group).ask(now, runner_out_);
    carry_out_runner(a.group, now);
}

void ResourceDaemon::act(const resource::ForgetRestarts& a, MonoTime) {
    node_.cluster().tell([&](Checker& c) { c.forgiven(node_.id(), a.group); });
    runner(a.group).forget_restarts();
}

void ResourceDaemon::act(const resource::LeaveAlone& a, MonoTime now) {
    runner(a.group).leave_alone(a.on, now, runner_out_);
    carry_out_runner(a.group, now);
}

void ResourceDaemon::act(const resource::Remember& a, MonoTime) {
    node_.remember(a.memory);
}

void ResourceDaemon::act(const resource::AnnounceGroup& a, MonoTime) {
    Cluster& cluster = node_.cluster();
    const GroupSpec& group = cluster.config().groups.at(cluster.config().group_index(a.group));
    if (!group.has_address) return;
    cluster.service().send(node_.id(), {.request = true,
                                        .sender_mac = mac_of(node_.id()),
                                        .sender = group.address,
                                        .target = group.address,
                                        .to = std::nullopt});
}

void ResourceDaemon::act(const resource::LeaveDone&, MonoTime) {
    node_.leave_done();
}

void ResourceDaemon::act(const Event& a, MonoTime) {
    node_.cluster().world().say(node_.who(Kind::kResource), "[{}] {}", a.id, a.text);
}

void ResourceDaemon::act(const ipc::FenceWishes& a, MonoTime) {
    node_.cluster().fence_of(node_.id()).from_resource(a);
}

void ResourceDaemon::act(const ipc::FenceRequest& a, MonoTime) {
    node_.cluster().fence_of(node_.id()).from_resource(a);
}

}  // namespace hb::sim
