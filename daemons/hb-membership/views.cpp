#include "daemons/hb-membership/views.hpp"

#include <algorithm>

#include "common/base/assert.hpp"
#include "daemons/hb-membership/facts.hpp"

namespace hb::membership {
namespace {

constexpr Duration kLongestHold = 60s;
// A node that behaved for this long is struck as if for the first time.
constexpr Duration kStrikeForgotten = 10 * kLongestHold;

}  // namespace

Views::Views(const MembershipSettings& settings, Peers& peers)
    : settings_(settings), peers_(peers), follows_(settings.self) {}

bool Views::mine() const {
    return accepted_ && accepted_->id.coordinator == settings_.self;
}

bool Views::has_accepted(const Peer& p) const {
    const View* theirs = p.accepted();
    return theirs != nullptr && *theirs == *accepted_;
}

void Views::saw_number(std::uint64_t number) {
    highest_number_ = std::max(highest_number_, number);
}

void Views::listen_anew(MonoTime now) {
    accepted_at_ = std::max(accepted_at_, now);
}

void Views::settle(MonoTime now, bool judged, const OwnState& own, std::vector<Event>& events) {
    settled_at_ = now;
    note_connections(now);
    leave_out_the_mute(now, events);
    bool changed = true;
    while (changed) {
        changed = follow();
        changed = accept(now, own, events) || changed;
        changed = propose(now, judged, own, events) || changed;
        changed = install(events) || changed;
    }
}

void Views::note_connections(MonoTime now) {
    for (Peer& p : peers_) {
        if (p.connected() && !p.connected_since) {
            p.connected_since = now;
            // Away for as long as it should have been here: it disturbed nobody meanwhile.
            if (p.held && now - p.disconnected_since >= p.hold) p.held = false;
        } else if (!p.connected() && p.connected_since) {
            p.connected_since.reset();
            p.disconnected_since = now;
        }
        if (p.held && p.connected_since && now >= held_until(p)) p.held = false;
    }
}

// V2: lower ranks only, so that the choice comes to rest.
bool Views::follow() {
    NodeId choice = settings_.self;
    for (const Peer& p : peers_) {
        if (p.node == settings_.self) break;
        if (p.connected() && p.follows(p.node)) {
            choice = p.node;
            break;
        }
    }
    if (choice == follows_) return false;
    follows_ = choice;
    return true;
}

// ---- V4

bool Views::acceptable(const Peer& from) const {
    const View* view = from.accepted();
    if (view == nullptr || view->id.coordinator != from.node) return false;
    if (!settings_.dropped.v4_follow && follows_ != from.node) return false;
    if (!from.heard()) return false;
    const Member* me = view->find(settings_.self);
    if (me == nullptr) return false;
    if (me->incarnation != settings_.incarnation && !settings_.dropped.v4_incarnation) return false;
    if (!accepted_) return true;
    if (settings_.dropped.v4_higher) return *view != *accepted_;
    return view->id > accepted_->id;
}

bool Views::accept(MonoTime now, const OwnState& own, std::vector<Event>& events) {
    if (own.report != nullptr && own.report->leaving) return false;
    for (const Peer& p : peers_) {
        if (p.node == settings_.self || !acceptable(p)) continue;
        // With V4's order dropped two views could replace each other without end.
        if (settings_.dropped.v4_higher && accepted_at_ == now && accepted_) continue;
        take(*p.accepted(), now, events);
        return true;
    }
    return false;
}

void Views::take(View view, MonoTime now, std::vector<Event>& events) {
    // I1: accepted never falls within one incarnation.
    HB_ASSERT(!accepted_ || view.id > accepted_->id || settings_.dropped.v4_higher);
    HB_ASSERT(view.contains(settings_.self));
    saw_number(view.id.number);
    accepted_ = std::move(view);
    installed_ = false;
    accepted_at_ = now;
    goodbye_since_.reset();
    std::string members;
    for (const Member& m : accepted_->members)
        members += (members.empty() ? "" : " ") + name(m.node);
    events.push_back(facts::view_accepted(*accepted_, members, name(accepted_->id.coordinator)));
}

// ---- V3

MonoTime Views::held_until(const Peer& p) const {
    return std::max(*p.connected_since, p.struck_at) + p.hold;
}

bool Views::wanted(const Peer& p) const {
    if (!p.connected() || !p.view || p.held) return false;
    return p.follows(settings_.self) || settings_.dropped.v4_follow;
}

// A node whose present life was just heard gets the round trip (at most its deadtime) that it needs
// to hear us and to follow us, lest every start and every respawn make a view of one first. Only
// before the first view of our life, and for members of our view.
bool Views::meeting(const Peer& p) const {
    if (p.node == settings_.self || !p.heard()) return false;
    if (accepted_) {
        const Member* known = accepted_->find(p.node);
        if (known == nullptr || known->incarnation == p.incarnation) return false;
    }
    return !p.view || (p.connected() && p.follows(p.node) && p.node > settings_.self);
}

MonoTime Views::met_at(const Peer& p) const {
    return p.met + p.deadtime;
}

View Views::wanted_view(bool& member_is_higher) const {
    View view{{0, settings_.self, settings_.incarnation}, {}};
    member_is_higher = false;
    for (const Peer& p : peers_) {
        if (p.node == settings_.self) {
            view.members.push_back({p.node, settings_.incarnation});
        } else if (wanted(p)) {
            view.members.push_back({p.node, p.incarnation});
            const View* theirs = p.accepted();
            if (theirs != nullptr && (!accepted_ || theirs->id > accepted_->id))
                member_is_higher = true;
        }
    }
    return view;
}

bool Views::propose(MonoTime now, bool judged, const OwnState& own, std::vector<Event>& events) {
    if (follows_ != settings_.self) goodbye_since_.reset();
    if (follows_ != settings_.self || !judged) return false;
    if (own.report != nullptr && own.report->leaving) return false;
    bool member_is_higher = false;
    View next = wanted_view(member_is_higher);
    if (mine() && accepted_->members == next.members && !member_is_higher) {
        goodbye_since_.reset();
        return false;
    }
    if (std::ranges::any_of(peers_, [&](const Peer& p) { return meeting(p) && now < met_at(p); }))
        return false;
    if (accepted_ && !settings_.dropped.v6_table_first &&
        goodbye_unanswered(*accepted_, settings_.self, peers_, own,
                           !settings_.dropped.v6_connected_only)) {
        if (!goodbye_since_) goodbye_since_ = now;
        if (now < *goodbye_since_ + settings_.deadtime * 3 / 4) return false;
        events.push_back(facts::goodbye_unanswered(*accepted_));
    }
    next.id.number = highest_number_ + 1;
    take(std::move(next), now, events);
    return true;
}

// V3's end: a member that did not accept within its deadtime is left out, for longer each time.
void Views::leave_out_the_mute(MonoTime now, std::vector<Event>& events) {
    if (!mine() || installed_) return;
    for (const Member& m : accepted_->members) {
        Peer& p = peers_[rank(m.node)];
        if (m.node == settings_.self || !p.connected() || has_accepted(p)) continue;
        if (now < accepted_at_ + p.deadtime) continue;
        const bool repeated = p.hold > Duration::zero() && now - p.struck_at < kStrikeForgotten;
        p.hold = std::min(repeated ? p.hold * 2 : p.deadtime, kLongestHold);
        p.struck_at = now;
        p.held = true;
        events.push_back(facts::left_out(name(p.node), *accepted_, p.hold));
    }
}

// ---- V5

bool Views::install(std::vector<Event>& events) {
    if (!mine() || installed_) return false;
    for (const Member& m : accepted_->members)
        if (m.node != settings_.self && !has_accepted(peers_[rank(m.node)])) return false;
    installed_ = true;
    events.push_back(facts::view_installed(*accepted_));
    return true;
}

// ---- time

MonoTime Views::next_deadline() const {
    MonoTime next = kForever;
    // What was due at the last settle() was done there, or waits for something else than time.
    const auto consider = [&](MonoTime t) {
        if (t > settled_at_) next = std::min(next, t);
    };
    if (goodbye_since_) consider(*goodbye_since_ + settings_.deadtime * 3 / 4);
    for (const Peer& p : peers_) {
        if (p.node == settings_.self) continue;
        if (meeting(p)) consider(met_at(p));
        if (p.held && p.connected_since) consider(held_until(p));
        if (mine() && !installed_ && accepted_->contains(p.node) && p.connected() &&
            !has_accepted(p))
            consider(accepted_at_ + p.deadtime);
    }
    return next;
}

}  // namespace hb::membership
