// What one hb-membership knows of all nodes at this moment: raw, for status.
// common/base/cluster_status.hpp turns it into sentences.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/cluster_state.hpp"
#include "common/base/ids.hpp"
#include "common/base/ipc/comm_membership.hpp"
#include "common/base/time.hpp"

namespace hb {

struct LinkView {
    LinkId link{};
    std::string name;
    bool up = false;
    ipc::LinkFault fault = ipc::LinkFault::kNone;
    std::string detail;
    std::optional<MonoTime> last_heard;
    std::uint32_t flaps = 0;
    std::optional<ipc::LinkMeasured> measured;
};
struct NodeView {
    NodeId node{};
    std::string name;
    NodeStatus status = NodeStatus::kInit;
    bool leaving = false;
    std::optional<Incarnation> incarnation;
    std::optional<MonoTime> last_heard;
    std::vector<LinkView> links;
    ConfigDigests config{};
    std::optional<Report> report;
    std::optional<Table> table;
};
struct StatusView {
    NodeId self{};
    std::vector<NodeView> nodes;  // by rank, self included
    std::optional<View> accepted;
    bool installed = false;  // the newest view is known to be installed (by its coordinator's word)
    NodeId follows{};
};

}  // namespace hb
