#include "daemons/hb-resource/agents/meta_data.hpp"

#include <fmt/format.h>

#include "common/base/version.hpp"

namespace hb::agent {
namespace {

std::string escaped(std::string_view text) {
    std::string result;
    for (const char c : text)
        switch (c) {
            case '<':
                result += "&lt;";
                break;
            case '>':
                result += "&gt;";
                break;
            case '&':
                result += "&amp;";
                break;
            case '"':
                result += "&quot;";
                break;
            default:
                result += c;
        }
    return result;
}

const char* kind_name(config::ParameterKind kind) {
    switch (kind) {
        case config::ParameterKind::kString:
            return "string";
        case config::ParameterKind::kBoolean:
            return "boolean";
        case config::ParameterKind::kInteger:
            return "integer";
    }
    return "string";
}

std::string parameter_xml(const config::AgentParameter& p) {
    const std::string standard =
        p.required ? std::string() : fmt::format(" default=\"{}\"", escaped(p.standard));
    return fmt::format(
        "    <parameter name=\"{}\" unique=\"0\" required=\"{}\">\n"
        "      <longdesc lang=\"en\">{}</longdesc>\n"
        "      <shortdesc lang=\"en\">{}</shortdesc>\n"
        "      <content type=\"{}\"{}/>\n"
        "    </parameter>\n",
        p.name, p.required ? 1 : 0, escaped(p.text), escaped(p.brief), kind_name(p.kind), standard);
}

}  // namespace

std::string meta_data(const config::BuiltInAgent& agent) {
    std::string parameters;
    for (const config::AgentParameter& parameter : agent.parameters)
        parameters += parameter_xml(parameter);
    return fmt::format(
        "<?xml version=\"1.0\"?>\n"
        "<!DOCTYPE resource-agent SYSTEM \"ra-api-1.dtd\">\n"
        "<resource-agent name=\"{}\" version=\"{}\">\n"
        "  <version>1.1</version>\n"
        "  <longdesc lang=\"en\">{}</longdesc>\n"
        "  <shortdesc lang=\"en\">{}</shortdesc>\n"
        "  <parameters>\n{}  </parameters>\n"
        "  <actions>\n"
        "    <action name=\"start\" timeout=\"{}s\"/>\n"
        "    <action name=\"stop\" timeout=\"{}s\"/>\n"
        "    <action name=\"monitor\" depth=\"0\" timeout=\"{}s\" interval=\"{}s\"/>\n"
        "    <action name=\"validate-all\" timeout=\"5s\"/>\n"
        "    <action name=\"meta-data\" timeout=\"5s\"/>\n"
        "  </actions>\n"
        "</resource-agent>\n",
        agent.type, kVersion, escaped(agent.text), escaped(agent.brief), parameters,
        agent.start_seconds, agent.stop_seconds, agent.monitor_seconds,
        agent.monitor_interval_seconds);
}

}  // namespace hb::agent
