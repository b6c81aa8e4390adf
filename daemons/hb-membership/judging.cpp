#include "daemons/hb-membership/judging.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/assert.hpp"
#include "daemons/hb-membership/facts.hpp"

namespace hb::membership {

using ipc::Hearing;

Judging::Judging(const MembershipSettings& settings, Peers& peers, MonoTime now)
    : settings_(settings), peers_(peers), last_awake_(now) {
    for (Peer& p : peers_) {
        p.since = now;
        p.deadtime = settings_.deadtime;
    }
}

const std::string& Judging::name(const Peer& peer) const {
    return settings_.node_names[rank(peer.node)];
}

std::string Judging::link_name(LinkId link) const {
    return index(link) < links_.size() ? links_[index(link)] : fmt::format("link{}", index(link));
}

// ---- listening

// While anybody can fall silent this core is called at least four times within a deadtime (see
// next_deadline). Twice that without a call: we stood still, and frames may wait to be read, here
// or in hb-comm, which perhaps stood still with us.
bool Judging::awake(MonoTime now, std::vector<Event>& events) {
    const Duration gap = now - last_awake_;
    last_awake_ = std::max(last_awake_, now);
    const auto wait = shortest_wait();
    if (!wait || gap <= *wait / 2) return false;
    listen_anew(now);
    events.push_back(facts::stood_still(gap));
    return true;
}

void Judging::listen_anew(MonoTime now) {
    listening_since_ = std::max(listening_since_, now);
    for (Peer& p : peers_) {
        p.unheard_since.reset();
        p.unheard_for_deadtime = false;
    }
}

void Judging::start_listening(const ipc::CommHello& hello, MonoTime now,
                              std::vector<Event>& events) {
    listening_ = true;
    comm_listened_ = now;
    if (!first_listened_) first_listened_ = now;
    listen_anew(now);
    links_ = hello.links;
    for (Peer& p : peers_) {
        p.links.resize(links_.size());
        for (PeerLink& l : p.links)
            l.stale = l.told;
    }
    links_stale_ = true;
    if (local_status_ == NodeStatus::kInit) {
        local_status_ = NodeStatus::kUp;
        events.push_back(facts::local_status(local_status_));
    }
}

void Judging::stop_listening() {
    listening_ = false;
    for (Peer& p : peers_) {
        p.unheard_since.reset();
        p.unheard_for_deadtime = false;
    }
}

void Judging::comm_gap(Duration gap, MonoTime now) {
    for (Peer& p : peers_)
        if (p.hearing == Hearing::kSilent && p.since >= now - gap) p.silence_was_ours = true;
    listen_anew(now);
}

// Who announced none yet is waited for as long as we would be.
void Judging::new_deadtime() {
    for (Peer& p : peers_)
        if (p.generation == 0) p.deadtime = settings_.deadtime;
}

std::optional<Duration> Judging::shortest_wait() const {
    if (!listening_) return std::nullopt;
    std::optional<Duration> shortest;
    for (const Peer& p : peers_)
        if (p.node != settings_.self && p.hearing != Hearing::kSilent)
            shortest = std::min(shortest.value_or(p.deadtime), p.deadtime);
    return shortest;
}

// ---- frames

bool Judging::hear(Peer& p, const ipc::FrameSeen& seen, MonoTime now, std::vector<Event>& events) {
    bool changed = p.late;
    const MonoTime at = std::min(seen.received, now);
    if (index(seen.link) < p.links.size()) p.links[index(seen.link)].last_heard = at;
    if (seen.generation > p.generation || seen.session != p.session) remember_hearing(p);
    if (seen.generation > p.generation) {
        changed = true;
        new_life(p, seen.generation, now, events);
    } else if (p.last_heard != kNever) {
        // What we missed because we did not listen says nothing of the peer.
        const Duration interval = at - std::max(p.last_heard, listening_since_);
        const bool beyond = interval > p.deadtime;
        if ((interval > settings_.warntime || beyond) && !p.leaving())
            events.push_back(facts::late_heartbeat(name(p), interval, beyond));
        if (p.hearing == Hearing::kSilent && !p.silence_was_ours && !p.leaving())
            events.push_back(facts::after_partition(name(p), at - p.last_heard));
    }
    if (seen.session != p.session) {
        changed = changed || p.unheard_for_deadtime;
        p.session = seen.session;
        p.unheard_since.reset();
        p.unheard_for_deadtime = false;
    }
    p.last_heard = std::max(p.last_heard, at);
    p.late = false;
    if (seen.fresh || !p.heard()) p.unproven_since.reset();
    if (!seen.fresh && !p.unproven_since) p.unproven_since = at;
    if (!p.heard()) {
        changed = true;
        p.hearing = Hearing::kHeard;
        p.since = now;
        p.met = now;
        p.silence_was_ours = false;
        p.last_fresh.reset();
        p.hears_us = false;
        p.hears = {};
        p.complete = false;
        p.unheard_since.reset();
        p.unheard_for_deadtime = false;
    }
    return changed;
}

void Judging::remember_hearing(Peer& p) const {
    if (!p.heard() || !p.last_fresh || p.hears.empty()) return;
    Duration longest = own_deadtime(*p.last_fresh);
    for (const Peer& x : peers_)
        longest = std::max(longest, x.deadtime);
    p.heard_before = p.hears;
    p.heard_before_until = *p.last_fresh + longest;
}

// A newer generation: everything on that host began anew. What its earlier life said is void.
void Judging::new_life(Peer& p, std::uint64_t generation, MonoTime now,
                       std::vector<Event>& events) {
    const bool known = p.generation != 0;
    p.generation = generation;
    if (!known) return;
    events.push_back(facts::node_restart(name(p), generation));
    p.incarnation = {};
    p.last_fresh.reset();
    p.hears_us = false;
    p.hears = {};
    p.complete = false;
    p.unheard_since.reset();
    p.unheard_for_deadtime = false;
    p.view.reset();
    p.report.reset();
    p.table.reset();
    p.ping.reset();
    p.held = false;
    p.hold = {};
    p.met = now;
    p.status = NodeStatus::kInit;
}

bool Judging::read_head(Peer& p, const ipc::FrameSeen& seen, bool& changed) {
    const FrameHead& head = seen.head;
    const Incarnation none{};
    const bool older = head.incarnation != none && head.incarnation < p.incarnation;
    if (older && !settings_.dropped.v1_newer) return false;
    if (head.incarnation != none && head.incarnation != p.incarnation) {
        // Its hb-membership is another: what the old one said of views is void.
        p.incarnation = head.incarnation;
        p.met = std::max(p.met, seen.received);
        p.nonsense_said = false;
        p.view.reset();
        p.unheard_since.reset();
        p.unheard_for_deadtime = false;
        changed = true;
    }
    if (head.deadtime > Duration::zero() && head.deadtime != p.deadtime) {
        p.deadtime = head.deadtime;
        changed = true;
    }
    bool hears_us = false;
    NodeSet hears;
    for (const Heard& h : head.heard) {
        if (h.links == 0 || rank(h.peer) >= peers_.size()) continue;
        hears.insert(h.peer);
        if (h.peer == settings_.self) hears_us = true;
    }
    if (hears_us != p.hears_us || hears != p.hears) changed = true;
    p.hears_us = hears_us;
    p.hears = hears;

    // G2: deaf is who keeps sending, for our whole deadtime and without a pause of its own, that it
    // does not hear us.
    const bool paused = p.last_fresh && seen.received - *p.last_fresh > p.deadtime;
    if (hears_us || paused) p.unheard_since.reset();
    if (!hears_us && !p.unheard_since) p.unheard_since = std::max(seen.received, listening_since_);
    const bool unheard =
        p.unheard_since && seen.received - *p.unheard_since >= own_deadtime(seen.received);
    if (unheard != p.unheard_for_deadtime) changed = true;
    p.unheard_for_deadtime = unheard;
    p.last_fresh = seen.received;
    return true;
}

// A node that is heard is at least up, whatever it calls itself and before it calls itself
// anything.
void Judging::update_status(Peer& p, std::vector<Event>& events) {
    NodeStatus status = p.view ? p.view->value.status : p.status;
    if (status == NodeStatus::kInit || status == NodeStatus::kDead) status = NodeStatus::kUp;
    if (p.status == status) return;
    p.status = status;
    events.push_back(facts::node_status(name(p), status));
}

void Judging::link_changed(const ipc::LinkChanged& change, std::vector<Event>& events) {
    Peer& p = peers_[rank(change.peer)];
    if (index(change.link) >= p.links.size()) return;
    PeerLink& l = p.links[index(change.link)];
    const bool one_way = change.fault == ipc::LinkFault::kOneWayOut;
    // Of a link that flaps that is said, and no more (hb-comm).
    const bool flaps = change.flaps >= ipc::kLinkFlaps;
    if (flaps && l.flaps < ipc::kLinkFlaps)
        events.push_back(facts::link_flaps(name(p), link_name(change.link), change.flaps));
    else if (l.up != change.up && !flaps)
        events.push_back(
            facts::link_state(name(p), link_name(change.link), change.up, change.detail));
    if (one_way && l.fault != change.fault && !flaps)
        events.push_back(facts::link_one_way(name(p), link_name(change.link), change.detail));
    l.told = true;
    l.stale = false;
    l.up = change.up;
    l.fault = change.fault;
    l.detail = change.detail;
    l.flaps = change.flaps;
    if (change.heard && (!l.last_heard || *l.last_heard < *change.heard))
        l.last_heard = change.heard;
}

void Judging::link_measured(const ipc::LinkMeasured& measured) {
    if (rank(measured.peer) >= peers_.size()) return;
    Peer& p = peers_[rank(measured.peer)];
    if (index(measured.link) < p.links.size()) p.links[index(measured.link)].measured = measured;
}

// ---- time

// Our own hb-comm stood still before then: that says nothing of the peer. It says that it listens
// eight times in a deadtime, the shortest of ours and the peers': who announces a shorter one than
// ours falls silent sooner.
bool Judging::nobody_listened(const Peer& p, MonoTime until) const {
    return until - comm_listened_ > std::min(settings_.deadtime, p.deadtime) / 4;
}

// Section 8: what may be a recording is heard for one deadtime, not until one after its last frame.
MonoTime Judging::heard_until(const Peer& p) const {
    const MonoTime until = p.last_heard + p.deadtime;
    if (!p.unproven_since) return until;
    return std::min(until,
                    *p.unproven_since + std::max(own_deadtime(*p.unproven_since), p.deadtime));
}

MonoTime Judging::silent_at(const Peer& p) const {
    const MonoTime listened = listening_since_ + p.deadtime;
    switch (p.hearing) {
        case Hearing::kNever: {
            const Duration wait = settings_.respawned ? p.deadtime : settings_.initdead;
            return std::max(listened, *first_listened_ + wait);
        }
        case Hearing::kHeard:
            return std::max(listened, heard_until(p));
        case Hearing::kSilent:
            return kForever;
    }
    HB_UNREACHABLE();
    return kForever;
}

MonoTime Judging::late_at(const Peer& p) const {
    if (!p.heard() || p.late) return kForever;
    return p.last_heard + std::min(settings_.warntime, p.deadtime * 3 / 5);
}

// It is heard, but none of its frames echoes our present session: it no longer says that it hears
// us. (Its judgement of us takes our deadtime; its frames come within its own.)
MonoTime Judging::unconfirmed_at(const Peer& p) const {
    if (!p.heard() || !p.hears_us || !p.last_fresh) return kForever;
    const MonoTime from = std::max(*p.last_fresh, listening_since_);
    return from + std::max(own_deadtime(from), p.deadtime);
}

void Judging::on_deadline(MonoTime now, std::vector<Event>& events) {
    if (!listening_) return;
    for (Peer& p : peers_) {
        if (p.node == settings_.self) continue;
        if (now >= late_at(p)) p.late = true;
        if (now >= p.heard_before_until) p.heard_before = {};
        if (now >= unconfirmed_at(p)) {
            p.hears_us = false;
            p.complete = false;
        }
        const MonoTime due = silent_at(p);
        if (now < due || nobody_listened(p, due)) continue;
        const bool left = p.leaving();
        p.hearing = Hearing::kSilent;
        p.since = now;
        p.late = false;
        p.hears_us = false;
        p.complete = false;
        p.unheard_since.reset();
        p.unheard_for_deadtime = false;
        p.status = NodeStatus::kDead;
        events.push_back(facts::node_dead(name(p), left));
    }
    drop_stale_links(now, events);
}

// The new hb-comm has listened for a deadtime and said nothing of a link that was up before.
void Judging::drop_stale_links(MonoTime now, std::vector<Event>& events) {
    if (!links_stale_ || now < listening_since_ + settings_.deadtime) return;
    links_stale_ = false;
    for (Peer& p : peers_)
        for (std::size_t i = 0; i < p.links.size(); ++i) {
            PeerLink& l = p.links[i];
            if (!l.stale) continue;
            l.stale = false;
            l.fault = ipc::LinkFault::kSilent;
            if (l.up)
                events.push_back(facts::link_state(name(p), link_name(link_id(i)), false, ""));
            l.up = false;
        }
}

bool Judging::all_judged() const {
    return std::ranges::all_of(peers_, [this](const Peer& p) {
        return p.node == settings_.self || p.hearing != Hearing::kNever;
    });
}

void Judging::update_local_status(std::vector<Event>& events) {
    if (local_status_ != NodeStatus::kUp || !all_judged()) return;
    local_status_ = NodeStatus::kActive;
    events.push_back(facts::comm_now_up());
    events.push_back(facts::local_status(local_status_));
}

MonoTime Judging::next_deadline() const {
    if (!listening_) return kForever;
    MonoTime next = kForever;
    for (const Peer& p : peers_) {
        if (p.node == settings_.self) continue;
        next = std::min({next, late_at(p), unconfirmed_at(p),
                         p.heard_before.empty() ? kForever : p.heard_before_until});
        // Else hb-comm's next word comes first, or must be waited for.
        if (const MonoTime due = silent_at(p); !nobody_listened(p, due)) next = std::min(next, due);
    }
    if (const auto wait = shortest_wait()) next = std::min(next, last_awake_ + *wait / 4);
    if (links_stale_) next = std::min(next, listening_since_ + settings_.deadtime);
    return next;
}

}  // namespace hb::membership
