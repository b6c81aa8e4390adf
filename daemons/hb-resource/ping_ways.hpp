// PingWays: over which interfaces the ping nodes are reached, by the kernel's routes. So
// hb-ipfail's counts concern a group only as far as they say something of the interfaces that it
// lives on.
//
// What is known by name only counts as not known. A way that the kernel has no more (its interface
// was set down) stays what it was: that is when it is needed.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/ip_address.hpp"
#include "common/config/settings.hpp"
#include "daemons/hb-resource/kernel_table.hpp"
#include "daemons/hb-resource/ownership_core.hpp"

namespace hb::resource {

class PingWays {
  public:
    explicit PingWays(const std::vector<config::PingNode>& nodes);

    // Says whether anything changed (at the first look: whether there are ping nodes).
    bool look(const KernelTable& kernel);
    [[nodiscard]] const PingPlaces& places() const { return places_; }

  private:
    struct Host {
        std::optional<IpAddress> address;
        std::string interface;  // as last known
    };
    std::vector<std::pair<std::string, std::vector<Host>>> nodes_;
    PingPlaces places_;
};

}  // namespace hb::resource
