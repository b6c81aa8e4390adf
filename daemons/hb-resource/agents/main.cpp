// hb-agent: the agents whose system calls may hang, as OCF agents. `hb-agent TYPE ACTION`, or by a
// link that is named like the type: `TYPE ACTION`.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "common/runtime/system_clock.hpp"
#include "daemons/hb-resource/agents/run.hpp"

namespace agent = hb::agent;

namespace {

constexpr std::string_view kOwnName = "hb-agent";

int exit_code(agent::Code code) {
    return static_cast<int>(code);
}

std::string known_types() {
    std::string types;
    for (const agent::Agent& each : agent::agents())
        types += (types.empty() ? "" : " ") + std::string(each.type);
    return types;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view path = argc > 0 ? argv[0] : kOwnName;
    std::string type(path.substr(path.rfind('/') + 1));
    const bool is_named = type != kOwnName;
    std::string action;
    CLI::App app(
        "Runs one action of one built-in resource agent (OCF 1.1). Agents: " + known_types(), type);
    if (!is_named) app.add_option("TYPE", type, "the agent")->required();
    app.add_option("ACTION", action,
                   "start, stop, monitor, status, validate-all, meta-data or usage; parameters "
                   "are OCF_RESKEY_... in the environment")
        ->required();
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& problem) {
        const bool is_help = app.exit(problem) == 0;
        return exit_code(is_help ? agent::Code::kSuccess : agent::Code::kWrongArguments);
    }
    for (const agent::Agent& each : agent::agents()) {
        if (each.type != type) continue;
        const agent::Answer answer = agent::run(
            each, action, [](const char* name) { return std::getenv(name); }, hb::runtime::now());
        if (!answer.reason.empty()) agent::say("ocf-exit-reason:" + answer.reason);
        return exit_code(answer.code);
    }
    agent::say("ocf-exit-reason:no agent '" + type + "': there are " + known_types());
    return exit_code(agent::Code::kNotInstalled);
}
