// State changes of groups, as nodes report them: for those who listen at the control socket.
// (hb-resource of the node itself logs them.)
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/base/cluster_state.hpp"
#include "common/base/event.hpp"
#include "common/base/ids.hpp"

namespace hb::membership {

class GroupNews {
  public:
    // What this report says that the node's last one did not.
    [[nodiscard]] std::vector<Event> see(NodeId node, const std::string& name,
                                         const Report& report);

  private:
    std::map<NodeId, std::map<GroupName, GroupState>> known_;
};

}  // namespace hb::membership
