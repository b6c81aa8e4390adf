// OwnershipCore: what each input says. Facts only; settle() draws the conclusions.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/base/assert.hpp"
#include "common/base/probe_window.hpp"
#include "daemons/hb-resource/ownership_impl.hpp"

namespace hb::resource {

using Impl = OwnershipCore::Impl;

namespace {
constexpr const char* kConflict = "address conflict: ";
}

// Our memory across our own respawn (section 8): bars, flags and table of the predecessor. Whoever
// has published already knows better than hb-membership.
void Impl::on(const ipc::MembershipReady& m, MonoTime now) {
    membership_there = true;
    publish_anew = published;
    view_told = view_installed = false;
    // Peers are told anew, completely; what the old hb-membership said of them is void.
    for (auto& [id, p] : peers) {
        PeerFacts fresh;
        fresh.status.peer = id;
        fresh.status.last_heard = kNever;
        fresh.known_generation = p.known_generation;
        fresh.fence = std::move(p.fence);
        fresh.groups_confirmed = p.groups_confirmed;
        fresh.old_heartbeat = p.old_heartbeat;  // by hb-comm
        p = std::move(fresh);
    }
    leases.forget();
    if (published || adopted || !m.own_report) return;
    adopted = true;
    const Report& old = *m.own_report;
    standby = old.standby && !old.leaving;
    thaws = old.thaws;
    quorum_ignored = old.quorum_ignored;
    if (old.leaving) {
        leave_wanted = true;
        leave_since = now;
    }
    if (old.view) {
        remembered_view = old.view;  // the same view told again does not wipe the bars (T1)
    }
    for (auto& [name, g] : groups) {
        const auto it = old.groups.find(name);
        if (it == old.groups.end()) {
            g.bar_unknown = old.view.has_value();
            continue;
        }
        const GroupReport& r = it->second;
        if (!s.dropped.bar_respawn) g.bar = r.bar;
        if (g.state == GroupState::kUnknown) g.before = r.state;
        g.transition = r.transition;
        g.move_away = r.move_away;
        g.wanted = r.wanted;
        g.pinned = r.pinned;
        g.pinned_generation = r.pinned_generation;
        g.move_to = r.move_to;
        g.move_back = r.move_back;
        g.start_failed = r.start_failed;
        if (r.start_failed) g.start_failures = r.given_up ? kMaxStarts : 1;
        if (!r.trouble.starts_with(kConflict)) g.trouble = r.trouble;
        g.maintenance = std::max(g.maintenance, r.maintenance);
        for (const auto& [node, keeper] : r.keepers)
            g.keepers[node] = std::max(g.keepers[node], keeper);
    }
    if (m.own_table) recall_reach(*m.own_table, /*own=*/true, now);
    if (m.own_table && !s.dropped.t6_continues) table = m.own_table;
}

// T1. Nothing that we do from now on rests on an older view.
void Impl::on(const ipc::ViewChanged& m, MonoTime now) {
    HB_ASSERT(m.view.contains(s.self));
    const bool another = view ? view->id != m.view.id : remembered_view != m.view.id;
    if (another) {
        for (auto& [name, g] : groups) {
            g.bar = 0;
            g.bar_unknown = false;
            g.row.reset();
            g.alone_since.reset();
        }
        quorum_ignored = false;
    }
    if (another || !view) view_since = now;
    view = m.view;
    view_told = true;
    remembered_view.reset();
    view_installed = m.installed;
}

void Impl::on(const ipc::PeerStatus& m, MonoTime) {
    const auto it = peers.find(m.peer);
    if (it == peers.end()) return;
    PeerFacts& p = it->second;
    const ipc::PeerStatus before = std::exchange(p.status, m);
    if (m.generation != before.generation) p.ping.reset();  // another life: it says it again
    doubt_confirmation(p, before);
}

void Impl::on(const ipc::PeerReport& m, MonoTime) {
    const auto it = peers.find(m.peer);
    if (it == peers.end()) return;
    it->second.report = m.report;
    learn_maintenance(m.peer, m.report);
}

void Impl::on(const ipc::PeerTable& m, MonoTime now) {
    const auto it = peers.find(m.peer);
    if (it == peers.end()) return;
    it->second.table = m.table;
    recall_reach(m.table, /*own=*/false, now);
}

void Impl::on(const ipc::PeerPing& m, MonoTime) {
    if (m.peer == s.self) own_ping = m.ping;
    if (const auto it = peers.find(m.peer); it != peers.end()) it->second.ping = m.ping;
}

void Impl::on(const ipc::Lease& m, MonoTime now) {
    if (m.sent > now) return;
    leases.acknowledged(m.peer, m.sent, announced(m.deadtime));
    straight.acknowledged(m.peer, m.sent, announced(m.deadtime));
}

void Impl::on(const MembershipHere&, MonoTime) {
    first.push_back(ipc::ResourceHello{
        .incarnation = s.incarnation,
        .report = published ? std::optional(last_report) : std::nullopt,
        .table = published ? table : std::nullopt,
    });
}

void Impl::on(const MembershipGone&, MonoTime) {
    membership_there = false;
}

void Impl::on(const ipc::CommReady& m, MonoTime now) {
    comm_since = now;
    // A later hb-comm was away for a moment only; but who ran Heartbeat then is known to us alone,
    // and may have ended meanwhile.
    if (!listens_since) listens_since = m.listens_since;
    for (auto& [id, peer] : peers) {
        OldHeartbeatFacts& old = peer.old_heartbeat;
        if (!std::exchange(old.before, false)) continue;
        old.runs = false;
        old.unsure_until = m.listens_since.value_or(now) + old.hold;
    }
    resend_watch = true;
}

// What hb-comm did not see proves nothing; what it saw does: an answer holds for d (G8).
void Impl::forget_quiet() {
    for (auto& [where, p] : probes) {
        p.window_complete.reset();
        p.control_heard = false;
    }
}

void Impl::on(const CommGone&, MonoTime) {
    for (auto& [id, peer] : peers)
        peer.old_heartbeat.before = peer.old_heartbeat.runs;
    forget_quiet();
}

void Impl::on(const ipc::Acknowledged& m, MonoTime now) {
    if (m.sent <= now) straight.acknowledged(m.peer, m.sent, announced(m.deadtime));
}

void Impl::on(const ipc::ProbeStatuses& m, MonoTime now) {
    for (const ipc::ProbeStatus& probe : m.probes)
        note_probe(probe, now);
}

void Impl::note_probe(const ipc::ProbeStatus& m, MonoTime now) {
    ipc::ProbeStatus& p = probes[m.where];
    const ipc::ProbeStatus before = std::exchange(p, m);
    // We read it late: behind it in the channel may stand an answer, or a foreign probe (G9).
    const Duration late = std::max<Duration>(probe_window(s.deadtime) / 4, 2ms);
    if (p.window_complete && p.window_complete != before.window_complete &&
        now - *p.window_complete > late)
        p.window_complete.reset();
    // A newborn hb-comm does not know of the answers that its predecessor heard.
    if (before.answered && (!p.answered || *p.answered < *before.answered)) {
        p.answered = before.answered;
        p.by = before.by;
    }
    // Crossing probes (G9): the lower rank goes first, and may hold it and vanish before we ask
    // again.
    if (s.ping_nodes && p.crossed && rank(s.self) > 0) p.answered = now;
}

// L7: while we run it, the table settles it inside a view, isolation (L3) outside; here it is
// named: in status for a while, in the log once per d.
void Impl::on(const ipc::AddressConflict& m, MonoTime now) {
    for (auto& [name, g] : groups) {
        if (!g.held() || std::ranges::find(g.places, m.where) == g.places.end()) continue;
        const std::string before = std::exchange(
            g.conflict, fmt::format("{}{} announces {} on {}", kConflict, m.by.to_string(),
                                    m.where.address.to_string(), m.where.interface));
        g.conflict_at = now;
        if (before == g.conflict && g.conflict_said && now - *g.conflict_said < s.deadtime)
            continue;
        g.conflict_said = now;
        say_group(Level::kError, "address-conflict", g,
                  fmt::format("{} announces {} on {}, which runs here", m.by.to_string(),
                              m.where.address.to_string(), m.where.interface),
                  {{"HB_ADDRESS", m.where.address.to_string()},
                   {"HB_MAC", m.by.to_string()},
                   {"HB_LINK", m.where.interface}});
    }
}

void Impl::forget_conflicts(MonoTime now) {
    for (auto& [name, g] : groups) {
        if (!g.conflict_at || (g.held() && now - *g.conflict_at < conflict_shown())) continue;
        g.conflict_at.reset();
        g.conflict.clear();
    }
}

void Impl::on(const ipc::OldHeartbeatHeard& m, MonoTime) {
    const auto it = peers.find(m.peer);
    if (it == peers.end()) return;
    it->second.old_heartbeat = {.runs = !m.gone, .hold = m.hold};
}

void Impl::on(const ipc::PingAnswered& m, MonoTime) {
    if (ping_answered && *ping_answered >= m.when) return;
    // Pings leave once per keepalive: longer than that without an answer, and we were cut off.
    if (!ping_answered || m.when - *ping_answered > s.keepalive * 3 / 2) pings_whole_since = m.when;
    ping_answered = m.when;
}

// L5. Leases of the time before are void in any case.
void Impl::on(const StoodStill& m, MonoTime now) {
    leases.forget();
    forget_quiet();
    stood_still_at =
        now;  // `straight` is judged again when what waits in the channel has been read
    const bool comm_too =
        comm_stood_still_at && now - *comm_stood_still_at <= m.gap + long_deadtime(now);
    say(Level::kWarn, "stood-still",
        fmt::format("hb-resource stood still for {} ms", to_ms(m.gap)));
    if (comm_too) stand_still(m.gap, /*all_held=*/true);
}

void Impl::on(const ipc::CommStoodStill& m, MonoTime now) {
    leases.forget();
    forget_quiet();
    comm_stood_still_at = now;
    const bool both = stood_still_at && now - *stood_still_at <= m.gap + long_deadtime(now);
    stand_still(m.gap, both || m.whole_host);
    thaws++;  // a new publication in any case: hb-comm waits for it
    answers_gap = m.noticed;
    resend_watch = true;
}

void Impl::on(const GroupDone& m, MonoTime now) {
    const auto it = groups.find(m.group);
    if (it == groups.end()) return retired_done(m, now);
    GroupFacts& g = it->second;
    if (hold_back(g, m, now)) return;
    const GroupState was = g.state;
    switch (m.answer) {
        case GroupAnswer::kRunning:
            // A stop that was asked for meanwhile is still under way; its own answer follows.
            if (was == GroupState::kStopping) return;
            g.stop_waits = false;
            g.state = GroupState::kRunning;
            g.start_failed = false;
            if (was != GroupState::kRunning) g.running_since = now;
            if (was == GroupState::kUnknown) g.reason = "found running";
            break;
        case GroupAnswer::kStopped:
            g.state = GroupState::kStopped;
            g.incomplete = false;
            g.hide_stopping = false;
            if (was == GroupState::kUnknown) g.reason = "not started yet";
            if (g.row && was != GroupState::kUnknown && was != GroupState::kStopped)
                g.bar = std::max(g.bar, g.row->version);  // T8, T10
            if (m.after_start && (was == GroupState::kStarting || was == GroupState::kRunning))
                failed_here(g, m, now);
            g.running_since.reset();
            g.trouble.clear();
            if (was == GroupState::kStopping && g.let_go == LetGo::kWish)
                g.reason = "given away: standby was asked for";
            if (was == GroupState::kStopping) g.let_go = LetGo::kNone;
            g.thawed = false;
            break;
        case GroupAnswer::kPartial:
            if (g.maintenance.on && (!g.thawed || may_keep(g))) {
                g.state = GroupState::kRunning;
                g.in_part = true;
                g.reason = "found running in part, and left alone";
                g.trouble = m.detail;
            } else if (g.before == GroupState::kRunning && !g.thawed && may_go_on(g)) {
                // It ran when our predecessor died; whoever removed a part, it is put back.
                g.state = GroupState::kRunning;
                g.reason = "found running in part: repaired";
                then.push_back(StartGroup{m.group});
            } else {
                g.state = GroupState::kRunning;  // something is here: let go of it in order
                stop(g, LetGo::kStoodStill, "found half started after a respawn");
            }
            break;
        case GroupAnswer::kFailed:
            g.state = GroupState::kFailed;
            g.incomplete = g.stop_waits = false;
            g.hide_stopping = false;
            g.running_since.reset();
            g.trouble.clear();
            g.reason = fmt::format("stop failed: {}", m.detail);
            say_group(Level::kCrit, "stop-failed", g,
                      fmt::format("Resource STOP failure in {}: {}. It stays blocked here until "
                                  "'hactl cleanup'.",
                                  g.settings.name, m.detail));
            break;
    }
}

void Impl::on(const GroupsDone& m, MonoTime now) {
    for (const GroupDone& done : m.groups)
        on(done, now);
}

// T10: undone, and not tried again here as long as somebody else can have it.
void Impl::failed_here(GroupFacts& g, const GroupDone& m, MonoTime now) {
    if (g.running_since && now - *g.running_since >= kRanWell) g.start_failures = 0;
    g.start_failed = true;
    g.start_failures = m.worn_out ? kMaxStarts : std::min(g.start_failures + 1, kMaxStarts);
    const auto doublings = std::min(g.start_failures - 1, 5U);
    g.retry_at = now + std::min<Duration>(s.start_retry * (1U << doublings), 60s);
    g.reason =
        fmt::format("{}: {}", g.running_since ? "failed while it ran" : "start failed", m.detail);
    say_group(
        Level::kError, "start-failed", g,
        fmt::format("Giving up resources due to failure of {}: {}", g.settings.name, m.detail));
    if (g.start_failures < kMaxStarts) return;
    const std::string why =
        m.worn_out ? "was restarted in vain" : fmt::format("failed to start {} times", kMaxStarts);
    say_group(
        Level::kCrit, "start-given-up", g,
        fmt::format("{} {} here: not tried again before 'hactl cleanup'", g.settings.name, why));
}

void Impl::on(const GroupTrouble& m, MonoTime) {
    if (const auto it = groups.find(m.group); it != groups.end()) it->second.trouble = m.text;
}

void Impl::on(const FailbackAllowed& m, MonoTime) {
    failback_allowed = m.now;
}

void Impl::on(const GroupPlaces& m, MonoTime) {
    if (const auto old = retired.find(m.group); old != retired.end()) {
        old->second.places_known = true;
        old->second.places = m.places;
    }
    const auto it = groups.find(m.group);
    if (it == groups.end()) return;
    GroupFacts& g = it->second;
    g.places_known = true;
    g.places = m.places;
    if (m.problem.empty()) g.lives_on.clear();
    for (const PlacedAddress& place : m.places)
        g.lives_on.insert(place.interface);
    if (m.problem != g.problem && !m.problem.empty())
        say_group(Level::kError, "no-place", g,
                  fmt::format("{} cannot run here: {}", g.settings.name, m.problem));
    g.problem = m.problem;
}

void Impl::on(const NoCarrier& m, MonoTime) {
    for (const std::string& name : m.interfaces)
        if (!no_carrier.contains(name))
            say(Level::kWarn, "service-no-carrier",
                fmt::format("{} has no carrier: no client reaches what runs here on it", name),
                {{"HB_LINK", name}});
    for (const std::string& name : no_carrier)
        if (!m.interfaces.contains(name))
            say(Level::kInfo, "service-carrier", fmt::format("{} has a carrier again", name),
                {{"HB_LINK", name}});
    no_carrier = m.interfaces;
}

void Impl::on(const PingPlaces& m, MonoTime) {
    ping_places = m;
}

void Impl::on(const StopRequested&, MonoTime now) {
    if (leave_wanted) return;
    leave_wanted = true;
    leave_since = now;
    say(Level::kInfo, "leaving",
        fmt::format("Giving up all HA resources: {} is leaving the cluster.", name_of(s.self)));
}

void Impl::on(const MasterGone&, MonoTime now) {
    if (master_gone) return;
    master_gone = true;
    say(Level::kCrit, "master-gone",
        "Emergency Shutdown: Master Control process died. Releasing all resources.");
    on(StopRequested{}, now);
}

}  // namespace hb::resource
