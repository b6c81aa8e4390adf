// OwnershipCore: rows. As a member, accept them (T7); as the coordinator, write them (T2 to T6).
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/base/assert.hpp"
#include "daemons/hb-resource/ownership_impl.hpp"

namespace hb::resource {

using Impl = OwnershipCore::Impl;

namespace {
constexpr Duration kUnknownLimit =
    20s;  // an agent's status deadline: then the other groups go on (T2)
constexpr std::size_t kReasonLimit = 160;
}  // namespace

bool Impl::everybody_reported() const {
    if (!view) return false;
    return std::ranges::all_of(view->members, [&](const Member& m) {
        if (m.node == s.self) return true;
        const PeerFacts& p = peers.at(m.node);
        return p.report && p.report->view == view->id;
    });
}

bool Impl::anybody_unknown(const GroupName& name) const {
    for (const Member& m : view->members) {
        if (m.node == s.self) {
            if (groups.at(name).state == GroupState::kUnknown) return true;
            continue;
        }
        const PeerFacts& p = peers.at(m.node);
        if (!p.report) return true;
        const auto it = p.report->groups.find(name);
        if (it != p.report->groups.end() && it->second.state == GroupState::kUnknown) return true;
    }
    return false;
}

const Table* Impl::ruling_table() const {
    if (!view) return nullptr;
    const std::optional<Table>& t = i_coordinate() ? table : peers.at(view->id.coordinator).table;
    return t && t->view == view->id ? &*t : nullptr;
}

// T7
void Impl::accept_rows() {
    if (!membership_there) return;
    const Table* ruling = ruling_table();
    if (ruling == nullptr) return;
    for (auto& [name, g] : groups) {
        const auto it = ruling->rows.find(name);
        if (it == ruling->rows.end()) continue;
        const Row& row = it->second;
        if (g.row && row.version <= g.row->version) continue;
        const bool first_of_view = !g.row;
        g.row = row;
        if (std::exchange(g.bar_unknown, false)) g.bar = std::max(g.bar, row.version);
        g.transition = row.transition;
        if (row.owner != s.self) {
            g.bar = std::max(g.bar, row.version);
            g.pinned = false;
            continue;
        }
        g.pinned = row.pinned;
        g.pinned_generation = row.pinned_generation;
        // Whoever else held it before the views merged may have taught the network its MAC.
        if (first_of_view && g.state == GroupState::kRunning && view->members.size() > 1)
            then.push_back(AnnounceGroup{name});
    }
}

PlacementInput Impl::placement_input(const GroupName& name, const GroupFacts& g,
                                     const View& members, MonoTime now) const {
    PlacementInput in;
    in.preferred = g.settings.preferred;
    in.auto_failback = s.auto_failback && failback_allowed;
    in.row = g.row;
    in.maintenance = g.maintenance.on && !s.dropped.m1_no_start;
    in.may_reissue = !no_majority && !isolated;
    if (const Member* m = members.find(in.preferred))
        in.preferred_generation = m->incarnation.generation;
    else if (in.preferred != s.self)
        in.preferred_generation = peers.at(in.preferred).status.generation;
    for (const Member& m : members.members) {
        Candidate c;
        c.node = m.node;
        if (m.node == s.self) {
            c.state = g.state;
            c.bar = g.bar;
            c.standby = standby || (leave_wanted && !s.dropped.t12_standby);
            c.leaving = leaving;
            c.isolated = isolated;
            c.move_away = g.move_away;
            c.start_failed = g.start_failed || !g.problem.empty();
            c.wanted = g.wanted;
            c.move_to = g.move_to;
            c.move_back = g.move_back;
            c.pinned = g.pinned;
            c.pinned_generation = g.pinned_generation;
        } else {
            const PeerFacts& p = peers.at(m.node);
            c.state = GroupState::kUnknown;
            if (p.report && p.report->view == view->id) {
                const Report& r = *p.report;
                c.standby = r.standby;
                c.leaving = r.leaving;
                c.isolated = r.isolated;
                if (const auto it = r.groups.find(name); it != r.groups.end()) {
                    const GroupReport& q = it->second;
                    c.state = q.state;
                    c.bar = q.bar;
                    c.move_away = q.move_away;
                    c.start_failed = q.start_failed;
                    c.wanted = q.wanted;
                    c.move_to = q.move_to;
                    c.move_back = q.move_back;
                    c.pinned = q.pinned;
                    c.pinned_generation = q.pinned_generation;
                }
            }
        }
        in.members.push_back(c);
    }
    reach_flags(in, name, g, now);
    return in;
}

// ---- how many groups each has, for those that nobody has yet

std::optional<NodeId> Impl::counted_at(const GroupName& name, const Table* t) const {
    if (t != nullptr)
        if (const auto row = t->rows.find(name); row != t->rows.end()) return row->second.owner;
    for (const Member& m : view->members) {
        GroupState state = GroupState::kUnknown;
        if (m.node == s.self) {
            state = groups.at(name).state;
        } else if (const PeerFacts& p = peers.at(m.node); p.report && p.report->view == view->id) {
            if (const auto q = p.report->groups.find(name); q != p.report->groups.end())
                state = q->second.state;
        }
        if (state == GroupState::kRunning || state == GroupState::kStarting) return m.node;
    }
    return std::nullopt;
}

Impl::Loads Impl::loads(const Table* t) const {
    Loads counts;
    for (const auto& [name, g] : groups)
        if (const auto node = counted_at(name, t)) counts[*node]++;
    return counts;
}

// `own`: where the group itself is counted.
void Impl::set_loads(PlacementInput& in, const Loads& counts, std::optional<NodeId> own) {
    for (Candidate& c : in.members) {
        const auto it = counts.find(c.node);
        c.load = it == counts.end() ? 0 : it->second;
        if (own == c.node) c.load--;
    }
}

std::map<GroupName, NodeId> Impl::forecast(const View& rest, MonoTime now) const {
    std::map<GroupName, NodeId> result;
    const Table* present = ruling_table();
    Loads counts = loads(present);
    for (const auto& [name, g] : groups) {
        PlacementInput in = placement_input(name, g, rest, now);
        const std::optional<NodeId> own = counted_at(name, present);
        set_loads(in, counts, own);
        if (in.row && !rest.contains(in.row->owner)) in.row.reset();
        const auto p = choose(in, s.dropped);
        const std::optional<NodeId> owner = p        ? std::optional(p->owner)
                                            : in.row ? std::optional(in.row->owner)
                                                     : std::nullopt;
        if (!owner) continue;
        result[name] = *owner;
        if (own) counts[*own]--;
        counts[*owner]++;
    }
    return result;
}

// A row that leaves the group where it runs begins nothing.
TransitionId Impl::transition_of(const GroupName& name, const Row& row, const Row* old) const {
    const auto carried = [&](GroupState state, const TransitionId& reported) {
        if (state != GroupState::kRunning && state != GroupState::kStarting) return TransitionId{};
        if (old == nullptr) return reported;
        return old->owner == row.owner ? old->transition : TransitionId{};
    };
    TransitionId id;
    if (row.owner == s.self) {
        const GroupFacts& g = groups.at(name);
        id = carried(g.state, g.transition);
    } else if (const PeerFacts& p = peers.at(row.owner); p.report && p.report->view == view->id) {
        if (const auto q = p.report->groups.find(name); q != p.report->groups.end())
            id = carried(q->second.state, q->second.transition);
    }
    return id ? id : transition_id(view->id, name, row.version);
}

void Impl::lead(MonoTime now) {
    if (!membership_there || !i_coordinate() || !view_installed) return;
    if (leaving && !s.dropped.t12_no_table_after) return;
    note_reach(now);
    if (!everybody_reported() && !s.dropped.t2_all_reported) return;

    const bool have_table = table && table->view == view->id;
    if (!have_table && !s.dropped.t2_all_reported && now - view_since < kUnknownLimit &&
        std::ranges::any_of(groups, [this](const auto& g) { return anybody_unknown(g.first); }))
        return;

    if (!have_table) table = Table{.view = view->id, .rows = {}};
    bool changed = !have_table;
    Loads counts = loads(&*table);
    for (auto& [name, g] : groups) {
        const auto old = table->rows.find(name);
        const bool first_row = old == table->rows.end();
        if (first_row && anybody_unknown(name) && !s.dropped.t2_all_reported) continue;
        PlacementInput in = placement_input(name, g, *view, now);
        in.row = first_row ? std::nullopt : std::optional(old->second);
        const std::optional<NodeId> own = counted_at(name, &*table);
        set_loads(in, counts, own);
        const auto p = choose(in, s.dropped);
        if (!p) continue;
        if (own) counts[*own]--;
        counts[p->owner]++;
        note_placement(g, *p, first_row ? nullptr : &old->second, now);
        Row row{.version = first_row ? 1 : old->second.version + 1,
                .owner = p->owner,
                .pred = first_row ? 0 : old->second.version,
                .pinned = p->pinned,
                .pinned_generation = p->pinned_generation,
                .reason = p->reason.substr(0, kReasonLimit),
                .as_wanted = g.as_wanted,
                .reach_moves = g.reach_moves,
                .reach_moved = g.reach_moved,
                .transition = {}};
        HB_ASSERT(view->contains(row.owner));
        row.transition = transition_of(name, row, first_row ? nullptr : &old->second);
        g.transition = row.transition;
        g.reach_row = {view->id, row.version};
        if (first_row || old->second.owner != row.owner)
            say_group(Level::kInfo, "row", g,
                      fmt::format("{} goes to {}: {}{}", name, name_of(row.owner), row.reason,
                                  in_brackets(row.transition)),
                      {{"HB_NODE", name_of(row.owner)}, {"HB_REASON", row.reason}});
        table->rows[name] = std::move(row);
        changed = true;
    }
    if (!changed) return;
    tables_written++;
    table_changed = true;
}

}  // namespace hb::resource
