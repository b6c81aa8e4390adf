#include "daemons/hb-resource/placement.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hb::resource {

std::string Candidate::ineligible() const {
    if (leaving) return "it is leaving";
    if (standby) return "it is on standby or being stopped";
    if (isolated) return "it is isolated";
    if (move_away) return "it was asked to give the group away";
    if (start_failed) return "the start failed there";
    return {};
}

bool better_connected(const Connection& a, const Connection& owner) {
    if (a.blind) return false;
    return owner.no_carrier || (a.opinion && owner.opinion && a.sure > owner.reached);
}

namespace {

const Candidate* find(const PlacementInput& in, NodeId n) {
    for (const Candidate& c : in.members)
        if (c.node == n) return &c;
    return nullptr;
}

bool can_get(const Candidate& c) {
    return c.eligible() && c.state != GroupState::kUnknown;
}

// The preferred node if it qualifies, else the lowest rank that does.
template <typename Predicate>
const Candidate* pick(const PlacementInput& in, Predicate qualifies) {
    if (const Candidate* p = find(in, in.preferred); p != nullptr && qualifies(*p)) return p;
    for (const Candidate& c : in.members)
        if (qualifies(c)) return &c;
    return nullptr;
}

// Who gets a group that nobody has: one than whom no other is better connected; of those the
// preferred node, else the one with the fewest, else the lowest rank.
const Candidate* pick_free(const PlacementInput& in) {
    const auto may = [&](const Candidate& c) {
        return can_get(c) && std::ranges::none_of(in.members, [&](const Candidate& other) {
                   return can_get(other) && better_connected(other.connection, c.connection);
               });
    };
    if (const Candidate* p = find(in, in.preferred); p != nullptr && may(*p)) return p;
    const Candidate* best = nullptr;
    for (const Candidate& c : in.members)
        if (may(c) && (best == nullptr || c.load < best->load)) best = &c;
    return best;
}

bool pin_holds(bool pinned, std::uint64_t generation, const PlacementInput& in) {
    return pinned && in.preferred_generation <= generation;
}

Placement place(const Candidate& c, std::string reason) {
    return {.owner = c.node, .reason = std::move(reason)};
}

Placement pinned_at(const Candidate& c, const PlacementInput& in, const TestOnlyRulesDropped& drop,
                    std::string reason) {
    return {.owner = c.node,
            .pinned = !drop.t4_pin,
            .pinned_generation = in.preferred_generation,
            .reason = std::move(reason),
            .by_wish = true};
}

// Whom an admin wants to have it, wherever that was asked; who asks for itself goes first. Nothing:
// nobody, somebody who cannot have it, or the owner itself.
struct Wish {
    const Candidate* to = nullptr;
    bool back = false;  // and no pin
};
Wish wished(const PlacementInput& in, NodeId owner) {
    const bool pinned = in.row && in.row->pinned;
    for (const Candidate& c : in.members)
        if (c.node == owner && (c.wanted || (c.move_to == owner && !c.move_back))) return {};
    if (const Candidate* c =
            pick(in, [&](const Candidate& m) { return m.node != owner && m.wanted && can_get(m); }))
        return {c};
    for (const Candidate& c : in.members) {
        if (!c.move_to) continue;
        const Candidate* to = find(in, *c.move_to);
        if (to == nullptr || !can_get(*to)) continue;
        if (to->node == owner && !(c.move_back && pinned)) continue;
        return {to, c.move_back};
    }
    return {};
}

// Its pin was taken off while the preferred node cannot have it.
bool unpinned_by_wish(const PlacementInput& in) {
    return in.row && in.row->pinned && in.auto_failback &&
           std::ranges::any_of(in.members, [](const Candidate& c) { return c.move_back; });
}

// The row is as somebody wished, who has not seen it yet. Until then no other wish is followed, nor
// is it gone back on: two that contradict each other are done one after the other, not to and fro.
bool is_as_wished(const PlacementInput& in, NodeId owner) {
    return std::ranges::any_of(in.members, [&](const Candidate& c) {
        return (c.node == owner && c.wanted) || (c.move_to == owner && !c.move_back);
    });
}

bool anyone_gives_away(const PlacementInput& in, NodeId except) {
    return std::ranges::any_of(in.members,
                               [&](const Candidate& c) { return c.node != except && c.move_away; });
}

Placement move_to(const Wish& wish, const PlacementInput& in, const TestOnlyRulesDropped& drop) {
    if (wish.back) {
        Placement p = place(*wish.to, "sent back to its preferred node, by request");
        p.by_wish = true;
        return p;
    }
    return pinned_at(*wish.to, in, drop,
                     wish.to->wanted ? "takeover was asked for there" : "a move was asked for");
}

// T3: the first row of a group in a view. Holders are looked at here and nowhere else (T4).
std::optional<Placement> first_row(const PlacementInput& in, const TestOnlyRulesDropped& drop) {
    if (const Candidate* c = pick(in, [](const Candidate& m) { return m.holds() && can_get(m); })) {
        // A wish that the new view found half done stays an explicit move: failback must not undo
        // it.
        if (anyone_gives_away(in, c->node)) return pinned_at(*c, in, drop, "it was moved there");
        Placement p = place(*c, "it runs there");
        if (!drop.t4_pin && pin_holds(c->pinned, c->pinned_generation, in)) {
            p.pinned = true;
            p.pinned_generation = c->pinned_generation;
        }
        return p;
    }
    if (const Wish wish = wished(in, in.preferred); wish.to != nullptr)
        return move_to(wish, in, drop);
    if (const Candidate* c = pick_free(in)) {
        if (anyone_gives_away(in, c->node))
            return pinned_at(*c, in, drop, "another node was asked to give it away");
        return place(*c, c->node == in.preferred ? "its preferred node"
                                                 : "its preferred node cannot have it");
    }
    if (const Candidate* c = pick(in, [](const Candidate& m) { return m.holds(); }))
        return place(*c, "it runs there and nobody is eligible");
    return std::nullopt;
}

// Of those who are better off than the owner, who reaches most; then as pick() does.
const Candidate* best_connected(const PlacementInput& in, const Candidate& owner) {
    const auto better = [&](const Candidate& c) {
        return c.node != owner.node && !c.better_reach.empty() && can_get(c);
    };
    std::size_t most = 0;
    for (const Candidate& c : in.members)
        if (better(c)) most = std::max(most, c.connection.sure);
    return pick(in, [&](const Candidate& c) { return better(c) && c.connection.sure == most; });
}

// T4: reasons to move a group from an owner that may keep it.
std::optional<Placement> better_than(const Candidate& owner, const PlacementInput& in,
                                     const TestOnlyRulesDropped& drop) {
    if (is_as_wished(in, owner.node)) {
        if (in.row->pinned || drop.t4_pin) return std::nullopt;
        return move_to({&owner}, in, drop);  // it was there for another reason
    }
    if (const Wish wish = wished(in, owner.node); wish.to != nullptr)
        return move_to(wish, in, drop);
    if (unpinned_by_wish(in)) return place(owner, "no longer pinned, by request");
    if (const Candidate* c = best_connected(in, owner)) {
        Placement p = place(*c, c->better_reach);
        p.by_reach = true;
        return p;
    }
    const Candidate* preferred = find(in, in.preferred);
    if (in.auto_failback && preferred != nullptr && preferred->node != owner.node &&
        can_get(*preferred) && (preferred->no_worse_reach || drop.t4_failback_no_worse) &&
        !pin_holds(in.row->pinned, in.row->pinned_generation, in))
        return place(*preferred, "failback to its preferred node");
    return std::nullopt;
}

// T5: the owner let go by itself and may have it again.
std::optional<Placement> spent_row(const Candidate& owner, const PlacementInput& in,
                                   const TestOnlyRulesDropped& drop) {
    if (drop.t5_spent || !in.may_reissue || owner.state != GroupState::kStopped ||
        owner.bar < in.row->version || !owner.eligible())
        return std::nullopt;
    Placement p = place(owner, "it let go by itself and may have it again");
    if (pin_holds(in.row->pinned, in.row->pinned_generation, in)) {
        p.pinned = true;
        p.pinned_generation = in.row->pinned_generation;
    }
    return p;
}

// Test only: what goes wrong when later reports of holders move rows (T4, last sentence dropped).
std::optional<Placement> follow_holders(const Candidate& owner, const PlacementInput& in) {
    if (owner.holds()) return std::nullopt;
    const Candidate* c = pick(in, [](const Candidate& m) { return m.holds() && can_get(m); });
    if (c == nullptr || c->node == owner.node) return std::nullopt;
    return place(*c, "it runs there");
}

// M1: rows say who has it, and move nothing.
std::optional<Placement> left_alone(const PlacementInput& in, const TestOnlyRulesDropped& drop) {
    if (in.row) return std::nullopt;
    const Candidate* c = pick(in, [](const Candidate& m) { return m.holds() && can_get(m); });
    if (c == nullptr) c = pick(in, [](const Candidate& m) { return m.holds(); });
    if (c == nullptr) return std::nullopt;
    Placement p = place(*c, "it runs there, in maintenance");
    p.pinned = !drop.t4_pin && pin_holds(c->pinned, c->pinned_generation, in);
    if (p.pinned) p.pinned_generation = c->pinned_generation;
    return p;
}

}  // namespace

std::optional<Placement> choose(const PlacementInput& in, const TestOnlyRulesDropped& drop) {
    // A failed stop blocks the group where it failed, loudly (T13).
    if (!drop.t92_failed) {
        for (const Candidate& c : in.members) {
            if (c.state != GroupState::kFailed) continue;
            if (in.row && in.row->owner == c.node) return std::nullopt;
            return place(c, "its stop failed there: blocked until cleanup");
        }
    }
    if (in.maintenance) return left_alone(in, drop);
    if (!in.row) return first_row(in, drop);

    const Candidate* owner = find(in, in.row->owner);
    if (owner == nullptr) return first_row(in, drop);  // cannot be: rows name members
    if (owner->eligible()) {
        if (drop.t4_holders_once) {
            if (auto p = follow_holders(*owner, in)) return p;
        }
        if (auto p = better_than(*owner, in, drop)) return p;
        return spent_row(*owner, in, drop);
    }
    if (const Wish wish = wished(in, owner->node); wish.to != nullptr)
        return move_to(wish, in, drop);
    const std::string why = owner->ineligible();
    if (const Candidate* c = pick_free(in)) {
        if (owner->move_away || anyone_gives_away(in, c->node))
            return pinned_at(*c, in, drop, fmt::format("moved because {}", why));
        return place(*c, fmt::format("moved because {}", why));
    }
    if (drop.t4_only_to_eligible) {  // test only: a row to somebody who cannot have it
        for (const Candidate& c : in.members)
            if (c.node != owner->node) return place(c, "nobody is eligible");
    }
    return std::nullopt;
}

}  // namespace hb::resource
