// OwnershipCore: maintenance (M1 to M5). Groups are left alone; who has one is remembered by all.
#include <fmt/format.h>

#include <algorithm>

#include "daemons/hb-resource/ownership_impl.hpp"

namespace hb::resource {

using Impl = OwnershipCore::Impl;

// M5: an earlier life of the suite, on this boot of the host.
void Impl::recall() {
    if (s.dropped.m5_remember) return;
    out_of_use = s.memory;
    for (auto& [name, g] : groups)
        recall(g);
    last_memory = s.memory;
}

void Impl::recall(GroupFacts& g) {
    const auto it = out_of_use.find(g.settings.name);
    if (it == out_of_use.end()) return;
    g.maintenance = it->second.maintenance;
    g.keepers = it->second.keepers;
    g.pinned = it->second.pinned;
    g.pinned_generation = it->second.pinned_generation;
    out_of_use.erase(it);
}

// Ours in maintenance, though no line of haresources has it: left running (M2).
bool Impl::keeps_what_is_out_of_use() const {
    return std::ranges::any_of(out_of_use, [this](const auto& known) {
        const auto keeper = known.second.keepers.find(s.self);
        return known.second.maintenance.on && keeper != known.second.keepers.end() &&
               !keeper->second.released;
    });
}

Memory Impl::memory() const {
    Memory all = out_of_use;
    for (const auto& [name, g] : groups) {
        if (g.maintenance.counter == 0 && g.keepers.empty()) continue;
        const bool pinned = g.pinned && g.held() && g.maintenance.on;
        all[name] = {.maintenance = g.maintenance,
                     .keepers = g.keepers,
                     .pinned = pinned,
                     .pinned_generation = pinned ? g.pinned_generation : 0};
    }
    return all;
}

void Impl::set_maintenance(GroupFacts& g, const Maintenance& to, const std::string& why) {
    const bool changed = g.maintenance.on != to.on;
    g.maintenance = to;
    if (!changed) return;
    say_group(
        Level::kNotice, to.on ? "maintenance-on" : "maintenance-off", g,
        fmt::format("{} is {} maintenance ({}){}", g.settings.name, to.on ? "in" : "no longer in",
                    why, to.on ? ": left alone until 'hactl maintenance off'" : ""));
    if (!to.on) return;
    // What was asked for and not done yet is off; what is under way goes to its end.
    g.wanted = g.move_away = false;
    g.ask_for_no_move();
    g.wanted_since.reset();
    g.alone_since.reset();
}

void Impl::request_maintenance(const ipc::Request& r, bool on) {
    std::size_t changed = 0;
    std::string kept;
    for (auto& [name, g] : groups) {
        if (!in_scope(g, r) || g.maintenance.on == on) continue;
        // Newer than what a node knows that boots meanwhile, and than what others said.
        const std::uint64_t counter = std::max(g.maintenance.counter + 1, s.incarnation.generation);
        set_maintenance(g, {.counter = counter, .by = s.self, .on = on}, "asked by " + r.who);
        changed++;
        for (const auto& [node, keeper] : g.keepers)
            if (!on && node != s.self && !keeper.released && !in_view(node))
                kept += fmt::format("; {} starts nowhere before {} is back or known to be off",
                                    name, name_of(node));
    }
    if (changed == 0) return answer(r, true, on ? "in maintenance already" : "not in maintenance");
    answer(r, true,
           fmt::format("{} group{} {} maintenance{}", changed, changed == 1 ? "" : "s",
                       on ? "in" : "no longer in", kept));
}

// M1, M4: of two words the newer one counts, whoever says it. What our goodbye said of what we
// leave running stays as it was said.
void Impl::learn_maintenance(NodeId from, const Report& report) {
    for (auto& [name, g] : groups) {
        const auto it = report.groups.find(name);
        if (it == report.groups.end()) continue;
        const GroupReport& r = it->second;
        const bool left_running = leaving && g.maintenance.on && g.held();
        if (r.maintenance > g.maintenance && !left_running)
            set_maintenance(g, r.maintenance, "says " + name_of(from));
        for (const auto& [node, keeper] : r.keepers)
            if (rank(node) < s.node_names.size())
                g.keepers[node] = std::max(g.keepers[node], keeper);
        // A new life of it that has nothing here.
        const auto kept = g.keepers.find(from);
        if (kept != g.keepers.end() && !kept->second.released && r.state == GroupState::kStopped &&
            report.incarnation.generation > kept->second.generation)
            kept->second = {
                .generation = report.incarnation.generation, .step = 0, .released = true};
    }
}

// M4: our own word.
void Impl::note_keeping(GroupFacts& g) {
    if (g.state == GroupState::kUnknown) return;
    const bool keeps = g.maintenance.on && g.held();
    const auto it = g.keepers.find(s.self);
    if (it == g.keepers.end() && !keeps) return;
    Keeper& own = it == g.keepers.end() ? g.keepers[s.self] : it->second;
    const bool of_this_life = own.generation == s.incarnation.generation;
    if (of_this_life && own.step > 0 && own.released != keeps) return;
    if (!of_this_life) own = {.generation = s.incarnation.generation, .step = 0, .released = false};
    own.step++;
    own.released = !keeps;
}

// A device, or a human, says that it is off: it keeps nothing.
void Impl::release_keeper(NodeId node) {
    for (auto& [name, g] : groups)
        if (const auto it = g.keepers.find(node); it != g.keepers.end()) it->second.released = true;
}

bool Impl::keeps_anything(NodeId node) const {
    return std::ranges::any_of(groups, [&](const auto& entry) {
        const auto it = entry.second.keepers.find(node);
        return it != entry.second.keepers.end() && !it->second.released;
    });
}

// 'hactl fence confirm' where no device is: for what that node kept, and for what is to be added to
// haresources, a human's word is enough.
void Impl::confirm_keeper_off(const ipc::Request& r) {
    const std::string& node = name_of(*r.target);
    if (peers.at(*r.target).status.hearing == ipc::Hearing::kHeard)
        return answer(r, false, fmt::format("{} is heard: it is not off", node));
    const bool kept = keeps_anything(*r.target);
    release_keeper(*r.target);
    PeerFacts& p = peers.at(*r.target);
    p.groups_confirmed = std::max(p.status.generation, p.known_generation);
    answer(r, true,
           fmt::format("{} is off: {}", node,
                       kept ? "what it kept in maintenance is free"
                            : "groups may be added whatever it had"));
}

// Has this node told us that it knows: the word, and that we keep the group?
bool Impl::knows(const Report& report, const GroupFacts& g) const {
    const auto it = report.groups.find(g.settings.name);
    if (it == report.groups.end() || it->second.maintenance < g.maintenance) return false;
    const auto own = g.keepers.find(s.self);
    const auto theirs = it->second.keepers.find(s.self);
    return own == g.keepers.end() ||
           (theirs != it->second.keepers.end() && theirs->second >= own->second);
}

// M3: L2, L3 and L5 are what others rely on. They end when nobody is left who would: with quorum,
// every majority has one who knows; without, every node knows.
bool Impl::agreed(const GroupFacts& g) const {
    std::size_t know = 1;
    for (const auto& [id, p] : peers)
        if (p.report && knows(*p.report, g)) know++;
    return s.quorum ? 2 * know > s.node_names.size() : know == s.node_names.size();
}

bool Impl::may_keep(const GroupFacts& g) const {
    const bool kept = g.keepers.contains(s.self) && !g.keepers.at(s.self).released;
    return g.maintenance.on && ((kept && agreed(g)) || s.dropped.m3_agreed);
}

bool Impl::heard_know(const GroupFacts& g) const {
    return std::ranges::all_of(peers, [&](const auto& entry) {
        const PeerFacts& p = entry.second;
        if (p.status.hearing != ipc::Hearing::kHeard || s.dropped.m3_agreed) return true;
        return p.report && (p.report->leaving || knows(*p.report, g));
    });
}

// An orderly stop leaves it running, once everybody who is heard knows; who does not say so in a
// deadtime does not hear us.
bool Impl::stays_on_leaving(const GroupFacts& g, MonoTime now) const {
    if (!g.maintenance.on || s.dropped.m2_left_alone) return false;
    return leaving || heard_know(g) || (leave_since && now - *leave_since < patience());
}

// I5 stands in maintenance, too: of two that brought it into one view the row's owner keeps it.
bool Impl::another_has_it(const GroupFacts& g) const {
    if (!view || !g.row || g.row->owner == s.self) return false;
    const PeerFacts& p = peers.at(g.row->owner);
    if (!p.report || p.report->view != view->id) return false;
    const auto it = p.report->groups.find(g.settings.name);
    return it != p.report->groups.end() &&
           (it->second.state == GroupState::kRunning || it->second.state == GroupState::kStarting);
}

void Impl::carry_out_maintenance() {
    for (auto& [name, g] : groups) {
        if (g.told_to_leave_alone != g.maintenance.on) {
            g.told_to_leave_alone = g.maintenance.on;
            then.push_back(LeaveAlone{name, g.maintenance.on});
        }
        if (!g.in_part || g.maintenance.on) continue;
        g.in_part = false;
        if (g.state != GroupState::kRunning) continue;
        g.trouble.clear();
        g.reason = "found running in part: repaired";
        then.push_back(StartGroup{name});
    }
}

}  // namespace hb::resource
