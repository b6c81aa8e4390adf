// The contract of fence agents (Debian's fence-agents): parameters as NAME=VALUE lines on standard
// input, an exit code and lines of output back. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/config/settings.hpp"
#include "common/runtime/child_process.hpp"
#include "daemons/hb-fence/fence_core.hpp"

namespace hb::fence {

// What the agent reads. `target` with the name of its node; none: the device as a whole.
[[nodiscard]] std::string agent_input(const config::FenceDevice& device, AgentAction action,
                                      const config::FenceTarget* target,
                                      const std::string& node_name);

// Exit code 0 is success. A status that says off ends with 2 *and* prints "Status: OFF": 2 alone
// is also what an interpreter that cannot start says.
[[nodiscard]] Outcome judge(AgentAction action, const runtime::ExitStatus& status,
                            const std::vector<std::string>& lines);

// What went wrong, in a sentence: its last error, without time and level; else how it ended.
[[nodiscard]] std::string complaint(const runtime::ExitStatus& status,
                                    const std::vector<std::string>& lines);

// The line without the values of secret parameters.
[[nodiscard]] std::string without_secrets(std::string_view line, const config::FenceDevice& device);

}  // namespace hb::fence
