// What may be here: the groups that hb-resource last ran with and what it retired since, in one
// small file of the run directory, which goes where the resources go, at the next boot. Whoever
// comes next (another life, another start, the clean-up after a crash) stops what its own
// haresources does not have any more (L9).
//
// JSON, nodes by name, resources as haresources writes them. A file that cannot be read or
// understood is an error to be told, and nothing is remembered.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"
#include "common/config/settings.hpp"

namespace hb::resource {

[[nodiscard]] std::string groups_text(const std::vector<config::Group>& groups,
                                      const std::vector<std::string>& nodes);
[[nodiscard]] Result<std::vector<config::Group>> parse_groups(
    std::string_view text, const std::vector<std::string>& nodes);

// No file: there are none.
[[nodiscard]] Result<std::vector<config::Group>> read_groups(const std::string& run_dir,
                                                             const std::vector<std::string>& nodes);
// Replaces the file as a whole; removes it when there are none.
[[nodiscard]] Result<void> write_groups(const std::string& run_dir,
                                        const std::vector<config::Group>& groups,
                                        const std::vector<std::string>& nodes);

}  // namespace hb::resource
