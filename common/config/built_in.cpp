#include "common/config/built_in.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "common/base/ip_address.hpp"
#include "common/config/agents/descriptions.hpp"
#include "common/config/lexer.hpp"
#include "common/config/values.hpp"

namespace hb::config {
namespace {

constexpr std::array kAgents = {
    &kDelayAgent,     &kFilesystemAgent, &kIPaddrAgent, &kIPaddr2Agent,
    &kIPsrcaddrAgent, &kIPv6addrAgent,   &kMailToAgent, &kSendArpAgent,
};

bool is_integer(std::string_view text) {
    long value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size();
}

std::string_view article_of(std::string_view word) {
    return std::string_view("aeiou").find(word.front()) == std::string_view::npos ? "a" : "an";
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

// One argument, and the index of the first of those that it was cut into.
struct Argument {
    std::string text;
    std::size_t from = 0;
};

// "[fd00::1]:/export" was cut where arguments are.
std::vector<Argument> join_brackets(const std::vector<std::string>& args) {
    std::vector<Argument> result;
    bool open = false;
    for (std::size_t i = 0; i < args.size(); i++) {
        if (open)
            result.back().text += "::" + args[i];
        else
            result.push_back({args[i], i});
        const std::string& text = result.back().text;
        open = text.starts_with('[') && text.find(']') == std::string::npos;
    }
    return result;
}

// "fd00::1/eth0" was, too. Brackets around it are not needed, and do no harm.
void join_address(std::vector<Argument>& args) {
    if (args.empty()) return;
    std::string& first = args[0].text;
    if (const std::size_t end = first.find(']'); first.starts_with('[') && end != first.npos) {
        first.erase(end, 1);
        first.erase(0, 1);
        return;
    }
    if (args.size() < 2) return;
    const std::string joined = args[0].text + "::" + args[1].text;
    const auto address = IpAddress::parse(joined.substr(0, joined.find('/')));
    if (!address || address->is_v4()) return;
    args[0].text = joined;
    args.erase(args.begin() + 1);
}

// "10.0.0.5/eth0" is two.
void split_slashes(std::vector<Argument>& args) {
    if (args.empty() || args[0].text.find('=') != std::string::npos) return;
    const std::size_t slash = args[0].text.find('/');
    if (slash == std::string::npos) return;
    args.insert(args.begin() + 1, {args[0].text.substr(slash + 1), args[0].from});
    args[0].text.erase(slash);
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
    std::vector<Argument> words = join_brackets(args);
    if (agent.address_first) join_address(words);
    if (agent.slashes) split_slashes(words);
    std::size_t position = 0;
    for (std::size_t i = 0; i < words.size(); i++) {
        const auto& [word, from] = words[i];
        const std::size_t equals = word.find('=');
        std::string name = word.substr(0, equals);
        const bool is_named = equals != std::string::npos && find_parameter(agent, name) != nullptr;
        if (!is_named && position >= agent.positional) {
            result.refused = {from, fmt::format("{} has no argument {}: '{}'", agent.type, i + 1,
                                                printable(word))};
            return result;
        }
        if (!is_named) name = agent.parameters[position++].name;
        if (!result.given.emplace(name, is_named ? word.substr(equals + 1) : word).second) {
            result.refused = {from, fmt::format("{} is given twice", name)};
            return result;
        }
        result.from.emplace(name, from);
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
                 fmt::format("{} wants {} {}: {}", agent.type, article_of(parameter.name),
                             parameter.name, parameter.brief)});
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
