// OwnershipCore: from facts to actions. settle() runs the rules until nothing changes, then
// publishes, claims, and only then acts. Also the watch over addresses, leaving (T12) and the one
// deadline.
#include <fmt/format.h>

#include <algorithm>

#include "common/base/assert.hpp"
#include "daemons/hb-resource/ownership_impl.hpp"

namespace hb::resource {

using Impl = OwnershipCore::Impl;

namespace {
constexpr std::size_t kReasonLimit = 190;  // bytes of a published reason
constexpr Duration kUnknownLimit = 20s;  // then an agent that does not answer holds up nobody else
std::string cut(const std::string& text) {
    return text.substr(0, kReasonLimit);
}
}  // namespace

void Impl::say(Level level, std::string id, std::string text,
               std::vector<std::pair<std::string, std::string>> fields) {
    then.push_back(Event{std::move(id), level, std::move(text), std::move(fields)});
}

void Impl::say_group(Level level, std::string id, const GroupFacts& g, std::string text,
                     std::vector<std::pair<std::string, std::string>> fields) {
    fields.emplace_back("HB_GROUP", g.settings.name);
    if (view) fields.emplace_back("HB_VIEW", to_string(view->id));
    if (g.transition) fields.emplace_back("HB_TRANSITION", to_string(g.transition));
    say(level, std::move(id), std::move(text), std::move(fields));
}

Report Impl::make_report() const {
    Report r;
    r.incarnation = s.incarnation;
    r.view = view ? std::optional(view->id) : remembered_view;
    // T12: eligible for nothing from the wish on.
    r.standby = standby || (leave_wanted && !s.dropped.t12_standby);
    r.leaving = leaving;
    r.isolated = isolated;
    r.thaws = thaws;
    r.quorum_ignored = quorum_ignored;
    r.fence_trouble = cut(fence_trouble);
    r.haresources = retired.empty() && !keeps_what_is_out_of_use() ? s.haresources : 0;
    for (const auto& [name, g] : groups) {
        GroupReport q;
        q.bar = g.bar;
        q.state =
            g.hide_stopping && g.state == GroupState::kStopping ? GroupState::kRunning : g.state;
        q.start_failed = g.start_failed || !g.problem.empty();
        q.move_away = g.move_away;
        q.wanted = g.wanted;
        q.pinned = g.pinned && g.row && g.row->owner == s.self;
        q.pinned_generation = q.pinned ? g.pinned_generation : 0;
        if (!view || !g.row) {  // before the first row of a view: what we brought in
            q.pinned = g.pinned;
            q.pinned_generation = g.pinned ? g.pinned_generation : 0;
        }
        q.reason = cut(g.problem.empty() ? g.reason : g.problem);
        q.gate_reason = cut(g.gate_reason);
        q.weak_evidence = g.weak_evidence;
        q.given_up = g.start_failed && g.start_failures >= kMaxStarts;
        q.trouble = cut(g.conflict.empty() ? g.trouble : g.conflict);
        q.move_to = g.move_to;
        q.move_back = g.move_back;
        q.maintenance = g.maintenance;
        q.keepers = g.keepers;
        q.no_carrier = no_carrier_here(g);
        q.transition = g.transition;
        r.groups.emplace(name, std::move(q));
    }
    if (s.dropped.l9_report)
        for (const auto& [name, g] : retired)
            if (!is_removed_part(name))
                r.groups.try_emplace(name).first->second.state = GroupState::kStopped;
    return r;
}

void Impl::settle(MonoTime now, std::vector<OwnershipAction>& out) {
    if (!greeted) {
        greeted = true;
        carry_out_maintenance();  // before they are asked
        for (const auto* all : {&groups, &retired})
            for (const auto& [name, g] : *all)
                then.push_back(AskGroup{name});
    }
    judge_touch(now);
    forget_conflicts(now);
    note_losses(now);
    retry_failed_starts(now);
    carry_out_maintenance();
    // Each round can only move groups forward through a bounded number of states.
    Report report = make_report();
    for (int round = 0; round < 8; round++) {
        const std::uint64_t written_before = tables_written;
        accept_rows();
        drop_wishes(now);
        stop_what_must(now);
        lead(now);
        accept_rows();
        stop_what_must(now);
        // A start rests on the row that is published with it.
        if (tables_written == written_before) start_what_may(now);
        stop_what_is_retired();
        complete_what_may(now);
        leave(now);
        for (auto& [name, g] : groups)
            note_keeping(g);
        Report after = make_report();
        const bool at_rest = after == report && tables_written == written_before;
        report = std::move(after);
        if (at_rest) break;
    }
    // Nothing from here on changes what we report.
    note_letting_go(now);
    note_fencing(now);

    name_strangers();
    for (OwnershipAction& a : first)
        out.push_back(std::move(a));
    first.clear();

    if (Memory now_known = memory(); now_known != last_memory) {
        out.push_back(Remember{now_known});
        last_memory = std::move(now_known);
    }
    const bool report_changed = !published || publish_anew || report != last_report;
    // A newcomer says nothing before it knows what its predecessor said (bars never fall).
    if (membership_there && (report_changed || table_changed)) {
        ipc::Publish p;
        if (report_changed) p.report = report;
        p.answers_gap = answers_gap;
        if (table_changed) p.table = table;
        out.push_back(std::move(p));
        published = true;
        publish_anew = false;
        table_changed = false;
    }
    last_report = std::move(report);

    watch(now, out);
    for (OwnershipAction& a : then)
        out.push_back(std::move(a));
    then.clear();
    waiting = leaving || no_majority || isolated ||
              std::ranges::any_of(groups, [&](const auto& g) { return wants_to_start(g.second); });
    settled_at = now;
}

// Acknowledgements come with every frame of every peer. When nothing waits for them they are only
// noted.
bool Impl::can_wait(const OwnershipInput& input) const {
    const bool quiet = std::holds_alternative<ipc::Acknowledged>(input) ||
                       std::holds_alternative<ipc::Lease>(input) ||
                       std::holds_alternative<ipc::PingAnswered>(input);
    return quiet && greeted && !waiting && then.empty() && first.empty();
}

// ---- claims and probes

// hb-membership says when a peer is late; without its word, the newest acknowledgement does.
Duration Impl::late_after() const {
    const Duration lead_in =
        s.ping_nodes ? 2 * ping_patience(s.deadtime) : 2 * probe_window(s.deadtime);
    return s.deadtime - lead_in;
}

bool Impl::late(const PeerFacts& p, MonoTime now) const {
    if (p.status.hearing != ipc::Hearing::kHeard || p.status.late) return true;
    const MonoTime newest = std::max(straight.newest(p.status.peer), p.status.since);
    return now - newest >= late_after();
}

Impl::Prospect Impl::prospect(MonoTime now) const {
    Prospect p;
    if (!view) return p;
    p.outsiders = view->members.size() < s.node_names.size();
    p.heard_outside = std::ranges::any_of(peers, [&](const auto& peer) {
        const PeerFacts& f = peer.second;
        const bool is_leaving = f.report && f.report->leaving;
        return !in_view(peer.first) && !is_leaving && !f.status.deaf && !late(f, now);
    });
    p.rest = *view;
    std::erase_if(p.rest.members,
                  [&](const Member& m) { return m.node != s.self && late(peers.at(m.node), now); });
    p.all_spoke = std::ranges::all_of(p.rest.members, [&](const Member& m) {
        if (m.node == s.self) return true;
        const PeerFacts& f = peers.at(m.node);
        return f.report && f.report->view == view->id;
    });
    if (p.outsiders || p.rest.members.size() != view->members.size())
        p.owners = forecast(p.rest, now);
    return p;
}

// A peer that is really gone costs no time beyond deadtime: the addresses that we would be given
// are asked for as soon as a member is late, and for as long as the gate may want the answer (G8).
bool Impl::worth_probing(const GroupName& name, const GroupFacts& g, const Prospect& p) const {
    if (!view || g.state != GroupState::kStopped || !g.places_known || leave_wanted || standby ||
        g.maintenance.on)
        return false;
    // While a node outside our view is heard the gate stays closed (G2), and two survivors that
    // both ask before they are in one view only cross each other (G9). Who asks already goes on.
    const bool asking = std::ranges::all_of(
        g.places, [&](const PlacedAddress& a) { return asked_since.contains(a); });
    if (p.heard_outside && !asking) return false;
    if (g.row && g.row->owner == s.self && p.outsiders) return true;
    // Between a new view and its table there is no row: the window that is complete must not be
    // lost just then.
    if (p.owners.empty()) return false;
    if (g.row && p.rest.contains(g.row->owner)) return g.row->owner == s.self;
    // Who has not spoken in this view may be the one that gets it: do not cross its question.
    if (!asking && !p.all_spoke) return false;
    const auto owner = p.owners.find(name);
    return owner != p.owners.end() && owner->second == s.self;
}

// What our predecessor held stays claimed until the kernel was asked (section 8); where nobody
// knows anything, too, after a while.
bool Impl::claims(const GroupFacts& g) const {
    if (s.dropped.claim_starting && g.state == GroupState::kStarting) return false;
    if (g.state != GroupState::kUnknown) return g.held();
    return g.before != GroupState::kStopped;
}

// A Watch replaces what hb-comm claims: not before we know what that must be. Nothing starts
// before, either: there would be no claim for it.
bool Impl::claims_known(MonoTime now) const {
    if (now - born >= kUnknownLimit) return true;
    const auto is_open = [this](const auto& entry) {
        const GroupFacts& g = entry.second;
        return (g.state == GroupState::kUnknown && g.before == GroupState::kUnknown) ||
               (claims(g) && !g.places_known);
    };
    return std::ranges::none_of(groups, is_open) && std::ranges::none_of(retired, is_open);
}

std::optional<ipc::Watch> Impl::make_watch(MonoTime now) {
    if (!claims_known(now)) return std::nullopt;
    ipc::Watch w;
    const Prospect likely = prospect(now);
    for (const auto& [name, g] : groups) {
        const bool claim = claims(g);
        auto& list = claim ? w.claims : w.probes;
        if (claim || worth_probing(name, g, likely))
            list.insert(list.end(), g.places.begin(), g.places.end());
    }
    for (const auto& [name, g] : retired)  // until the last of it is stopped (T8)
        if (claims(g)) w.claims.insert(w.claims.end(), g.places.begin(), g.places.end());
    std::ranges::sort(w.claims);
    std::ranges::sort(w.probes);
    return w;
}

void Impl::watch(MonoTime now, std::vector<OwnershipAction>& out) {
    std::optional<ipc::Watch> w = make_watch(now);
    if (!w) return;
    // What is not asked for any more is unknown when it is asked for again.
    std::erase_if(probes,
                  [&](const auto& p) { return !std::ranges::binary_search(w->probes, p.first); });
    std::erase_if(asked_since, [&](const auto& a) {
        return resend_watch || !std::ranges::binary_search(w->probes, a.first);
    });
    for (const PlacedAddress& a : w->probes)
        asked_since.try_emplace(a, now);
    if (last_watch == w && !resend_watch) return;
    out.push_back(*w);
    last_watch = std::move(w);
    resend_watch = false;
}

// ---- T12

Duration Impl::patience() const {
    return master_gone ? std::min<Duration>(s.deadtime, 500ms) : s.deadtime;
}

void Impl::say_left() {
    std::string stuck;
    bool some_stay = false;
    for (const auto& [name, g] : groups) {
        some_stay = some_stay || g.state == GroupState::kRunning;
        if (g.state == GroupState::kFailed) stuck += (stuck.empty() ? "" : ", ") + name;
    }
    if (!stuck.empty())
        return say(Level::kError, "left",
                   "Not all HA resources could be relinquished: the stop of " + stuck + " failed.");
    say(Level::kInfo, "left",
        some_stay ? "All HA resources relinquished but those in maintenance, which run on."
                  : "All HA resources relinquished.");
}

void Impl::leave(MonoTime now) {
    if (!leave_wanted || left) return;
    const bool all_down = std::ranges::all_of(groups, [&](const auto& entry) {
        const GroupFacts& g = entry.second;
        return g.state == GroupState::kStopped || g.state == GroupState::kFailed ||
               ((g.state == GroupState::kRunning || g.held_back) && g.maintenance.on &&
                (leaving || heard_know(g)));
    });
    // A part of a group in maintenance stays with it.
    const bool retired_down = std::ranges::all_of(retired, [](const auto& g) {
        return g.second.state == GroupState::kFailed || g.second.state == GroupState::kRunning;
    });
    if (!all_down || !retired_down) return;
    if (!leaving) {
        leaving = true;
        leaving_since = now;
        say_left();
        return;
    }
    // Repeated by hb-comm until every peer that is heard acknowledged a frame sent after our
    // goodbye.
    bool told = true;
    for (const auto& [id, p] : peers) {
        if (p.status.hearing != ipc::Hearing::kHeard || (p.report && p.report->leaving)) continue;
        if (straight.newest(id) < leaving_since + 2ms) told = false;
    }
    if ((!told || !membership_there) && now - leaving_since < patience()) return;
    left = true;
    const auto is_failed = [](const auto& g) { return g.second.state == GroupState::kFailed; };
    then.push_back(LeaveDone{.all_stopped = std::ranges::none_of(groups, is_failed) &&
                                            std::ranges::none_of(retired, is_failed)});
}

// ---- the one deadline

// G7, G8, G11: what only has to get old enough. Of several the newest, since all have to be.
MonoTime Impl::gate_may_open(const GroupFacts& g) const {
    Duration d = long_deadtime(settled_at);  // as the gate has it (L8)
    for (const auto& [id, p] : peers)
        if (!in_view(id)) d = std::max(d, p.status.deadtime);
    MonoTime open = s.ping_nodes && pings_whole_since ? *pings_whole_since + d : kNever;
    for (const PlacedAddress& place : g.places) {
        const auto probe = probes.find(place);
        if (probe != probes.end() && probe->second.answered)
            open = std::max(open, *probe->second.answered + d);
        const auto asked = asked_since.find(place);
        if (s.ping_nodes && asked != asked_since.end())
            open = std::max(open, asked->second + 2 * ping_patience(d));
    }
    if (listens_since) open = std::max(open, *listens_since + d);
    for (const auto& [id, p] : peers)
        open = std::max(open, p.old_heartbeat.unsure_until);
    return open;
}

MonoTime Impl::next_deadline() const {
    if (!greeted) return born;
    MonoTime t = kForever;
    // Instants that the newest settle() saw pass are done with.
    auto at = [&](MonoTime when) {
        if (when > settled_at) t = std::min(t, when);
    };
    bool can_take = false;
    for (const auto& [name, g] : groups) {
        can_take = can_take || (g.state == GroupState::kStopped && g.places_known);
        if (g.start_failed && g.retry_at && g.state == GroupState::kStopped) at(*g.retry_at);
        if (g.wanted && g.wanted_since) at(*g.wanted_since + wish_patience());
        if (g.move_to && g.move_since) at(*g.move_since + wish_patience());
        if (g.alone_since && g.move_away) at(*g.alone_since + s.deadtime);
        if (g.conflict_at) at(*g.conflict_at + conflict_shown());
        if (g.worse_until) at(*g.worse_until + reach_hold(g));
        if (g.reach_moved) at(*g.reach_moved + reach_hold(g));
        if (g.owner_cut_since) at(*g.owner_cut_since + reach_settles());
        if (wants_to_start(g)) {
            at(settled_at + probe_window(s.deadtime));
            at(gate_may_open(g));
        }
    }
    for (const auto& [id, p] : peers) {
        if (p.fence.wanted) at(p.fence.last_wanted + s.deadtime);
        if (!p.lost_since) continue;
        if (s.handover > Duration::zero()) at(*p.lost_since + s.handover);
        if (s.watchdog) at(*p.lost_since + p.status.deadtime + s.handover + *s.watchdog);
    }
    at(before_until);
    at(pings_judged_from);
    if (s.quorum || s.ping_nodes) {  // L2, L3: when we lose touch, or may judge it again
        for (const auto& [id, p] : peers)
            if (straight.newest(id) != kNever) at(straight.until(id));
        if (ping_answered) at(*ping_answered + ping_patience(short_deadtime(settled_at)));
        at((comm_since ? *comm_since : born) + touch_grace(settled_at));
        if (stood_still_at) at(*stood_still_at + touch_grace(settled_at));
        if (comm_stood_still_at) at(*comm_stood_still_at + touch_grace(settled_at));
    }
    if (can_take && view) {
        for (const auto& [id, p] : peers)
            if (in_view(id) && p.status.hearing == ipc::Hearing::kHeard)
                at(std::max(straight.newest(id), p.status.since) + late_after());
    }
    if (i_coordinate() && view_installed && !ruling_table()) at(view_since + kUnknownLimit);
    if (i_coordinate()) at(opinions_due());
    if (leaving && !left) at(leaving_since + patience());
    if (leave_wanted && !leaving && leave_since) at(*leave_since + patience());
    if (!last_watch || !published) at(born + kUnknownLimit);
    return t;
}

}  // namespace hb::resource
