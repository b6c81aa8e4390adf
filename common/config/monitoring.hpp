// What the `monitor` and `agent_timeout` lines of ha.cf mean for the resources of haresources.
#pragma once

#include "common/base/time.hpp"
#include "common/config/diagnostic.hpp"
#include "common/config/settings.hpp"

namespace hb::config {

// What holds for this resource: its word counts more than its type, the later line more than the
// earlier.
[[nodiscard]] Duration monitor_interval(const Monitoring& monitoring, const Resource& resource);

// The same for its calls.
[[nodiscard]] CallTimes call_times(const Settings& settings, const Resource& resource);

// Overrides that name nothing of haresources.
void check_monitoring(const Settings& settings, Diagnostics& diagnostics);

}  // namespace hb::config
