// Delay: a pause between two resources of a group.
#include <fmt/format.h>

#include <algorithm>

#include "common/config/agents/descriptions.hpp"
#include "common/config/lexer.hpp"

namespace hb::config {
namespace {

constexpr AgentParameter kParameters[] = {
    {.name = "startdelay",
     .brief = "seconds that a start takes",
     .text = "How long a start waits, in seconds; 0.5 is half a second.",
     .standard = "20"},
    {.name = "stopdelay",
     .brief = "seconds that a stop takes",
     .text = "How long a stop waits, in seconds.",
     .standard = "30"},
    {.name = "mondelay",
     .brief = "seconds that a monitor takes",
     .text = "How long a monitor waits, in seconds. (30 with the agent of resource-agents, which "
             "Heartbeat never monitored.)",
     .standard = "0"},
};

void check(const Parameters& given, ParameterProblems& problems) {
    for (const auto& [name, value] : given) {
        const bool good =
            !value.empty() && value.size() < 10 && value != "." &&
            std::ranges::count(value, '.') <= 1 &&
            std::ranges::all_of(value, [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
        if (!good)
            problems.push_back(
                {name, fmt::format("{}: '{}' is no number of seconds", name, printable(value))});
    }
}

}  // namespace

const BuiltInAgent kDelayAgent = {
    .type = "Delay",
    .brief = "Waits",
    .text =
        "Waits when its group starts, and when it stops. Give its operations the time they "
        "need: agent_timeout in ha.cf.",
    .parameters = kParameters,
    .positional = 3,
    .check = check,
};

}  // namespace hb::config
