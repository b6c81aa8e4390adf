// What a request of an admin makes true in the end, and how far it is. Pure.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "common/base/cluster_status.hpp"
#include "common/base/ipc/membership_resource.hpp"

namespace hb::control {

// Made from the status just before the request: "give away what runs here" is about what ran then.
class Wish {
  public:
    Wish(ipc::RequestKind kind, ipc::Scope scope, const GroupName& group,
         const ClusterStatus& before, std::optional<NodeId> target = std::nullopt);

    // Empty when it has come true; else what is still to happen, for people, group by group.
    [[nodiscard]] std::vector<std::string> missing(const ClusterStatus& now) const;

  private:
    [[nodiscard]] bool is_fulfilled(const GroupSummary& group, NodeId self) const;

    ipc::RequestKind kind_;
    std::optional<NodeId> target_;
    std::set<GroupName> groups_;  // those that it is about
};

}  // namespace hb::control
