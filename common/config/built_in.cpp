#include "common/config/built_in.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "common/config/agents/descriptions.hpp"
#include "common/config/lexer.hpp"
#include "common/config/values.hpp"

namespace hb::config {
namespace {

constexpr std::array kAgents = {
    &kDelayAgent,
    &kFilesystemAgent,
    &kMailToAgent,
};

bool is_integer(std::string_view text) {
    long value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size();
}

void check_kind(const AgentParameter& parameter, const std::string& value,
                ParameterProblems& problems) {
    switch (parameter.kind) {
        case ParameterKind::kString:
            return;
        case ParameterKind::kBoolean:
            if (!ocf_boolean(value))
                problems.push_back(
                    {std::string(parameter.name), fmt::format("{}: '{}' is neither yes nor no",
                                                              parameter.name, printable(value))});
            return;
        case ParameterKind::kInteger:
            if (!is_integer(value))
                problems.push_back(
                    {std::string(parameter.name),
                     fmt::format("{}: '{}' is no number", parameter.name, printable(value))});
            return;
    }
}

// "[fd00::1]:/export" was cut where arguments are.
std::vector<std::string> join_brackets(const std::vector<std::string>& args,
                                       std::vector<std::size_t>& first) {
    std::vector<std::string> result;
    bool open = false;
    for (std::size_t i = 0; i < args.size(); i++) {
        if (open) {
            result.back() += "::" + args[i];
        } else {
            result.push_back(args[i]);
            first.push_back(i);
        }
        open = result.back().starts_with('[') && result.back().find(']') == std::string::npos;
    }
    return result;
}

}  // namespace

std::span<const BuiltInAgent* const> built_in_agents() {
    return kAgents;
}

const BuiltInAgent* find_built_in(std::string_view type) {
    const auto found = std::ranges::find(kAgents, type, &BuiltInAgent::type);
    return found == kAgents.end() ? nullptr : *found;
}

const AgentParameter* find_parameter(const BuiltInAgent& agent, std::string_view name) {
    const auto found = std::ranges::find(agent.parameters, name, &AgentParameter::name);
    return found == agent.parameters.end() ? nullptr : &*found;
}

Arguments built_in_arguments(const BuiltInAgent& agent, const std::vector<std::string>& args) {
    Arguments result;
    std::vector<std::size_t> first;
    const std::vector<std::string> words = join_brackets(args, first);
    std::size_t position = 0;
    for (std::size_t i = 0; i < words.size(); i++) {
        const std::string& word = words[i];
        const std::size_t equals = word.find('=');
        std::string name = word.substr(0, equals);
        const bool is_named = equals != std::string::npos && find_parameter(agent, name) != nullptr;
        if (!is_named && position >= agent.positional) {
            result.refused = {first[i], fmt::format("{} has no argument {}: '{}'", agent.type,
                                                    i + 1, printable(word))};
            return result;
        }
        if (!is_named) name = agent.parameters[position++].name;
        if (!result.given.emplace(name, is_named ? word.substr(equals + 1) : word).second) {
            result.refused = {first[i], fmt::format("{} is given twice", name)};
            return result;
        }
        result.from.emplace(name, first[i]);
    }
    return result;
}

ParameterProblems check_parameters(const BuiltInAgent& agent, const Parameters& given) {
    ParameterProblems problems;
    for (const AgentParameter& parameter : agent.parameters) {
        const auto value = given.find(parameter.name);
        if (value != given.end() && !value->second.empty())
            check_kind(parameter, value->second, problems);
        else if (parameter.required)
            problems.push_back(
                {std::string(parameter.name),
                 fmt::format("{} wants a {}: {}", agent.type, parameter.name, parameter.brief)});
    }
    if (problems.empty() && agent.check != nullptr) agent.check(given, problems);
    return problems;
}

std::optional<bool> ocf_boolean(std::string_view text) {
    const std::string word = to_lower(text);
    for (const char* yes : {"yes", "true", "1", "on"})
        if (word == yes) return true;
    for (const char* no : {"no", "false", "0", "off"})
        if (word == no) return false;
    return std::nullopt;
}

}  // namespace hb::config
