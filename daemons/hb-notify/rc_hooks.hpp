// Heartbeat's own hooks, /etc/ha.d/rc.d/TYPE: which of our events runs which, with what in its
// environment. Pure. docs/resources.md, "Hooks", has the table, and what has no event here.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/cluster_status.hpp"
#include "common/base/event.hpp"

namespace hb::notify {

struct HookCall {
    std::string type;                      // the file's name, and its one argument
    std::vector<std::string> environment;  // HA_t, HA_src, ... "NAME=value"
    bool operator==(const HookCall&) const = default;
};

class RcHooks {
  public:
    explicit RcHooks(std::string self) : self_(std::move(self)) {}
    [[nodiscard]] std::optional<HookCall> call_for(const Event& event);
    // The present status of all nodes: what it says of a node for the first time is only known from
    // then on, what has changed unseen is told.
    [[nodiscard]] std::vector<HookCall> catch_up(const ClusterStatus& status);

  private:
    [[nodiscard]] std::optional<HookCall> status_call(const std::string& node,
                                                      const std::string& status);

    std::string self_;
    std::map<std::string, std::string> status_;  // of nodes: the last one told
};

}  // namespace hb::notify
