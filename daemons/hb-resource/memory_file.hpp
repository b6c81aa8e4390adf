// What a host remembers of maintenance while the suite does not run on it (M5): one small file in
// the run directory, so that it goes where the resources go, at the next boot.
//
// JSON, nodes by name. A file that cannot be read or understood is an error to be told, and nothing
// is remembered. Nodes that ha.cf does not name any more are left out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"
#include "daemons/hb-resource/ownership_core.hpp"

namespace hb::resource {

[[nodiscard]] std::string memory_text(const Memory& memory, const std::vector<std::string>& nodes);
[[nodiscard]] Result<Memory> parse_memory(std::string_view text,
                                          const std::vector<std::string>& nodes);

// No file: nothing to remember.
[[nodiscard]] Result<Memory> read_memory(const std::string& run_dir,
                                         const std::vector<std::string>& nodes);
// Replaces the file as a whole; removes it when there is nothing to remember.
[[nodiscard]] Result<void> write_memory(const std::string& run_dir, const Memory& memory,
                                        const std::vector<std::string>& nodes);

}  // namespace hb::resource
