// OwnershipCore: groups and their resources come and go by a reload (L9).
//
// What is no longer ours is in no report from then on: by T9.2 no member of our view starts it. It
// is stopped here, and is `retired` until nothing of it is here. What a group loses is retired as
// a part of it: the group does not say that it is stopped before that is gone (T8), for others may
// still have it in theirs.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "common/base/assert.hpp"
#include "daemons/hb-resource/ownership_impl.hpp"

namespace hb::resource {

using Impl = OwnershipCore::Impl;

namespace {
constexpr char kGone[] = "it is no longer in haresources";
constexpr char kWaiting[] = "waiting until what was taken out of it is stopped";
}  // namespace

const GroupFacts* Impl::part_of(const GroupFacts& g) const {
    const auto it = retired.find(removed_part(g.settings.name));
    return it == retired.end() ? nullptr : &it->second;
}

GroupFacts* Impl::with_part(const GroupName& part) {
    for (auto* all : {&groups, &retired})
        for (auto& [name, g] : *all)
            if (removed_part(name) == part) return &g;
    return nullptr;
}

// ---- may it?

std::string Impl::may_change(const GroupName& name) const {
    const auto it = groups.find(name);
    if (it == groups.end()) return {};
    const GroupFacts& g = it->second;
    if (g.maintenance.on) return fmt::format("{} is in maintenance", name);
    for (const auto& [node, keeper] : g.keepers)
        if (node != s.self && !keeper.released)
            return fmt::format("{} kept {} in maintenance and has not come back", name_of(node),
                               name);
    if (part_of(g) != nullptr)
        return fmt::format("what was taken out of {} before is not gone yet", name);
    if (g.incomplete) return fmt::format("what was added to {} before is not started yet", name);
    if (g.state == GroupState::kRunning || g.state == GroupState::kStopped) return {};
    return fmt::format("{} is {} here", name, to_string(g.state));
}

// What is added here may be, or have been, in another group there, where T9 does not look for it.
// Who is off runs nothing.
std::string Impl::may_add(const OwnershipCore::Conflict& conflict) const {
    if (!retired.empty())
        return fmt::format("{}, taken out of haresources before, is not gone here yet",
                           retired.begin()->first);
    if (!membership_there || !everybody_reported())
        return "not every node of the view has said yet what it has; ask again";
    for (const auto& [id, p] : peers) {
        if (!p.status.judged)
            return fmt::format("it is not known yet whether {} is there; ask again", name_of(id));
        const bool is_heard = p.status.hearing == ipc::Hearing::kHeard;
        if (!p.report && is_heard)
            return fmt::format("{} has not said yet what it has; ask again", name_of(id));
        if (!p.report) continue;
        const Report& r = *p.report;
        const std::uint64_t generation = std::max(p.status.generation, p.known_generation);
        const bool is_off =
            !is_heard && (p.fence.confirmed == generation || p.groups_confirmed == generation);
        const bool has_left = r.leaving && std::ranges::all_of(r.groups, [](const auto& g) {
                                  return g.second.state == GroupState::kStopped;
                              });
        if (is_off || (has_left && r.haresources != 0)) continue;
        if (r.haresources == 0)
            return fmt::format("{} still has what was taken out of its haresources", name_of(id));
        if (const std::string why = conflict(r.haresources); !why.empty())
            return fmt::format("{}: {}", name_of(id), why);
    }
    return {};
}

bool Impl::has_other_groups(NodeId node) const {
    const auto& report = peers.at(node).report;
    return report && report->haresources != s.haresources && !in_view(node);
}

// ---- the new ones are in force

void Impl::take_groups(const NewSettings& m, MonoTime now) {
    std::set<GroupName> wanted;
    for (const GroupSettings& g : m.to.groups)
        wanted.insert(g.name);
    for (auto it = groups.begin(); it != groups.end();) {
        if (wanted.contains(it->first)) {
            ++it;
            continue;
        }
        GroupFacts g = std::move(it->second);
        it = groups.erase(it);
        retire(std::move(g));
    }
    for (const GroupSettings& settings : m.to.groups) {
        const auto known = groups.find(settings.name);
        if (known == groups.end()) {
            add_group(settings);
            continue;
        }
        known->second.settings = settings;
        if (const auto change = m.changed.find(settings.name); change != m.changed.end())
            change_group(known->second, change->second);
    }
    // Of a group that comes back: what others said of it meanwhile, and in the same view its row.
    for (const auto& [id, p] : peers)
        if (p.report) learn_maintenance(id, *p.report);
    if (const Table* ruling = ruling_table()) recall_reach(*ruling, i_coordinate(), now);
}

void Impl::retire(GroupFacts g) {
    say_group(Level::kNotice, "group-removed", g,
              fmt::format("{} is no longer in haresources", g.settings.name));
    g.held_back.reset();
    if (g.maintenance.counter > 0 || !g.keepers.empty())
        out_of_use[g.settings.name] = {.maintenance = g.maintenance, .keepers = g.keepers};
    if (g.state == GroupState::kRunning || g.state == GroupState::kStarting)
        stop(g, LetGo::kNone, kGone);
    if (g.state == GroupState::kStopped)
        then.push_back(GroupReleased{g.settings.name});
    else
        retired.insert_or_assign(g.settings.name, std::move(g));
}

void Impl::change_group(GroupFacts& g, const GroupChange& change) {
    HB_ASSERT(g.state == GroupState::kRunning || g.state == GroupState::kStopped);
    const GroupName& name = g.settings.name;
    say_group(Level::kNotice, "group-changed", g,
              fmt::format("{} has other resources in haresources now", name));
    // Whatever failed before may be what was mended.
    g.start_failed = false;
    g.start_failures = 0;
    g.retry_at.reset();
    then.push_back(ForgetRestarts{name});
    if (change.gains) g.places_known = false;  // of the new addresses: they are claimed first
    if (g.state == GroupState::kRunning) {
        g.incomplete = true;
        if (!change.loses) return;
        GroupFacts part;
        part.settings = {.name = removed_part(name), .preferred = g.settings.preferred};
        part.state = GroupState::kRunning;
        part.places = g.places;
        part.places_known = true;
        retire(std::move(part));
        return;
    }
    if (change.loses) then.push_back(GroupReleased{removed_part(name)});
    if (!change.gains) return;
    g.state = GroupState::kUnknown;
    g.before = GroupState::kStopped;  // nobody ran it here
    g.reason = "not asked yet";
    then.push_back(AskGroup{name});
}

void Impl::add_group(const GroupSettings& settings) {
    GroupFacts g;
    g.settings = settings;
    g.bar_unknown = true;
    g.reason = "not asked yet";
    g.before = GroupState::kStopped;  // nobody ran it here
    recall(g);
    then.push_back(AskGroup{settings.name});
    say_group(Level::kNotice, "group-added", g,
              fmt::format("{} is in haresources now", settings.name));
    groups.emplace(settings.name, std::move(g));
}

// Found after a respawn. Of a group in maintenance nothing is touched (M2).
void Impl::stop_what_is_retired() {
    for (auto& [name, g] : retired) {
        const GroupFacts* const whole = with_part(name);
        const bool left_alone = whole != nullptr && whole->maintenance.on && !whole->stop_waits;
        if (g.state != GroupState::kRunning || left_alone) continue;
        stop(g, LetGo::kNone, kGone);
    }
}

// Once what it lost is gone: what is new may need its place.
void Impl::complete_what_may(MonoTime now) {
    for (auto& [name, g] : groups) {
        if (g.maintenance.on) continue;
        if (!g.incomplete || g.state != GroupState::kRunning || !g.places_known) continue;
        if (part_of(g) != nullptr || !claims_known(now)) continue;
        g.incomplete = false;
        then.push_back(CompleteGroup{name});
    }
}

// ---- what becomes of what is retired

// Nobody is told "stopped" while a part of it is here (T8), and nothing is repaired around that:
// what was found after a respawn, or what gave itself up meanwhile.
bool Impl::hold_back(GroupFacts& g, const GroupDone& m, MonoTime now) {
    const GroupFacts* const part = part_of(g);
    if (part == nullptr) return false;
    // In maintenance what is found in part is left as it is, the part with it.
    if (m.answer != GroupAnswer::kStopped &&
        (m.answer != GroupAnswer::kPartial || g.maintenance.on))
        return false;
    if (m.after_start && (g.state == GroupState::kRunning || g.state == GroupState::kStarting))
        failed_here(g, m, now);
    else
        g.reason = kWaiting;
    g.incomplete = g.stop_waits = false;
    if (part->state == GroupState::kFailed) {
        blocked_by_part(g, *part);
        return true;
    }
    g.state = GroupState::kStopping;
    g.held_back = m;
    return true;
}

// What ran before a respawn, and may have had to be let go of since.
bool Impl::may_go_on(const GroupFacts& g) const {
    return !no_majority && !isolated && !leave_wanted && (!g.row || g.row->owner == s.self);
}

void Impl::part_released(const GroupName& part, MonoTime now) {
    GroupFacts* const g = with_part(part);
    if (g == nullptr) return;
    if (std::exchange(g->stop_waits, false)) then.push_back(StopGroup{g->settings.name});
    if (!g->held_back) return;
    const GroupDone done = *std::exchange(g->held_back, std::nullopt);
    if (g->reason == kWaiting) g->reason = "stopped with what was taken out of it";
    on(done, now);
}

// Right to left: what was taken out first. Nothing left of what does not stop is touched.
void Impl::stop_agents(GroupFacts& g) {
    const GroupFacts* const part = part_of(g);
    if (part == nullptr || s.dropped.l9_part)
        then.push_back(StopGroup{g.settings.name});
    else if (part->state == GroupState::kFailed)
        blocked_by_part(g, *part);
    else
        g.stop_waits = true;
}

void Impl::blocked_by_part(GroupFacts& g, const GroupFacts& part) {
    g.state = GroupState::kFailed;
    g.hide_stopping = false;
    g.running_since.reset();
    g.reason = part.reason;
    say_group(Level::kCrit, "stop-failed", g,
              fmt::format("Resource STOP failure in {}: what was taken out of it does not stop. It "
                          "stays blocked here until 'hactl cleanup'.",
                          g.settings.name));
}

void Impl::part_failed(const GroupFacts& part, const std::string& why) {
    GroupFacts* const g = with_part(part.settings.name);
    if (g == nullptr) return;
    g->trouble = fmt::format(
        "what was taken out of it does not stop ({}): the rest is not watched until 'hactl "
        "cleanup'",
        why);
    const bool is_down = std::exchange(g->held_back, std::nullopt).has_value();
    if (std::exchange(g->stop_waits, false) || is_down) blocked_by_part(*g, part);
}

void Impl::retired_done(const GroupDone& m, MonoTime now) {
    const auto it = retired.find(m.group);
    if (it == retired.end()) return;
    GroupFacts& g = it->second;
    switch (m.answer) {
        case GroupAnswer::kStopped:
            say_group(Level::kInfo, "group-released", g,
                      fmt::format("nothing of {} is here any more", g.settings.name));
            then.push_back(GroupReleased{m.group});
            retired.erase(it);
            part_released(m.group, now);
            break;
        case GroupAnswer::kRunning:
        case GroupAnswer::kPartial:
            if (g.state == GroupState::kStopping) break;  // its own answer follows
            g.state = GroupState::kRunning;               // stop_what_is_retired()
            break;
        case GroupAnswer::kFailed:
            g.state = GroupState::kFailed;
            g.reason = fmt::format("stop failed: {}", m.detail);
            say_group(
                Level::kCrit, "stop-failed", g,
                fmt::format("Resource STOP failure in {}: {}. It is no longer in haresources; "
                            "what is left of it here is asked for again by 'hactl cleanup'.",
                            g.settings.name, m.detail));
            part_failed(g, m.detail);
            break;
    }
}

}  // namespace hb::resource
