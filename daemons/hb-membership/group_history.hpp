// GroupHistory: what happened to each group, as this node saw it. For `hactl why`.
//
// Its memory is this process's: after a respawn it begins anew, and says so (GroupStory.began_ns).
// Bounded per group; the oldest is forgotten first. Waits that are over at once leave no trace, and
// one long wait with many reasons drives nothing else out.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "common/base/cluster_status.hpp"
#include "common/base/group_story.hpp"
#include "common/base/status_view.hpp"

namespace hb::membership {

class GroupHistory {
  public:
    // `now_ns`: wall clock.
    GroupHistory(const std::vector<GroupName>& groups, std::int64_t now_ns);

    // These are the groups from now on; of those that are gone nothing is remembered.
    void keep(const std::vector<GroupName>& groups);

    // Every report that is news, in order.
    void see(NodeId node, const Report& report, std::int64_t now_ns);
    // hb-resource of this node has gone: nobody knows what its groups do.
    void lost_track(NodeId node, std::int64_t now_ns);
    // Whether it is heard, at every change.
    void see_node(NodeId node, bool heard, std::int64_t now_ns);

    // None: no such group.
    [[nodiscard]] std::optional<GroupStory> tell(const GroupName& group,
                                                 const StatusView& view) const;

  private:
    struct Seen {
        GroupState state = GroupState::kStopped;  // recorded last
        TransitionId transition;
        std::string wait;   // its reason, without what is in brackets
        bool first = true;  // nothing was seen yet
        bool heard = true;
    };
    struct Known {
        std::map<NodeId, Seen> nodes;
        std::deque<GroupMoment> moments;
    };
    void note(Known& group, GroupMoment moment) const;
    void note_wait(Known& group, Seen& seen, GroupMoment moment);

    std::int64_t began_ns_;
    std::size_t most_ = 0;  // moments of one group
    std::map<GroupName, Known> groups_;
};

}  // namespace hb::membership
