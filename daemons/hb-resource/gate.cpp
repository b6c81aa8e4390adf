#include "daemons/hb-resource/gate.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/probe_window.hpp"
#include "common/base/watchdog_times.hpp"

namespace hb::resource {

namespace {

GateVerdict closed(const char* rule, std::string reason) {
    return {.rule = rule, .reason = std::move(reason)};
}

bool says_stopped(const GatePeer& p) {
    return p.report && p.report->state == GroupState::kStopped;
}

// G2's exception: it does not hear us, has had the time to, holds nothing and is alone.
bool counts_as_silent(const GatePeer& p, const TestOnlyRulesDropped& drop) {
    if (drop.g2_deaf_late) return !p.status.hears_us;
    return p.status.deaf && p.lease_over && says_stopped(p) && p.status.accepted &&
           p.status.accepted->members.size() == 1;
}

// G5: a node that lost its majority feeds its watchdog for d + T more, unless it could stop all.
bool watchdog_fired(const GatePeer& p, const GateInput& in, const TestOnlyRulesDropped& drop) {
    if (!in.watchdog) return false;
    const bool bound_to_let_go =
        in.quorum_applies && !in.quorum_ignored && 2 * in.view.members.size() > in.nodes;
    if (!bound_to_let_go && !drop.g5_watchdog_bound) return false;
    std::optional<MonoTime> since = p.lost_since;
    if (drop.g5_watchdog_last && p.status.hearing == ipc::Hearing::kSilent) since = p.status.since;
    // Its own deadtime decides when its device fires; in.watchdog is of ours.
    const Duration longer = std::max<Duration>(
        watchdog_surely_fired(p.status.deadtime) - watchdog_surely_fired(in.deadtime), 0ns);
    return since && in.now - *since >= p.status.deadtime + in.handover + *in.watchdog + longer;
}

// L4: who has to let go of it (L2, L3) may need T longer than a quarter of deadtime to stop it. Who
// is heard and deaf says that it holds nothing.
bool is_still_stopping(const GatePeer& p, const GateInput& in, const TestOnlyRulesDropped& drop) {
    if (drop.l4 || in.handover == Duration::zero()) return false;
    if (!in.quorum_applies && !in.ping_nodes) return false;  // nobody is bound to
    if (p.status.hearing == ipc::Hearing::kHeard) return false;
    return !p.lost_since || in.now - *p.lost_since < in.handover;
}

// L6, G8: a holder knows after its own deadtime that it is gone.
Duration longest_deadtime(const GateInput& in) {
    Duration longest = std::max(in.deadtime, in.longest_deadtime);
    for (const GatePeer& p : in.peers)
        if (!in.view.contains(p.status.peer)) longest = std::max(longest, p.status.deadtime);
    return longest;
}

// G11: it does not speak our language, and may run anything.
GateVerdict ask_old_heartbeat(const GatePeer& p, const GateInput& in) {
    if (p.old_heartbeat)
        return closed("G11", fmt::format("{} still runs Heartbeat", p.name));
    if (in.listens_since && in.now - *in.listens_since < longest_deadtime(in))
        return closed("G11", fmt::format("listening whether {} runs Heartbeat", p.name));
    return {};
}

GateVerdict ask_peer(const GatePeer& p, const GateInput& in, const TestOnlyRulesDropped& drop) {
    if (GateVerdict v = ask_old_heartbeat(p, in); !v.open() && !drop.g11_old_heartbeat) return v;
    if (!p.status.judged) return closed("G1", fmt::format("waiting for {}", p.name));
    const bool left = left_in_order(p);
    if (!left && !drop.g2_heard) {
        if (p.status.hearing == ipc::Hearing::kHeard && !counts_as_silent(p, drop)) {
            if (p.status.connected && p.status.accepted && p.status.accepted->members.size() > 1)
                return closed("G4", fmt::format("{}'s view decides", p.name));
            return closed("G2", p.status.hears_us
                                    ? fmt::format("{} is heard, but is not in our view", p.name)
                                    : fmt::format("{} is heard, but does not hear us", p.name));
        }
        for (const GatePeer& y : in.peers) {
            if (y.status.peer == p.status.peer || y.status.hearing != ipc::Hearing::kHeard)
                continue;
            if (y.status.hears.contains(p.status.peer))
                return closed("G3", fmt::format("{} hears {}", y.name, p.name));
        }
    }
    // In maintenance nobody is bound to let go, and an orderly stop stops nothing.
    if (p.keeps && p.fenced_generation != p.status.generation && !drop.m4_keepers)
        return closed("G10",
                      fmt::format("{} kept it in maintenance and has not come back", p.name));
    const bool covered = p.fence_covered || in.watchdog;
    const bool off = p.fenced_generation == p.status.generation || watchdog_fired(p, in, drop);
    if (!left && !drop.g5 && covered && !off)
        return closed("G5",
                      p.fence_covered
                          ? fmt::format("fencing {}{}", p.name,
                                        p.fence_text.empty() ? std::string()
                                                             : fmt::format(" ({})", p.fence_text))
                          : fmt::format("waiting for the watchdog of {}", p.name));
    if (!left && !off && is_still_stopping(p, in, drop))
        return closed("L4", fmt::format("giving {} {} to stop what it has to let go of (handover)",
                                        p.name, to_string(in.handover)));
    return {};
}

// G7: quorum, isolation.
GateVerdict ask_majority(const GateInput& in, const TestOnlyRulesDropped& drop) {
    if (drop.g7) return {};
    if (in.quorum_applies && !in.quorum_ignored && 2 * in.view.members.size() <= in.nodes)
        return closed("G7",
                      fmt::format("no quorum: {} of {} nodes", in.view.members.size(), in.nodes));
    if (in.ping_nodes && (!in.ping_answered || in.now - *in.ping_answered >= in.deadtime))
        return closed("G7", "isolated: no ping node answers");
    return {};
}

// The same words whichever of a thousand addresses is still asked for.
std::string asking_for(const GateInput& in) {
    const std::string first = in.probes.front().where.address.to_string();
    const std::size_t more = in.probes.size() - 1;
    return more == 0 ? fmt::format("asking who has {}", first)
                     : fmt::format("asking who has {} and {} more", first, more);
}

GateVerdict ask_address(const ipc::ProbeStatus& probe, const GateInput& in,
                        const TestOnlyRulesDropped& drop) {
    const std::string address = probe.where.address.to_string();
    const std::string mac = probe.by ? probe.by->to_string() : std::string("an unknown MAC");
    const Duration hold = drop.g8_hold ? probe_window(in.deadtime) : longest_deadtime(in);
    if (probe.answered && in.now - *probe.answered < hold)
        return closed("G8", fmt::format("address {} is held by {}", address, mac));
    if (!probe.carrier) return closed("G8", fmt::format("no carrier on {}", probe.where.interface));
    if (probe.crossed) return closed("G8", fmt::format("another node asks for {} too", address));
    const bool fresh = probe.window_complete &&
                       in.now - *probe.window_complete <= 2 * probe_window(in.deadtime) &&
                       (!probe.answered || *probe.window_complete > *probe.answered);
    if (!fresh) return closed("G8", asking_for(in));
    if (!probe.control_heard) {
        if (in.ping_nodes)
            return closed("G8", fmt::format("nothing at all is heard on {}: silence proves nothing",
                                            probe.where.interface));
        return {.weak = true};
    }
    return {};
}

}  // namespace

bool left_in_order(const GatePeer& peer) {
    return peer.report && peer.report->leaving && says_stopped(peer) &&
           peer.report->generation >= peer.status.generation;
}

GateVerdict ask_gate(const GateInput& in, const TestOnlyRulesDropped& drop) {
    bool outside = false;
    bool only_left = true;
    GateVerdict unfenced;
    std::vector<NodeId> to_fence;
    for (const GatePeer& p : in.peers) {
        if (in.view.contains(p.status.peer)) continue;
        outside = true;
        only_left = only_left && left_in_order(p);
        GateVerdict v = ask_peer(p, in, drop);
        if (v.open()) continue;
        if (v.rule != "G5") return v;
        // Whoever else is outside may forbid more than that: nobody is shot before all is known.
        if (unfenced.open()) unfenced = std::move(v);
        if (p.fence_covered) to_fence.push_back(p.status.peer);
    }
    if (!outside) return {};
    const GateVerdict majority = ask_majority(in, drop);
    if (!unfenced.open()) {
        if (majority.open())
            unfenced.fence = std::move(to_fence);
        else
            unfenced.reason += fmt::format(", but {}", majority.reason);
        return unfenced;
    }
    if (!majority.open()) return majority;
    // Whoever was cut off himself heard no answers meanwhile: a holder that vanished in that time
    // needs d to know it (L6), as it does after its last answer (G8).
    if (!drop.g7 && !drop.g8_hold && in.ping_nodes && in.pings_whole_since &&
        in.now - *in.pings_whole_since < longest_deadtime(in))
        return closed("G7", "this node was isolated until a moment ago");

    if (drop.g8 || (drop.g6_left_passes_g8 && only_left)) return {};
    GateVerdict verdict;
    // A holder behind a heartbeat cut that vanished before our first probe is still finding out
    // (L6).
    const bool asked_enough =
        in.asked_since && in.now - *in.asked_since >= 2 * ping_patience(longest_deadtime(in));
    for (const ipc::ProbeStatus& probe : in.probes) {
        if (in.ping_nodes && !asked_enough && !drop.g8_hold) return closed("G8", asking_for(in));
        const GateVerdict v = ask_address(probe, in, drop);
        if (!v.open()) return v;
        verdict.weak = verdict.weak || v.weak;
    }
    return verdict;
}

}  // namespace hb::resource
