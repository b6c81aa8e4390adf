// Status and events as JSON, version 1: docs/hactl-status-json.md is the contract. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "common/base/cluster_status.hpp"
#include "common/base/event.hpp"
#include "common/base/fence_record.hpp"
#include "common/base/reload_outcome.hpp"

namespace hb::hactl {

// `indent` < 0: one line.
[[nodiscard]] std::string status_json(const ClusterStatus& status, int indent);

// One line. `when`: wall time, milliseconds since 1970.
[[nodiscard]] std::string event_json(const Event& event, std::int64_t when);

// Newest first: target, ok, by, text, ago_ms.
[[nodiscard]] std::string fence_history_json(const ClusterStatus& status,
                                             const std::vector<FenceRecord>& history);

// ok, dry_run, text, changes (at, what, before, after, refused, note), findings (at, severity,
// text).
[[nodiscard]] std::string reload_json(const ReloadOutcome& outcome, bool dry_run);

}  // namespace hb::hactl
