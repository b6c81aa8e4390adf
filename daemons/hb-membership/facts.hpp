// The events of hb-membership: every line that it has for people, in one place. Heartbeat's wording
// where Heartbeat has a line for it.
#pragma once

#include <cstdint>
#include <string>

#include "common/base/cluster_state.hpp"
#include "common/base/event.hpp"
#include "common/base/ipc/comm_membership.hpp"
#include "common/base/time.hpp"

namespace hb::membership::facts {

[[nodiscard]] Event local_status(NodeStatus status);
[[nodiscard]] Event comm_now_up();
[[nodiscard]] Event node_status(const std::string& node, NodeStatus status);
[[nodiscard]] Event ping_status(const std::string& node, PingState state);
[[nodiscard]] Event node_dead(const std::string& node, bool left_in_order);
[[nodiscard]] Event late_heartbeat(const std::string& node, Duration interval,
                                   bool beyond_deadtime);
[[nodiscard]] Event node_restart(const std::string& node, std::uint64_t generation);
[[nodiscard]] Event after_partition(const std::string& node, Duration silence);
[[nodiscard]] Event link_state(const std::string& node, const std::string& link, bool up,
                               const std::string& detail);
[[nodiscard]] Event link_flaps(const std::string& node, const std::string& link,
                               std::uint32_t times);
[[nodiscard]] Event link_one_way(const std::string& node, const std::string& link,
                                 const std::string& detail);
// Links are hb-comm's to log, where they are seen; here they are for those who listen at the
// control socket.
[[nodiscard]] bool logged_by_hb_comm(const Event& event);
[[nodiscard]] Event view_accepted(const View& view, const std::string& members,
                                  const std::string& coordinator);
[[nodiscard]] Event view_installed(const View& view);
[[nodiscard]] Event left_out(const std::string& node, const View& view, Duration hold);
[[nodiscard]] Event goodbye_unanswered(const View& view);
[[nodiscard]] Event stood_still(Duration gap);
[[nodiscard]] Event config_differs(const std::string& node, const ConfigDifference& what);
[[nodiscard]] Event config_agrees(const std::string& node);
[[nodiscard]] Event peer_nonsense(const std::string& node, const std::string& what);

}  // namespace hb::membership::facts
