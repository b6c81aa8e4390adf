// OwnershipCore: what admins ask for. Every request is answered at once, with what will happen or
// why not.
#include <fmt/format.h>

#include "daemons/hb-resource/ownership_impl.hpp"

namespace hb::resource {

using Impl = OwnershipCore::Impl;

namespace {
constexpr const char* kInMaintenance = "in maintenance: 'hactl maintenance off' comes first";

const char* word(ipc::Scope s) {
    switch (s) {
        case ipc::Scope::kAll:
            return "all";
        case ipc::Scope::kLocal:
            return "local";
        case ipc::Scope::kForeign:
            return "foreign";
        case ipc::Scope::kGroup:
            return "group";
    }
    return "?";
}

// What was asked about: "resources", "local resources", "resources of 10.0.0.1/24".
std::string resources(const ipc::Request& r) {
    switch (r.scope) {
        case ipc::Scope::kAll:
            return "resources";
        case ipc::Scope::kLocal:
        case ipc::Scope::kForeign:
            return fmt::format("{} resources", word(r.scope));
        case ipc::Scope::kGroup:
            return fmt::format("resources of {}", r.group);
    }
    return "resources";
}
}  // namespace

void Impl::on(const ipc::Request& r, MonoTime now) {
    if (leave_wanted) return answer(r, false, "this node is leaving the cluster");
    // What was taken out of haresources and does not stop can be cleaned up, too.
    const bool is_retired = r.kind == ipc::RequestKind::kCleanup && retired.contains(r.group);
    if (!known_scope(r) && !is_retired)
        return answer(r, false, fmt::format("no group is named {}", r.group));
    switch (r.kind) {
        case ipc::RequestKind::kStandby:
            return request_standby(r);
        case ipc::RequestKind::kActive:
            return request_active(r);
        case ipc::RequestKind::kTakeover:
            return request_takeover(r, now);
        case ipc::RequestKind::kCleanup:
            return request_cleanup(r);
        case ipc::RequestKind::kQuorumIgnore:
            return request_quorum_ignore(r);
        case ipc::RequestKind::kMove:
            return request_move(r, now);
        case ipc::RequestKind::kMoveBack:
            return request_move_back(r, now);
        case ipc::RequestKind::kFence:
        case ipc::RequestKind::kFenceConfirm:
        case ipc::RequestKind::kFenceTest:
            return request_fence(r);
        case ipc::RequestKind::kFenceHistory:
            return request_fence_history(r);
        case ipc::RequestKind::kMaintenanceOn:
            return request_maintenance(r, true);
        case ipc::RequestKind::kMaintenanceOff:
            return request_maintenance(r, false);
    }
}

void Impl::answer(const ipc::Request& r, bool ok, std::string text) {
    say(ok ? Level::kInfo : Level::kWarn, ok ? "request" : "request-refused",
        fmt::format("request of {}: {}", r.who, text));
    then.push_back(
        ipc::RequestAnswer{.id = r.id, .ok = ok, .text = std::move(text), .history = {}});
}

bool Impl::known_scope(const ipc::Request& r) {
    return r.scope != ipc::Scope::kGroup || groups.contains(r.group);
}

// `local` are the groups whose line names this node, `foreign` all others: Heartbeat's words.
bool Impl::in_scope(const GroupFacts& g, const ipc::Request& r) const {
    switch (r.scope) {
        case ipc::Scope::kAll:
            return true;
        case ipc::Scope::kLocal:
            return g.settings.preferred == s.self;
        case ipc::Scope::kForeign:
            return g.settings.preferred != s.self;
        case ipc::Scope::kGroup:
            return g.settings.name == r.group;
    }
    return false;
}

void Impl::request_standby(const ipc::Request& r) {
    if (r.stay) {
        if (standby) return answer(r, true, "this node is on standby already");
        standby = true;
        say(Level::kInfo, "standby", fmt::format("{} wants to go standby [all]", name_of(s.self)));
        return answer(r, true, "on standby until 'hactl active'");
    }
    std::size_t asked = 0, alone = 0, maintained = 0;
    for (auto& [name, g] : groups) {
        const bool ours = g.state == GroupState::kRunning || g.state == GroupState::kStarting;
        if (!ours || !in_scope(g, r)) continue;
        if (g.maintenance.on) {
            maintained++;
            continue;
        }
        if (!somebody_else_eligible(name)) {
            alone++;
            continue;
        }
        g.move_away = true;
        g.wanted = false;
        g.ask_for_no_move();
        asked++;
    }
    if (asked == 0 && maintained > 0) return answer(r, false, kInMaintenance);
    if (asked == 0 && alone > 0)
        return answer(r, false, "no other node can take the resources: standby refused");
    if (asked == 0) return answer(r, true, fmt::format("no {} run here", resources(r)));
    say(Level::kInfo, "standby",
        fmt::format("{} wants to go standby [{}]", name_of(s.self), word(r.scope)));
    std::string text = fmt::format("giving away {} group{}", asked, asked == 1 ? "" : "s");
    if (alone > 0) text += fmt::format("; {} stay: no other node can have them", alone);
    answer(r, true, std::move(text));
}

void Impl::request_active(const ipc::Request& r) {
    if (!standby) return answer(r, true, "this node is active already");
    standby = false;
    answer(r, true, "no longer on standby");
}

void Impl::request_takeover(const ipc::Request& r, MonoTime now) {
    if (standby) return answer(r, false, "this node is on standby: 'hactl active' ends that");
    if (isolated) return answer(r, false, "this node is isolated");
    if (!view || !membership_there) return answer(r, false, "this node is in no view yet");
    std::size_t asked = 0, failed = 0, maintained = 0;
    for (auto& [name, g] : groups) {
        const bool ours = g.state == GroupState::kRunning || g.state == GroupState::kStarting;
        if (ours || !in_scope(g, r)) continue;
        if (g.maintenance.on) {
            maintained++;
            continue;
        }
        if (g.start_failed || !g.problem.empty()) {
            failed++;
            continue;
        }
        g.wanted = true;
        g.wanted_since = now;
        g.move_away = false;
        g.ask_for_no_move();
        asked++;
    }
    if (asked == 0 && maintained > 0) return answer(r, false, kInMaintenance);
    if (asked == 0 && failed > 0)
        return answer(r, false, "their start failed here: 'hactl cleanup' allows another try");
    if (asked == 0) return answer(r, true, fmt::format("all {} run here", resources(r)));
    answer(r, true, fmt::format("asking for {} group{}", asked, asked == 1 ? "" : "s"));
}

// T13: an admin says that the cause is gone. The agents are asked what is here.
void Impl::request_cleanup(const ipc::Request& r) {
    std::size_t cleared = 0;
    for (auto& [name, g] : groups) {
        if (!in_scope(g, r)) continue;
        if (!g.trouble.empty()) {
            g.trouble.clear();
            then.push_back(ForgetRestarts{name});
            cleared++;
        }
        if (g.start_failed) {
            g.start_failed = false;
            g.start_failures = 0;
            g.retry_at.reset();
            cleared++;
        }
        if (g.state == GroupState::kFailed) {
            g.state = GroupState::kUnknown;
            g.before = GroupState::kStopping;
            g.reason = "cleanup: asking what is here";
            then.push_back(AskGroup{name});
            cleared++;
        }
    }
    for (auto& [name, old] : retired) {
        const GroupFacts* whole = with_part(name);
        const bool is_meant = in_scope(old, r) || (whole != nullptr && in_scope(*whole, r));
        if (old.state != GroupState::kFailed || !is_meant) continue;
        old.state = GroupState::kUnknown;
        old.before = GroupState::kStopping;
        then.push_back(AskGroup{name});
        cleared++;
    }
    answer(r, true,
           cleared == 0 ? "nothing to clean up"
                        : fmt::format("cleaned up {} group{}", cleared, cleared == 1 ? "" : "s"));
}

// An explicit move pins the group where it goes (T4). The wish is state: the coordinator reads it.
void Impl::request_move(const ipc::Request& r, MonoTime now) {
    if (!r.target || rank(*r.target) >= s.node_names.size())
        return answer(r, false, "no such node");
    if (*r.target == s.self) return request_takeover(r, now);
    const std::string& to = name_of(*r.target);
    if (!view || !membership_there) return answer(r, false, "this node is in no view yet");
    const auto peer = peers.find(*r.target);
    if (!in_view(*r.target) || !peer->second.report || peer->second.report->view != view->id)
        return answer(r, false, fmt::format("{} is not there", to));
    std::size_t asked = 0, refused = 0;
    std::string why;
    for (auto& [name, g] : groups) {
        if (!in_scope(g, r) || (g.row && g.row->owner == *r.target)) continue;
        const Report& there = *peer->second.report;
        const auto it = there.groups.find(name);
        Candidate c{.standby = there.standby, .leaving = there.leaving, .isolated = there.isolated};
        if (it != there.groups.end()) c.start_failed = it->second.start_failed;
        if (g.maintenance.on) {
            why = kInMaintenance;
            refused++;
            continue;
        }
        if (it == there.groups.end()) why = "its haresources does not have the group";
        if (!c.ineligible().empty()) why = c.ineligible();
        if (it == there.groups.end() || !c.eligible()) {
            refused++;
            continue;
        }
        g.move_to = r.target;
        g.move_back = false;
        g.move_since = now;
        g.wanted = g.move_away = false;
        asked++;
    }
    if (asked == 0 && refused > 0)
        return answer(r, false, fmt::format("{} cannot have it: {}", to, why));
    if (asked == 0) return answer(r, true, fmt::format("{} has it already", to));
    answer(r, true, fmt::format("moving {} group{} to {}", asked, asked == 1 ? "" : "s", to));
}

void Impl::request_move_back(const ipc::Request& r, MonoTime now) {
    if (!view || !membership_there) return answer(r, false, "this node is in no view yet");
    std::size_t asked = 0, absent = 0, maintained = 0;
    for (auto& [name, g] : groups) {
        if (!in_scope(g, r)) continue;
        if (g.maintenance.on) {
            maintained++;
            continue;
        }
        const bool there = g.row && g.row->owner == g.settings.preferred;
        if (there && !g.row->pinned) continue;
        if (!there && !in_view(g.settings.preferred)) {
            absent++;
            if (!g.row || !g.row->pinned || !s.auto_failback) continue;
        }
        g.move_to = g.settings.preferred;
        g.move_back = true;
        g.move_since = now;
        g.wanted = g.move_away = false;
        asked++;
    }
    if (asked == 0 && maintained > 0) return answer(r, false, kInMaintenance);
    if (asked == 0 && absent > 0)
        return answer(r, false, "the preferred node is not there: nothing moves");
    if (asked == 0) return answer(r, true, "nothing is away from its preferred node");
    answer(r, true,
           fmt::format("sending {} group{} back to {}", asked, asked == 1 ? "" : "s",
                       asked == 1 ? "its preferred node" : "their preferred nodes"));
}

void Impl::request_quorum_ignore(const ipc::Request& r) {
    if (!s.quorum) return answer(r, false, "no quorum applies to this cluster");
    quorum_ignored = true;
    say(Level::kWarn, "quorum-ignored",
        fmt::format("quorum is ignored until the next view, asked by {}", r.who));
    answer(r, true, "quorum is ignored until the next view");
}

}  // namespace hb::resource
