#include "daemons/hb-fence/agent_rules.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/config/fence_types.hpp"

namespace hb::fence {

namespace {

constexpr int kExitOff = 2;
constexpr std::size_t kMostComplaint = 120;

bool says_off(const std::string& line) {
    return line == "Status: OFF";
}

// "2026-11-27 06:40:56,992 ERROR: Connection timed out" is "Connection timed out".
std::string_view without_prefix(std::string_view line) {
    for (const std::string_view level : {" ERROR: ", " CRITICAL: ", " WARNING: "}) {
        const std::size_t at = line.find(level);
        if (at != std::string_view::npos &&
            line.substr(0, at).find_first_not_of("0123456789-:, ") == std::string_view::npos)
            return line.substr(at + level.size());
    }
    return line;
}

}  // namespace

std::string agent_input(const config::FenceDevice& device, AgentAction action,
                        const config::FenceTarget* target, const std::string& node_name) {
    std::string text;
    for (const auto& [name, value] : device.parameters)
        text += fmt::format("{}={}\n", name, value);
    text += fmt::format("action={}\n", to_string(action));
    if (target == nullptr) return text;
    text += fmt::format("nodename={}\n", node_name);
    if (!target->plug.empty()) text += fmt::format("plug={}\n", target->plug);
    return text;
}

Outcome judge(AgentAction action, const runtime::ExitStatus& status,
              const std::vector<std::string>& lines) {
    if (status.signalled || status.timed_out) return Outcome::kFailed;
    if (status.code == 0) return Outcome::kDone;
    if (action == AgentAction::kStatus && status.code == kExitOff &&
        std::ranges::any_of(lines, says_off))
        return Outcome::kOff;
    return Outcome::kFailed;
}

std::string complaint(const runtime::ExitStatus& status, const std::vector<std::string>& lines) {
    if (status.timed_out) return "no answer within its time (fence_timeout)";
    std::string_view last;
    bool is_error = false;
    for (const std::string& line : lines) {
        const bool error = line.find(" ERROR: ") != std::string::npos ||
                           line.find(" CRITICAL: ") != std::string::npos;
        if (line.empty() || (is_error && !error)) continue;
        last = without_prefix(line);
        is_error = error;
    }
    if (last.empty()) return status.to_string();
    return std::string(last.substr(0, kMostComplaint));
}

std::string without_secrets(std::string_view line, const config::FenceDevice& device) {
    std::string text(line);
    for (const auto& [name, value] : device.parameters) {
        if (value.empty() || !config::is_secret_parameter(name)) continue;
        for (std::size_t at = text.find(value); at != std::string::npos;
             at = text.find(value, at + 3))
            text.replace(at, value.size(), "***");
    }
    return text;
}

}  // namespace hb::fence
