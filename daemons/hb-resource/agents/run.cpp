#include "daemons/hb-resource/agents/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "common/base/assert.hpp"
#include "daemons/hb-resource/agents/meta_data.hpp"

namespace hb::agent {
namespace {

constexpr Duration kStandardTimeout = 60s;
// To answer before the caller's patience is over says more than to be killed.
constexpr Duration kLeastMargin = 1s;

std::string_view text_of(const Lookup& environment, const char* name) {
    const char* value = environment(name);
    return value == nullptr ? std::string_view() : std::string_view(value);
}

unsigned number_of(const Lookup& environment, const char* name, unsigned otherwise) {
    const std::string_view text = text_of(environment, name);
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? value : otherwise;
}

Call make_call(const config::BuiltInAgent& about, config::Parameters given,
               const Lookup& environment, MonoTime now) {
    Call call;
    call.parameters = std::move(given);
    for (const config::AgentParameter& parameter : about.parameters)
        call.parameters.emplace(parameter.name, parameter.standard);
    call.instance = text_of(environment, "OCF_RESOURCE_INSTANCE");
    if (call.instance.empty()) call.instance = "default";
    call.check_level = number_of(environment, "OCF_CHECK_LEVEL", 0);
    call.is_probe = number_of(environment, "OCF_RESKEY_CRM_meta_interval", 0) == 0;
    call.is_clone = number_of(environment, "OCF_RESKEY_CRM_meta_clone_max", 0) > 0;
    const unsigned timeout = number_of(environment, "OCF_RESKEY_CRM_meta_timeout", 0);
    const Duration whole = timeout == 0 ? kStandardTimeout : std::chrono::milliseconds(timeout);
    call.deadline = now + whole - std::min(whole / 4, kLeastMargin + whole / 20);
    return call;
}

Answer validate(const Agent& agent, const config::BuiltInAgent& about, const Call& call) {
    config::ParameterProblems problems;
    if (about.check_host != nullptr) about.check_host(call.parameters, problems);
    for (const config::ParameterProblem& problem : problems) {
        if (problem.is_error) return {Code::kNotInstalled, problem.text};
        say(problem.text);
    }
    return agent.validate == nullptr ? Answer{Code::kSuccess, {}} : agent.validate(call);
}

}  // namespace

const std::string& Call::operator[](std::string_view name) const {
    static const std::string none;
    const auto found = parameters.find(name);
    return found == parameters.end() ? none : found->second;
}

bool Call::yes(std::string_view name) const {
    return config::ocf_boolean((*this)[name]).value_or(false);
}

void say(std::string_view text) {
    fmt::print(stderr, "{}\n", text);
}

std::string usage(std::string_view type) {
    return fmt::format(
        "usage: {} start|stop|monitor|status|validate-all|meta-data|usage\n"
        "The parameters are OCF_RESKEY_... in the environment: see meta-data.\n",
        type);
}

config::Parameters given_parameters(const config::BuiltInAgent& about, const Lookup& environment) {
    config::Parameters given;
    for (const config::AgentParameter& parameter : about.parameters) {
        const std::string_view value =
            text_of(environment, fmt::format("OCF_RESKEY_{}", parameter.name).c_str());
        if (!value.empty()) given.emplace(parameter.name, value);
    }
    return given;
}

Answer run(const Agent& agent, std::string_view action, const Lookup& environment, MonoTime now) {
    const config::BuiltInAgent* about = config::find_built_in(agent.type);
    HB_ASSERT(about != nullptr);
    if (action == "meta-data") {
        fmt::print("{}", meta_data(*about));
        return {};
    }
    if (action == "usage" || action == "help") {
        fmt::print("{}", usage(agent.type));
        return {};
    }
    const bool is_known = action == "start" || action == "stop" || action == "monitor" ||
                          action == "status" || action == "validate-all";
    if (!is_known)
        return {Code::kNotImplemented, fmt::format("{} has no action '{}'", agent.type, action)};
    config::Parameters given = given_parameters(*about, environment);
    for (const config::ParameterProblem& problem : config::check_parameters(*about, given)) {
        if (problem.is_error) return {Code::kNotConfigured, problem.text};
        if (action != "monitor" && action != "status") say(problem.text);
    }
    const Call call = make_call(*about, std::move(given), environment, now);
    if (action == "start") return agent.start(call);
    if (action == "stop") return agent.stop(call);
    if (action == "validate-all") return validate(agent, *about, call);
    return agent.monitor(call);
}

}  // namespace hb::agent
