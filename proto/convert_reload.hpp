// ReloadOutcome in the messages that carry it. What is too much for one message is left out, and
// counted.
#pragma once

#include "common/base/reload_outcome.hpp"
#include "proto/checks.hpp"
#include "reload.pb.h"

namespace hb::proto {

void put(const ReloadOutcome& from, pb::ReloadOutcome& to);
[[nodiscard]] ReloadOutcome read(const pb::ReloadOutcome& from, Reader& in);

}  // namespace hb::proto
