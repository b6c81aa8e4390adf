// What `hactl why` tells of one group: what the nodes say of it now, and what the node that was
// asked saw happen to it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/cluster_state.hpp"
#include "common/base/ids.hpp"

namespace hb {

enum class MomentKind : std::uint8_t {
    kState = 1,  // it came into `state` on `node`
    kFound,      // it was so when this node began to look; since when is not known
    kWaits,      // `node` is to start it and may not
    kSilent,     // `node` fell silent; `state` is what it said last
    kBack,       // `node` is heard again; `state` is still what it said last
};

struct GroupMoment {
    std::int64_t at_ns = 0;  // wall clock of the node that saw it, since 1970
    MomentKind kind{};
    NodeId node{};
    GroupState state{};
    TransitionId transition;
    std::string reason;
    bool operator==(const GroupMoment&) const = default;
};

// The newest word of a node.
struct GroupWord {
    NodeId node{};
    bool heard = false;  // false: it is silent, and this is old
    GroupState state{};
    TransitionId transition;
    std::string reason;
    std::string gate_reason;
    std::string trouble;
    bool operator==(const GroupWord&) const = default;
};

struct GroupStory {
    std::int64_t began_ns = 0;         // since when this node has been looking
    std::vector<GroupWord> words;      // by rank; without those who never spoke of it
    std::vector<GroupMoment> moments;  // oldest first; what is older was forgotten
    bool operator==(const GroupStory&) const = default;
};

}  // namespace hb
