// The built-in agents that run in a process of their own, hb-agent, because their system calls may
// hang: what each is called, its parameters, and what its arguments may be. One description serves
// haresources, `hactl check`, the OCF meta-data and validate-all. A new one: a file in
// common/config/agents with its description, a row in built_in.cpp; the code that does it is in
// daemons/hb-resource/agents.
//
// Pure, but for `check_host`, which looks at this host.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace hb::config {

using Parameters = std::map<std::string, std::string, std::less<>>;
// Empty where it is not given.
[[nodiscard]] inline const std::string& value_of(const Parameters& given, std::string_view name) {
    static const std::string kNone;
    const auto found = given.find(name);
    return found == given.end() ? kNone : found->second;
}

enum class ParameterKind : std::uint8_t { kString = 1, kBoolean, kInteger };

struct AgentParameter {
    std::string_view name;
    std::string_view brief;
    std::string_view text;
    bool required = false;
    ParameterKind kind = ParameterKind::kString;
    std::string_view standard;  // what it is when not given
};

struct ParameterProblem {
    std::string parameter;
    std::string text;  // names the value and what would be right
    bool is_error = true;
    bool operator==(const ParameterProblem&) const = default;
};
using ParameterProblems = std::vector<ParameterProblem>;

struct BuiltInAgent {
    std::string_view type;
    std::string_view brief;
    std::string_view text;
    std::span<const AgentParameter> parameters;
    std::size_t positional = 0;   // so many of the first may be given by position
    bool address_first = false;   // the first is an address: "::" in it is part of it
    bool slashes = false;         // by position they may be one argument, with '/' between them
    unsigned start_seconds = 60;  // advice of the meta-data
    unsigned stop_seconds = 60;
    unsigned monitor_seconds = 40;
    unsigned monitor_interval_seconds = 20;
    // What the kinds and `required` do not say. Both may be null; called only when those are right.
    void (*check)(const Parameters& given, ParameterProblems& problems) = nullptr;
    void (*check_host)(const Parameters& given, ParameterProblems& problems) = nullptr;
};

[[nodiscard]] std::span<const BuiltInAgent* const> built_in_agents();
[[nodiscard]] const BuiltInAgent* find_built_in(std::string_view type);  // null: none

[[nodiscard]] const AgentParameter* find_parameter(const BuiltInAgent& agent,
                                                   std::string_view name);

// The words behind the type in haresources: by position, or name=value where name is a parameter's.
// An argument that begins with '[' goes on until its ']': it may contain "::" (an IPv6 host). So
// may the first one of an agent that says so.
struct Arguments {
    Parameters given;
    std::map<std::string, std::size_t, std::less<>> from;  // parameter -> index of the argument
    struct Refused {
        std::size_t argument = 0;
        std::string text;
    };
    std::optional<Refused> refused;  // an argument that is none
};
[[nodiscard]] Arguments built_in_arguments(const BuiltInAgent& agent,
                                           const std::vector<std::string>& args);

// required, kinds, then what the agent's own check says.
[[nodiscard]] ParameterProblems check_parameters(const BuiltInAgent& agent,
                                                 const Parameters& given);

// "yes", "true", "1", "on", in any letter case, and their opposites; otherwise nothing.
[[nodiscard]] std::optional<bool> ocf_boolean(std::string_view text);

}  // namespace hb::config
