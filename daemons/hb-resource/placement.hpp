// Who should own a group: a plain function of everybody's report (rules T3, T4, T5 of
// docs/protocol.md). It knows no time: what depends on time (hold times, back-off) comes in as
// flags.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/cluster_state.hpp"
#include "common/base/ids.hpp"
#include "daemons/hb-resource/rules.hpp"

namespace hb::resource {

// What a node reaches, for one group.
struct Connection {
    bool opinion = false;     // an hb-ipfail spoke there
    bool no_carrier = false;  // no client would reach the group there
    bool blind = false;       // ... or there are ping nodes, and none answers
    std::size_t reached = 0;  // ping nodes, those that may be about to go included
    std::size_t sure = 0;     // ... without them
    bool operator==(const Connection&) const = default;
};
// Who could get a group is judged by what is sure, who has it by all.
[[nodiscard]] bool better_connected(const Connection& a, const Connection& owner);

// One member of the view, as the coordinator sees it for one group.
struct Candidate {
    NodeId node{};
    GroupState state = GroupState::kUnknown;
    std::uint64_t bar = 0;
    bool standby = false;  // lasting, or leaving (T12 reports standby from the wish on)
    bool leaving = false;
    bool isolated = false;
    bool move_away = false;
    bool start_failed = false;
    bool wanted = false;            // asked for there
    std::optional<NodeId> move_to;  // asked at this node, for that one
    bool move_back = false;         // ... which is the preferred one, and pins nothing
    bool pinned = false;            // it runs the group under a pinned row
    std::uint64_t pinned_generation = 0;
    unsigned load = 0;  // other groups that it has or is to have
    // hb-ipfail found it better off than the present owner; why, for people. Empty: it is not.
    std::string better_reach;
    bool no_worse_reach = true;  // ... no worse, for the hold time
    Connection connection;

    // Why it may not own the group; empty: eligible. Unknown is no reason to lose a group, only to
    // get one.
    [[nodiscard]] std::string ineligible() const;
    [[nodiscard]] bool eligible() const { return ineligible().empty(); }
    [[nodiscard]] bool holds() const {
        return state == GroupState::kRunning || state == GroupState::kStarting;
    }
};

struct PlacementInput {
    NodeId preferred{};
    std::uint64_t preferred_generation = 0;  // newest known; ends a pin of an older one
    std::vector<Candidate> members;          // by rank
    std::optional<Row> row;                  // of this view; none: the first is to be chosen
    bool auto_failback = false;
    bool maintenance = false;  // left alone (M1): only who has it is written down
    bool may_reissue = true;   // T5: the cause of an early release is gone here
};

struct Placement {
    NodeId owner{};
    bool pinned = false;
    std::uint64_t pinned_generation = 0;
    std::string reason;     // for people: "failback to its preferred node"
    bool by_reach = false;  // for hb-ipfail's sake
    bool by_wish = false;
};

// The row to publish next, without its version. Nothing: the present row stays (or no row can be
// given: nobody is eligible and nobody holds the group).
[[nodiscard]] std::optional<Placement> choose(const PlacementInput& in,
                                              const TestOnlyRulesDropped& dropped);

}  // namespace hb::resource
