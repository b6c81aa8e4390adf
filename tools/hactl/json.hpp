// Status and events as JSON, version 1: docs/hactl-status-json.md is the contract. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "common/base/cluster_status.hpp"
#include "common/base/event.hpp"

namespace hb::hactl {

// `indent` < 0: one line.
[[nodiscard]] std::string status_json(const ClusterStatus& status, int indent);

// One line. `when`: wall time, milliseconds since 1970.
[[nodiscard]] std::string event_json(const Event& event, std::int64_t when);

}  // namespace hb::hactl
