// OwnershipCore: who is better connected (T4). Every member's hb-ipfail says which ping nodes
// answer it, every hb-resource whether the interfaces of a group have a carrier; the coordinator
// compares.
//
// - Loss of carrier moves what lives on that interface, at once; a moment is given to the others,
//   since a switch that dies takes the carrier of all.
// - Fewer ping nodes move a group to who surely reaches more. What is unsure (late, or back for a
//   moment only) counts for the owner and not for others: nothing moves while both go blind, or see
//   again, one after the other.
// - Only ping nodes that are reached over the interfaces of a group count for it.
// - Nobody is better off than another who is as blind: without carrier, or where there are ping
//   nodes and none of them answers.
// - After such a move the next one waits for a hold time, which doubles with each move until the
//   group has been left alone for ten minutes; failback waits until the preferred node was no worse
//   off for that long. The first move is never delayed.
// - Where somebody asked for it to be, it stays until that node is worse off than it was then.
// - Where an hb-ipfail does not run there is no opinion, and nothing moves.
#include <fmt/format.h>

#include <algorithm>

#include "daemons/hb-resource/ownership_impl.hpp"

namespace hb::resource {

using Impl = OwnershipCore::Impl;

namespace {

constexpr Duration kLongestHold = 5min;
constexpr Duration kLeftAlone = 10min;

// As failback sees it.
bool worse(const Connection& a, const Connection& than) {
    if (than.no_carrier) return !a.no_carrier && a.blind;
    if (a.no_carrier) return true;
    return a.opinion && than.opinion && a.sure < than.reached;
}

// Its owner is no worse off than it was when somebody wanted it there. Who has no opinion says
// nothing against that.
bool as_it_was_wanted(const GroupFacts& g, const Connection& owner_has) {
    const auto& then = g.as_wanted;
    if (!then || (owner_has.no_carrier && !then->no_carrier)) return false;
    return !owner_has.opinion || !then->reached || owner_has.reached >= *then->reached;
}

}  // namespace

bool Impl::no_carrier_here(const GroupFacts& g) const {
    return std::ranges::any_of(g.lives_on,
                               [&](const std::string& on) { return no_carrier.contains(on); });
}

// A ping node behind another interface than the group's says nothing of the group's clients. What
// is not known concerns every group, and a group without an address is concerned by all. The
// coordinator's own routes decide for all nodes: they are to be alike.
bool Impl::concerns(const std::string& ping, const GroupFacts& g) const {
    if (!ping_places) return true;
    const auto way = ping_places->interfaces.find(ping);
    if (g.lives_on.empty() || way == ping_places->interfaces.end() || way->second.empty())
        return true;
    return std::ranges::any_of(g.lives_on,
                               [&](const std::string& on) { return way->second.contains(on); });
}

bool Impl::has_ping_nodes(const GroupFacts& g) const {
    if (!ping_places || ping_places->interfaces.empty()) return s.ping_nodes;
    return std::ranges::any_of(ping_places->interfaces,
                               [&](const auto& way) { return concerns(way.first, g); });
}

Connection Impl::connection(NodeId n, const GroupName& name) const {
    Connection c;
    const std::optional<PingReport>& ping = n == s.self ? own_ping : peers.at(n).ping;
    // Before the kernel said what lives where, what a group is concerned by is not known.
    if (ping && groups.at(name).places_known && (ping_places || !s.ping_nodes)) {
        c.opinion = true;
        const auto count = [&](const std::vector<std::string>& names) {
            return static_cast<std::size_t>(std::ranges::count_if(
                names, [&](const std::string& one) { return concerns(one, groups.at(name)); }));
        };
        c.reached = count(ping->reachable);
        c.sure = s.dropped.t4_unsure ? c.reached : c.reached - count(ping->unsure);
    }
    if (n == s.self) {
        c.no_carrier = no_carrier_here(groups.at(name));
    } else if (const auto& report = peers.at(n).report) {
        const auto g = report->groups.find(name);
        c.no_carrier = g != report->groups.end() && g->second.no_carrier;
    }
    c.blind = c.no_carrier || (has_ping_nodes(groups.at(name)) && c.opinion && c.reached == 0);
    return c;
}

// Why a node is better off than the owner; empty: it is not.
std::string Impl::better(const Connection& a, NodeId owner, const Connection& than,
                         const GroupFacts& g, MonoTime now) const {
    if (!a.opinion || !than.opinion || !better_connected(a, than)) return {};
    if (!than.no_carrier) return "it reaches more ping nodes";
    const bool settled = g.owner_cut_since && now - *g.owner_cut_since >= reach_settles();
    return settled ? fmt::format("{} has no carrier for it", name_of(owner)) : std::string();
}

Duration Impl::reach_settles() const {
    return std::min<Duration>(10ms, s.deadtime / 50);
}

Duration Impl::reach_hold(const GroupFacts& g) const {
    if (s.dropped.t4_hold) return {};
    const unsigned doublings = std::min(g.reach_moves > 0 ? g.reach_moves - 1 : 0, 20U);
    return std::min<Duration>(2 * s.deadtime * (std::int64_t{1} << doublings),
                              std::max<Duration>(kLongestHold, 2 * s.deadtime));
}

bool Impl::reach_held(const GroupFacts& g, MonoTime now) const {
    return g.reach_moved && now - *g.reach_moved < reach_hold(g);
}

// An hb-ipfail speaks when it has judged every ping node once, which takes deadping from its start,
// and is heard within d. Whose does not speak by then has none.
MonoTime Impl::opinions_due() const {
    return view_since + s.deadping + s.deadtime;
}

void Impl::reach_flags(PlacementInput& in, const GroupName& name, const GroupFacts& g,
                       MonoTime now) const {
    for (Candidate& c : in.members)
        c.connection = connection(c.node, name);
    if (!in.row) return;
    const NodeId owner = in.row->owner;
    const Connection has = connection(owner, name);
    const bool stays = reach_held(g, now) || as_it_was_wanted(g, has);
    for (Candidate& c : in.members) {
        if (c.node == owner) continue;
        if (!stays) c.better_reach = better(c.connection, owner, has, g, now);
        if (c.node != in.preferred) continue;
        const bool awaited =
            s.ipfail && !(has.opinion && c.connection.opinion) && now < opinions_due();
        const bool lately = g.worse_until && now - *g.worse_until < reach_hold(g);
        c.no_worse_reach = !awaited && !lately && !worse(c.connection, has);
    }
}

// What only the passing of time shows: it is looked at whenever anything is.
void Impl::note_reach(MonoTime now) {
    for (auto& [name, g] : groups) {
        forget_old_moves(g, now);
        if (!g.row) continue;
        const NodeId owner = g.row->owner, preferred = g.settings.preferred;
        const Connection has = connection(owner, name);
        if (!has.no_carrier)
            g.owner_cut_since.reset();
        else if (!g.owner_cut_since)
            g.owner_cut_since = now;
        note_wanted(g, has);
        note_no_pings(g, has);
        note_preferred(g, preferred != owner && worse(connection(preferred, name), has), now);
        note_held(g, owner, has, now);
    }
}

void Impl::forget_old_moves(GroupFacts& g, MonoTime now) const {
    if (!g.reach_moved || now - *g.reach_moved < reach_hold(g) + kLeftAlone) return;
    g.reach_moved.reset();
    g.reach_moves = 0;
}

void Impl::note_wanted(GroupFacts& g, const Connection& owner_has) {
    if (!g.as_wanted) return;
    if (!as_it_was_wanted(g, owner_has)) return g.as_wanted.reset();
    if (owner_has.opinion && !g.as_wanted->reached) g.as_wanted->reached = owner_has.reached;
}

void Impl::note_no_pings(GroupFacts& g, const Connection& owner_has) {
    if (!owner_has.opinion || !s.ping_nodes || has_ping_nodes(g)) return;
    if (std::exchange(g.no_pings_said, true)) return;
    say_group(Level::kInfo, "no-ping-node-there", g,
              fmt::format("no ping node is behind {}, where {} lives: only its carrier is compared",
                          *g.lives_on.begin(), g.settings.name),
              {{"HB_LINK", *g.lives_on.begin()}});
}

void Impl::note_preferred(GroupFacts& g, bool worse_now, MonoTime now) {
    const bool before = std::exchange(g.worse, worse_now);
    if (worse_now || before) g.worse_until = now;
    if (!before || worse_now || !s.auto_failback || g.row->owner == g.settings.preferred) return;
    say_group(Level::kInfo, "failback-waits", g,
              fmt::format("{} is no worse connected than {} any more: {} may go back when that was "
                          "so for {} ms",
                          name_of(g.settings.preferred), name_of(g.row->owner), g.settings.name,
                          to_ms(reach_hold(g))),
              {{"HB_NODE", name_of(g.settings.preferred)}});
}

void Impl::note_held(GroupFacts& g, NodeId owner, const Connection& owner_has, MonoTime now) {
    if (g.reach_held_said || !reach_held(g, now)) return;
    for (const Candidate& m : placement_input(g.settings.name, g, *view, now).members) {
        if (m.node == owner || !m.eligible() || m.state == GroupState::kUnknown ||
            better(m.connection, owner, owner_has, g, now).empty())
            continue;
        g.reach_held_said = true;
        say_group(Level::kInfo, "reach-held", g,
                  fmt::format("{} stays on {} although {} is better connected: it has just moved "
                              "for that, and waits {} ms",
                              g.settings.name, name_of(owner), name_of(m.node),
                              to_ms(*g.reach_moved + reach_hold(g) - now)),
                  {{"HB_NODE", name_of(owner)}});
        return;
    }
}

// A wish says what is good enough; another row for the same owner is none. What brought a pin along
// into a view is taken for one that was made with carrier.
void Impl::note_placement(GroupFacts& g, const Placement& p, const Row* before, MonoTime now) {
    const bool stays = before != nullptr && before->owner == p.owner;
    if (!stays) g.owner_cut_since.reset();
    if (p.by_wish) {
        const Connection has = connection(p.owner, g.settings.name);
        g.as_wanted = AsWanted{.no_carrier = has.no_carrier, .reached = {}};
        if (has.opinion) g.as_wanted->reached = static_cast<std::uint32_t>(has.reached);
    } else if (before == nullptr && p.pinned) {
        if (g.wanted_at != p.owner) g.as_wanted = AsWanted{};
    } else if (!stays || (before->pinned && !p.pinned)) {
        g.as_wanted.reset();
    }
    g.wanted_at = p.owner;
    if (!p.by_reach) return;
    g.reach_moves++;
    g.reach_moved = now;
    g.reach_held_said = false;
}

// Of a row that somebody else gave, or we in an earlier life. By the clock of another host nothing
// is timed: then the newest move is one of now.
void Impl::recall_reach(const Table& from, bool own, MonoTime now) {
    if (s.dropped.t4_recall) return;
    for (auto& [name, g] : groups) {
        const auto it = from.rows.find(name);
        if (it == from.rows.end()) continue;
        const Row& row = it->second;
        const std::pair order(from.view, row.version);
        if (g.reach_row >= order) continue;
        g.reach_row = order;
        g.as_wanted = row.as_wanted;
        g.wanted_at = row.owner;
        forget_old_moves(g, now);
        if (row.reach_moves > g.reach_moves) {
            g.reach_moves = row.reach_moves;
            g.reach_moved = own && row.reach_moved ? std::min(*row.reach_moved, now) : now;
        }
        // For how long the preferred node was no worse off, our predecessor knew.
        if (own && row.owner != g.settings.preferred) g.worse_until = now;
    }
}

}  // namespace hb::resource
