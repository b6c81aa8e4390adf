// OwnershipCore: which nodes have to be switched off (G5, T13, an admin's word), and what hb-fence
// says of it. Switching off is hb-fence's work; here is only decided who, and what is believed.
#include <fmt/format.h>

#include <algorithm>

#include "daemons/hb-resource/ownership_impl.hpp"

namespace hb::resource {

using Impl = OwnershipCore::Impl;

namespace {
constexpr std::uint32_t kAskedTries = 3;  // what an admin asked for is not tried for ever
}

bool Impl::covered(NodeId peer, NodeId by) const {
    return rank(by) < s.fencing.size() && s.fencing[rank(by)].contains(peer);
}

bool Impl::is_fenced(const PeerFacts& p) const {
    return p.fence.confirmed == p.known_generation;
}

// Without quorum, two nodes that lose each other may shoot each other. The one that is named later
// waits, unless it knows that the other one has everything and so has no reason to shoot.
Duration Impl::fence_delay(const PeerFacts& p) const {
    if ((s.quorum && !quorum_ignored) || rank(s.self) < rank(p.status.peer)) return {};
    const bool has_all =
        p.report && std::ranges::all_of(groups, [&](const auto& g) {
            const auto it = p.report->groups.find(g.first);
            return it != p.report->groups.end() && it->second.state == GroupState::kRunning;
        });
    return has_all ? Duration::zero() : s.fence_delay;
}

// T13: a stop failed on a member that we hear. One node of the view has it switched off, so that
// the others may have the group: the first of those that can.
std::string Impl::failed_stop_of(const PeerFacts& p) const {
    if (!in_view(p.status.peer) || !p.report || p.report->view != view->id || p.report->leaving)
        return {};
    for (const Member& m : view->members) {
        if (m.node == p.status.peer || !covered(p.status.peer, m.node)) continue;
        if (m.node != s.self) return {};
        break;
    }
    for (const auto& [name, r] : p.report->groups) {
        if (r.state != GroupState::kFailed || !groups.contains(name)) continue;
        const GroupFacts& g = groups.at(name);
        if (g.maintenance.on) continue;  // nobody could start it
        const bool we_can = !standby && !g.start_failed && g.problem.empty() && !isolated;
        const bool third_can = std::ranges::any_of(view->members, [&](const Member& m) {
            if (m.node == s.self || m.node == p.status.peer) return false;
            const PeerFacts& y = peers.at(m.node);
            if (!y.report || y.report->view != view->id) return false;
            const auto it = y.report->groups.find(name);
            return it != y.report->groups.end() && !y.report->standby && !y.report->leaving &&
                   !it->second.start_failed;
        });
        if (we_can || third_can) return fmt::format("{} could not be stopped there", name);
    }
    return {};
}

void Impl::note_fencing(MonoTime now) {
    for (auto& [id, p] : peers) {
        FenceFacts& f = p.fence;
        const bool ours = covered(id, s.self) && !leave_wanted;
        // Without hb-membership nothing new is known: what goes on goes on.
        if (ours && (!membership_there || !view)) continue;
        std::string why;
        if (ours && !is_fenced(p)) {
            if (f.asked_by)
                why = fmt::format("asked by {}", *f.asked_by);
            else if (in_view(id))
                why = failed_stop_of(p);
            else if (const auto gate = gate_fences.find(id); gate != gate_fences.end())
                why = gate->second;
        }
        if (!why.empty()) {
            f.last_wanted = now;
            if (f.wanted) continue;
            f.wanted = true;
            f.state.reset();
            f.why = why;
            f.delay = f.asked_by ? Duration::zero() : fence_delay(p);
            say(Level::kWarn, "fencing-asked",
                fmt::format("{} has to be switched off: {}", name_of(id), why),
                {{"HB_NODE", name_of(id)}, {"HB_REASON", why}});
            continue;
        }
        // A new view asks for nothing before it has a table: that is no change of mind.
        const bool lingers = ours && !isolated && !no_majority && f.wanted && !is_fenced(p) &&
                             !in_view(id) && p.status.hearing != ipc::Hearing::kHeard &&
                             now - f.last_wanted < s.deadtime;
        if (lingers) continue;
        f.wanted = false;
    }
    ipc::FenceWishes wishes;
    for (const auto& [id, p] : peers)
        if (p.fence.wanted)
            wishes.wishes.push_back({.peer = id,
                                     .generation = p.known_generation,
                                     .delay = p.fence.delay,
                                     .why = p.fence.why});
    if (!fence_there || (last_wishes == wishes)) return;
    then.push_back(wishes);
    last_wishes = std::move(wishes);
}

// "fencing node2 (try 3: fence_ipmilan: Connection timed out)": what stands in the brackets.
std::string Impl::fence_text(const PeerFacts& p) const {
    if (!fence_there) return "hb-fence is being restarted";
    if (!p.fence.wanted) return {};
    if (!p.fence.state) return p.fence.delay > Duration::zero() ? "it waits its delay" : "";
    const ipc::FenceState& state = *p.fence.state;
    if (state.text.starts_with("waiting for a human")) return state.text;
    const bool waits = state.phase == ipc::FencePhase::kWaiting;
    if (waits && state.failed == 0) return "it waits its delay";
    std::string text = fmt::format("try {}", waits ? state.failed : state.failed + 1);
    if (!state.text.empty()) text += ": " + state.text;
    return text;
}

// ---- from hb-fence

void Impl::on(const FenceHere&, MonoTime) {
    fence_there = true;
    last_wishes.reset();
    for (auto& [id, p] : peers)
        p.fence.state.reset();
}

void Impl::on(const FenceGone&, MonoTime) {
    fence_there = false;
    fence_trouble.clear();
    for (const std::uint64_t id : fence_requests)
        then.push_back(ipc::RequestAnswer{
            .id = id, .ok = false, .text = "hb-fence died; ask again", .history = {}});
    fence_requests.clear();
}

void Impl::on(const ipc::FenceState& m, MonoTime now) {
    const auto it = peers.find(m.peer);
    if (it == peers.end()) return;
    PeerFacts& p = it->second;
    // What is not wanted any more has returned: it is not off, whatever a device said before.
    if (!p.fence.wanted || m.generation != p.known_generation) return;
    p.fence.state = m;
    if (m.phase == ipc::FencePhase::kConfirmed) {
        p.fence.confirmed = m.generation;
        p.fence.confirmed_at = now;
        p.fence.asked_by.reset();
        p.fence.wanted = false;
        release_keeper(m.peer);
        say(Level::kInfo, "fence-confirmed",
            fmt::format("{} is off, confirmed by {}", name_of(m.peer), m.text),
            {{"HB_NODE", name_of(m.peer)}});
    } else if (p.fence.asked_by && m.failed >= kAskedTries) {
        say(Level::kError, "fence-request-failed",
            fmt::format("{} could not be switched off as {} asked: {}", name_of(m.peer),
                        *p.fence.asked_by, m.text),
            {{"HB_NODE", name_of(m.peer)}, {"HB_REASON", m.text}});
        p.fence.asked_by.reset();
    }
}

void Impl::on(const ipc::FenceDeviceTrouble& m, MonoTime) {
    fence_trouble = m.text;
}

void Impl::on(const ipc::FenceAnswer& m, MonoTime) {
    if (fence_requests.erase(m.id) == 0) return;
    then.push_back(
        ipc::RequestAnswer{.id = m.id, .ok = m.ok, .text = m.text, .history = m.history});
}

// A confirmation is of one life of a node, and of the time since: who is heard later is not off.
// Frames that were on their way when it went off are heard a moment later.
void Impl::doubt_confirmation(PeerFacts& p, const ipc::PeerStatus& before) {
    p.known_generation = std::max(p.known_generation, p.status.generation);
    if (!p.fence.confirmed) return;
    const bool newer = *p.fence.confirmed != p.known_generation;
    const bool returned =
        before.hearing == ipc::Hearing::kSilent && p.status.hearing == ipc::Hearing::kHeard;
    const bool heard_since = p.status.last_heard != kNever &&
                             p.status.last_heard > p.fence.confirmed_at + s.deadtime / 4;
    if (!newer && !returned && !heard_since) return;
    p.fence.confirmed.reset();
    if (!newer)
        say(Level::kError, "fence-disproved",
            fmt::format("{} is heard although it was confirmed to be off: its fence device, or who "
                        "confirmed, is wrong",
                        name_of(p.status.peer)),
            {{"HB_NODE", name_of(p.status.peer)}});
}

// ---- admins

void Impl::request_fence(const ipc::Request& r) {
    if (!r.target || rank(*r.target) >= s.node_names.size())
        return answer(r, false, "no such node");
    const std::string& node = name_of(*r.target);
    if (*r.target == s.self) return answer(r, false, "a node does not fence itself: ask another");
    if (r.kind == ipc::RequestKind::kFenceConfirm && !covered(*r.target, s.self) &&
        (keeps_anything(*r.target) || has_other_groups(*r.target)))
        return confirm_keeper_off(r);
    if (!covered(*r.target, s.self))
        return answer(r, false, fmt::format("this node has no fence device for {}", node));
    if (!fence_there) return answer(r, false, "hb-fence is being restarted; ask again");
    PeerFacts& p = peers.at(*r.target);
    const bool heard = p.status.hearing == ipc::Hearing::kHeard;
    if (r.kind == ipc::RequestKind::kFenceTest)
        return ask_fence(r, ipc::FenceRequestKind::kTest, 0);
    if (r.kind == ipc::RequestKind::kFenceConfirm) {
        if (heard) return answer(r, false, fmt::format("{} is heard: it is not off", node));
        release_keeper(*r.target);  // a human's word; a device may be asked for it besides (G5)
        if (is_fenced(p)) return answer(r, true, fmt::format("{} is off already", node));
        return ask_fence(r, ipc::FenceRequestKind::kConfirm, p.known_generation);
    }
    if (heard && !r.force)
        return answer(r, false,
                      fmt::format("{} is heard: 'hactl standby' there empties it in order; --force "
                                  "switches it off all the same",
                                  node));
    if (!heard && is_fenced(p)) return answer(r, true, fmt::format("{} is off", node));
    p.fence.confirmed.reset();
    p.fence.asked_by = r.who;
    answer(r, true, fmt::format("switching {} off", node));
}

void Impl::request_fence_history(const ipc::Request& r) {
    if (s.fencing.empty() || s.fencing[rank(s.self)].empty())
        return answer(r, false, "this node has no fence device");
    if (!fence_there) return answer(r, false, "hb-fence is being restarted; ask again");
    ask_fence(r, ipc::FenceRequestKind::kHistory, 0);
}

void Impl::ask_fence(const ipc::Request& r, ipc::FenceRequestKind kind, std::uint64_t generation) {
    fence_requests.insert(r.id);
    then.push_back(ipc::FenceRequest{
        .id = r.id, .kind = kind, .peer = r.target, .generation = generation, .who = r.who});
}

}  // namespace hb::resource
