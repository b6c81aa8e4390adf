// OwnershipCore: letting go (L2, L3, L5, T12), stopping (T8, T11), starting (T9, T10).
#include <fmt/format.h>

#include <algorithm>

#include "common/base/assert.hpp"
#include "daemons/hb-resource/ownership_impl.hpp"

namespace hb::resource {

using Impl = OwnershipCore::Impl;

namespace {
std::string_view without_brackets(std::string_view reason) {
    return reason.substr(0, reason.find(" ("));
}
}  // namespace

// ---- are we in touch? (L2, L3)

bool Impl::majority(MonoTime now) const {
    std::size_t good = 1;
    for (const auto& [id, p] : peers) {
        // A node that left in order counts as absent: it may have been started again behind a cut.
        const bool left_us = p.report && p.report->leaving;
        if (!left_us && straight.good(id, now)) good++;
    }
    return 2 * good > s.node_names.size();
}

bool Impl::in_touch_with_peer(MonoTime now) const {
    if (s.dropped.l3_heard_is_enough) {
        return std::ranges::any_of(
            peers, [](const auto& p) { return p.second.status.hearing == ipc::Hearing::kHeard; });
    }
    return std::ranges::any_of(peers, [&](const auto& p) { return straight.good(p.first, now); });
}

bool Impl::holds_anything() const {
    return std::ranges::any_of(groups, [](const auto& g) { return g.second.held(); });
}

bool Impl::ping_answers(MonoTime now) const {
    return ping_answered && now - *ping_answered < ping_patience(short_deadtime(now));
}

// d/4: after our birth, a new hb-comm or a gap, what hb-comm knows may still wait in the channel.
void Impl::judge_touch(MonoTime now) {
    const Duration grace = touch_grace(now);
    const MonoTime listening = (comm_since ? *comm_since : born) + grace;
    const bool just_woke = (stood_still_at && now < *stood_still_at + grace) ||
                           (comm_stood_still_at && now < *comm_stood_still_at + grace);
    if (now < listening || just_woke) return;

    const bool lost = s.quorum && !quorum_ignored && !majority(now);
    if (lost != no_majority) {
        no_majority = lost;
        if (lost && holds_anything())
            say(Level::kWarn, "majority-lost",
                "no majority of the nodes acknowledges us: letting go of all resources");
        else if (!lost)
            say(Level::kInfo, "majority-back", "a majority of the nodes acknowledges us again");
    }
    const bool alone = s.ping_nodes && s.isolation_stop && now >= pings_judged_from &&
                       !ping_answers(now) && !in_touch_with_peer(now);
    if (alone != isolated) {
        isolated = alone;
        if (alone && holds_anything())
            say(Level::kWarn, "isolated",
                "no ping node answers and nobody acknowledges us: letting go of all resources");
        else if (!alone)
            say(Level::kInfo, "not-isolated", "no longer isolated");
    }
}

// ---- L5

// The host, or everything of the suite, stood still: what we held may have been taken meanwhile. If
// only hb-comm did, the kernel went on answering for what ran; what was in between had nobody to
// defend it.
void Impl::stand_still(Duration gap, bool all_held) {
    if (s.dropped.l5_let_go) return;
    bool any = false;
    for (auto& [name, g] : groups) {
        const bool between = g.state == GroupState::kStarting || g.state == GroupState::kStopping;
        if (g.state == GroupState::kUnknown && all_held) g.thawed = true;
        if (!g.held() || (!all_held && !between) || may_keep(g)) continue;
        any = true;
        if (g.held_back) g.thawed = true;
        if (g.state == GroupState::kStopping || g.state == GroupState::kFailed) continue;
        stop(
            g, LetGo::kStoodStill,
            fmt::format("this host stood still for {} ms: somebody may have taken it", to_ms(gap)));
        g.hide_stopping = s.dropped.l5_before_frame;
    }
    if (any)
        say(Level::kWarn, "thawed",
            fmt::format(
                "stood still for {} ms, longer than peers wait: letting go of what may have "
                "been taken",
                to_ms(gap)));
}

// ---- wishes

bool Impl::somebody_else_eligible(const GroupName& name) const {
    if (!view) return false;
    for (const Member& m : view->members) {
        if (m.node == s.self) continue;
        const PeerFacts& p = peers.at(m.node);
        if (!p.report || p.report->view != view->id) continue;
        const Report& r = *p.report;
        const auto it = r.groups.find(name);
        if (it == r.groups.end() || it->second.state == GroupState::kUnknown) continue;
        if (r.standby || r.leaving || r.isolated || it->second.move_away || it->second.start_failed)
            continue;
        return true;
    }
    return false;
}

// A takeover asked for is done when the row names us. Nobody remembers the wish for ever.
void Impl::drop_wanted(GroupFacts& g, MonoTime now) {
    if (!g.wanted) return;
    if (!g.wanted_since) g.wanted_since = now;  // taken over from a predecessor
    if ((g.row && g.row->owner == s.self) || g.state == GroupState::kRunning || g.start_failed) {
        g.wanted = false;
    } else if (now - *g.wanted_since >= wish_patience()) {
        g.wanted = false;
        say_group(Level::kWarn, "takeover-cancelled", g,
                  fmt::format("takeover of {} cancelled: no table gave it to us", g.settings.name));
    }
    if (!g.wanted) g.wanted_since.reset();
}

// The same for a move to somebody named.
void Impl::drop_move(GroupFacts& g, MonoTime now) {
    if (!g.move_to) return;
    if (!g.move_since) g.move_since = now;
    const bool there = g.row && g.row->owner == *g.move_to && !(g.move_back && g.row->pinned);
    // Back, but its preferred node cannot have it: then it is free to go there when it can.
    const bool freed = g.move_back && g.row && !g.row->pinned && s.auto_failback;
    const bool too_late = now - *g.move_since >= wish_patience();
    if (!there && !freed && !too_late) return;
    if (!there && !freed)
        say_group(Level::kWarn, "move-cancelled", g,
                  fmt::format("move of {} to {} cancelled: it cannot have it", g.settings.name,
                              name_of(*g.move_to)));
    g.ask_for_no_move();
}

// `move-away` and `wanted` are one-shot: gone when done, or when nobody else can have the group.
void Impl::drop_wishes(MonoTime now) {
    if (!view || !membership_there) return;
    for (auto& [name, g] : groups) {
        drop_wanted(g, now);
        drop_move(g, now);
        if (!g.move_away) continue;
        bool done = false;
        bool all_told = everybody_reported() && !anybody_unknown(name);
        for (const Member& m : view->members) {
            if (m.node == s.self) continue;
            const PeerFacts& p = peers.at(m.node);
            if (!p.report || p.report->view != view->id) continue;
            const auto it = p.report->groups.find(name);
            if (it == p.report->groups.end() || it->second.state != GroupState::kRunning) continue;
            done = done || s.dropped.move_away_by_row || (g.row && g.row->owner == m.node);
        }
        if (done) {
            g.move_away = false;
            continue;
        }
        if (s.dropped.move_away_unneeded || !all_told || somebody_else_eligible(name)) {
            g.alone_since.reset();
            continue;
        }
        if (!g.alone_since) g.alone_since = now;
        // Who is heard outside our view may be about to join it, and to have the group already.
        const bool nobody_comes = std::ranges::none_of(peers, [&](const auto& p) {
            return !in_view(p.first) && p.second.status.hearing == ipc::Hearing::kHeard &&
                   !(p.second.report && p.second.report->leaving);
        });
        const bool wait_over =
            now - *g.alone_since >= s.deadtime
                ? g.state == GroupState::kStopped || g.state == GroupState::kRunning
                : g.state == GroupState::kStopped && nobody_comes;
        if (!wait_over) continue;
        g.move_away = false;
        say_group(Level::kWarn, "standby-cancelled", g,
                  fmt::format("standby of {} cancelled: no other node can have it", name));
    }
}

// Does another member run it, or may it be given to one?
bool Impl::others_have_it(const GroupName& name) const {
    if (somebody_else_eligible(name)) return true;
    return std::ranges::any_of(view->members, [&](const Member& m) {
        if (m.node == s.self) return false;
        const PeerFacts& p = peers.at(m.node);
        if (!p.report || p.report->view != view->id) return true;  // it may
        const auto it = p.report->groups.find(name);
        return it != p.report->groups.end() && it->second.state != GroupState::kStopped;
    });
}

// Who would get the group if we were not eligible? (T11)
std::optional<NodeId> Impl::successor(const GroupName& name, const GroupFacts& g,
                                      const Loads& counts, MonoTime now) const {
    PlacementInput in = placement_input(name, g, *view, now);
    for (Candidate& c : in.members)
        if (c.node == s.self) c.standby = true;
    if (!in.row) in.row = Row{.version = 1, .owner = s.self};
    in.row->owner = s.self;
    set_loads(in, counts, counted_at(name, ruling_table()));
    const auto p = choose(in, s.dropped);
    return p && p->owner != s.self ? std::optional(p->owner) : std::nullopt;
}

// ---- stopping

void Impl::stop(GroupFacts& g, LetGo why, std::string reason) {
    HB_ASSERT(g.state == GroupState::kStarting || g.state == GroupState::kRunning);
    g.state = GroupState::kStopping;
    g.incomplete = false;
    g.let_go = why;
    g.reason = std::move(reason);
    g.weak_evidence = false;
    // T11, T12: the row that comes of it is the next one of this view.
    if ((why == LetGo::kWish || why == LetGo::kLeaving) && view && g.row)
        g.transition = transition_id(view->id, g.settings.name, g.row->version + 1);
    say_group(
        Level::kInfo, "group-stopping", g,
        fmt::format("giving up {}: {}{}", g.settings.name, g.reason, in_brackets(g.transition)),
        {{"HB_REASON", g.reason}});
    stop_agents(g);
}

void Impl::stop_what_must(MonoTime now) {
    std::optional<Loads> counts;
    for (auto& [name, g] : groups) {
        if (g.thawed && g.state == GroupState::kRunning && may_keep(g)) g.thawed = false;
        if (g.thawed && g.state == GroupState::kRunning) {
            stop(g, LetGo::kStoodStill, "this host stood still: somebody may have taken it");
            continue;
        }
        if (g.state != GroupState::kRunning && g.state != GroupState::kStarting) continue;
        if (leave_wanted && !stays_on_leaving(g, now)) {
            stop(g, LetGo::kLeaving, "this node is leaving");
        } else if (!s.dropped.l2_l3 && no_majority && !may_keep(g)) {
            // Also while we leave and wait whether the others know: they may not rely less on it.
            stop(g, LetGo::kNoMajority, "the majority is out of reach");
        } else if (!s.dropped.l2_l3 && isolated && !may_keep(g)) {
            stop(g, LetGo::kIsolated, "this node is isolated");
        } else if (leave_wanted) {
            continue;  // M2, M3
        } else if (g.maintenance.on && !another_has_it(g)) {
            continue;  // M2
        } else if (g.row && g.row->owner != s.self) {
            stop(g, LetGo::kNone,
                 fmt::format("{} owns it: {}", name_of(g.row->owner), g.row->reason));
        } else if ((standby || g.move_away || (g.move_to && *g.move_to != s.self)) &&
                   membership_there && view && !i_coordinate()) {
            // T11: when the next owner is the coordinator, our report is all it needs.
            if (!counts) counts = loads(ruling_table());
            const auto next = successor(name, g, *counts, now);
            // A move is to whom it was asked for, or not yet: else nobody would take it.
            const bool as_asked = standby || g.move_away || next == g.move_to;
            if (next && as_asked && *next == view->id.coordinator)
                stop(g, LetGo::kWish,
                     fmt::format("{} was asked for; {} takes it", g.move_to ? "a move" : "standby",
                                 name_of(*next)));
        }
    }
}

// ---- starting

bool Impl::wants_to_start(const GroupFacts& g) const {
    return membership_there && view_told && view && g.row && g.row->owner == s.self &&
           g.state == GroupState::kStopped && g.bar < g.row->version && !g.start_failed &&
           g.problem.empty() && g.places_known && !leave_wanted && !leaving &&
           (!g.maintenance.on || s.dropped.m1_no_start);
}

// T9.1 to T9.3: nothing, or why not yet.
std::optional<std::string> Impl::start_forbidden(const GroupFacts& g, MonoTime now) const {
    if (!s.dropped.l2_l3 && no_majority) return "the majority is out of reach";
    if (!s.dropped.l2_l3 && isolated) return "this node is isolated";
    for (const Member& m : view->members) {
        if (m.node == s.self) continue;
        const PeerFacts& p = peers.at(m.node);
        const std::string& name = name_of(m.node);
        if (!p.report || p.report->view != view->id)
            return fmt::format("waiting for the report of {}", name);
        const auto it = p.report->groups.find(g.settings.name);
        if (it == p.report->groups.end())
            return fmt::format("{} does not know this group: its haresources differs", name);
        const GroupReport& r = it->second;
        const bool stopped = r.state == GroupState::kStopped ||
                             (s.dropped.t92_failed && r.state == GroupState::kFailed);
        if (!stopped) return fmt::format("{} says {}", name, to_string(r.state));
        const bool promised = r.bar >= g.row->pred || s.dropped.t92_bar ||
                              (p.report->leaving && !s.dropped.t92_leaving);
        if (!promised) return fmt::format("waiting for the promise of {}", name);
        if (!leases.good(m.node, now) && !s.dropped.t93_lease)
            return fmt::format("{} has not acknowledged us lately", name);
    }
    return std::nullopt;
}

GateVerdict Impl::gate(const GroupName& name, const GroupFacts& g, MonoTime now) const {
    GateInput in;
    in.group = name;
    in.self = s.self;
    in.view = *view;
    in.nodes = s.node_names.size();
    in.quorum_applies = s.quorum;
    in.quorum_ignored = quorum_ignored;
    in.watchdog = s.watchdog;
    in.handover = s.handover;
    in.listens_since = comm_since ? listens_since : std::optional(now);
    in.ping_nodes = s.ping_nodes;
    in.ping_answered = ping_answered;
    in.pings_whole_since = pings_whole_since;
    in.deadtime = s.deadtime;
    in.longest_deadtime = long_deadtime(now);
    in.now = now;
    for (const auto& [id, p] : peers) {
        ipc::PeerStatus status = p.status;
        status.generation = std::max(status.generation, p.known_generation);
        std::optional<GateReport> report;
        if (p.report) {
            report = {.leaving = p.report->leaving,
                      .generation = p.report->incarnation.generation,
                      .state = {}};
            const auto it = p.report->groups.find(name);
            if (it != p.report->groups.end())
                report->state = it->second.state;
            else if (p.report->leaving && p.report->haresources != 0)  // and nothing is left of it
                report->state = GroupState::kStopped;
        }
        in.peers.push_back(
            {.status = std::move(status),
             .name = name_of(id),
             .report = report,
             .lease_over = !straight.good(id, now),
             .fence_covered = covered(id, s.self),
             .fence_text = fence_text(p),
             .fenced_generation = p.fence.confirmed,
             .lost_since = p.lost_since,
             .old_heartbeat = p.old_heartbeat.runs || now < p.old_heartbeat.unsure_until,
             .keeps = g.keepers.contains(id) && !g.keepers.at(id).released});
    }
    in.asked_since = g.places.empty() ? std::nullopt : std::optional(kNever);
    for (const PlacedAddress& a : g.places) {
        const auto asked = asked_since.find(a);
        if (asked == asked_since.end())
            in.asked_since.reset();
        else if (in.asked_since)
            in.asked_since = std::max(*in.asked_since, asked->second);
        const auto it = probes.find(a);
        ipc::ProbeStatus unknown;
        unknown.where = a;
        unknown.carrier = true;  // not asked yet: the missing window says so
        in.probes.push_back(it == probes.end() ? unknown : it->second);
    }
    return ask_gate(in, s.dropped);
}

void Impl::open_gate(const GroupName& name, GroupFacts& g, MonoTime now) {
    const GateVerdict v = gate(name, g, now);
    if (!v.open()) {
        for (const NodeId x : v.fence)
            gate_fences.try_emplace(x, fmt::format("to take over {}", name));
        // How far a fencing is changes often, and hb-fence logs it.
        const bool news = without_brackets(g.gate_reason) != without_brackets(v.reason);
        g.gate_reason = v.reason;
        if (news) {
            say_group(Level::kWarn, "gate-closed", g,
                      fmt::format("not taking over {}: {}", name, v.reason),
                      {{"HB_RULE", v.rule}, {"HB_REASON", v.reason}});
        }
        return;
    }
    HB_ASSERT(g.state == GroupState::kStopped);
    HB_ASSERT(g.bar < g.row->version);
    g.gate_reason.clear();
    g.weak_evidence = v.weak;
    g.state = GroupState::kStarting;
    g.pinned = g.row->pinned;
    g.pinned_generation = g.row->pinned_generation;
    g.reason = g.row->reason;
    if (view->members.size() < s.node_names.size()) {
        for (const auto& [id, p] : peers)
            if (!in_view(id))
                say_group(Level::kInfo, "acquiring-from", g,
                          fmt::format("Resources being acquired from {}.", name_of(id)),
                          {{"HB_NODE", name_of(id)}});
    }
    if (v.weak)
        say_group(Level::kWarn, "weak-evidence", g,
                  fmt::format("starting {} although no other host was heard on its network while "
                              "its addresses were asked for",
                              name));
    say_group(Level::kInfo, "group-starting", g,
              fmt::format("acquiring {}: {}{}", name, g.reason, in_brackets(g.transition)),
              {{"HB_REASON", g.reason}});
    then.push_back(StartGroup{name});
}

// T9.2 holds for every member: where one does not know the group, nobody starts it.
void Impl::name_strangers() {
    if (!view || !membership_there) return;
    for (auto& [name, g] : groups) {
        std::optional<NodeId> stranger;
        for (const Member& m : view->members) {
            if (m.node == s.self) continue;
            const PeerFacts& p = peers.at(m.node);
            if (!p.report || p.report->view != view->id) continue;
            if (!stranger && !p.report->groups.contains(name)) stranger = m.node;
        }
        if (stranger && g.stranger != stranger)
            say_group(Level::kError, "haresources-differ", g,
                      fmt::format("{} does not know {}: its haresources differs from ours. No node "
                                  "will start this group before they agree",
                                  name_of(*stranger), name),
                      {{"HB_NODE", name_of(*stranger)}});
        if (stranger || everybody_reported()) g.stranger = stranger;
    }
}

void Impl::start_what_may(MonoTime now) {
    gate_fences.clear();
    const bool asked_all = claims_known(now);  // to start a group changes nothing of that
    for (auto& [name, g] : groups) {
        if (!wants_to_start(g)) {
            g.gate_reason.clear();
            continue;
        }
        if (!asked_all) {
            g.gate_reason = "asking the kernel what is here";
            continue;
        }
        if (const auto why = start_forbidden(g, now)) {
            g.gate_reason = *why;
            continue;
        }
        open_gate(name, g, now);
    }
}

// T10: after its back-off a node may be tried again when nobody else can have the group; a bounded
// number of times, then an admin must look. As long as it runs elsewhere it stays there: to try
// again would interrupt what works.
void Impl::retry_failed_starts(MonoTime now) {
    for (auto& [name, g] : groups) {
        if (!g.start_failed || g.state != GroupState::kStopped) continue;
        if (!g.retry_at) g.retry_at = now + s.start_retry;  // taken over from a predecessor
        if (g.start_failures >= kMaxStarts || now < *g.retry_at) continue;
        if (!membership_there || !view || others_have_it(name)) continue;
        g.start_failed = false;
        g.retry_at.reset();
    }
}

}  // namespace hb::resource
