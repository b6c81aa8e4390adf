// The digest of the ordered node list that every frame header carries: hosts whose lists differ
// never hear each other, so a rank means the same node wherever it is read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hb::wire {

// `nodes` by rank, lower case. The same on every machine and in every version: it is on the wire.
[[nodiscard]] std::uint32_t cluster_digest(const std::vector<std::string>& nodes);

}  // namespace hb::wire
