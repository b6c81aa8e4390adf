#include "tools/hactl/check_agents.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <optional>

#include "common/config/ocf_call.hpp"
#include "common/config/script_environment.hpp"
#include "common/runtime/child_process.hpp"
#include "common/runtime/event_loop.hpp"

namespace hb::hactl {

namespace {

constexpr Duration kTimeout = 20s;
constexpr const char* kAction = "validate-all";
constexpr const char* kScratch = "/run/resource-agents";  // agents take it for granted

struct Outcome {
    runtime::ExitStatus status;
    std::string reason;  // what it said: its exit reason, else its last line
};

Result<Outcome> run(const config::FoundAgent& agent, std::vector<std::string> environment) {
    runtime::EventLoop loop;
    std::optional<runtime::ExitStatus> status;
    std::string exit_reason, last_line;
    std::vector<std::string> argv = {agent.path};
    argv.insert(argv.end(), agent.args.begin(), agent.args.end());
    argv.emplace_back(kAction);
    auto child = runtime::ChildProcess::start(
        loop,
        {.argv = std::move(argv),
         .environment = std::move(environment),
         .timeout = kTimeout,
         .grace = 1s,
         .is_ordinary = true},
        {.on_line =
             [&](std::string_view line) noexcept {
                 const std::string_view mark = config::kOcfExitReason;
                 if (line.starts_with(mark)) exit_reason = line.substr(mark.size());
                 if (!line.empty()) last_line = line;
             },
         .on_exit = [&](const runtime::ExitStatus& end) noexcept { status = end; }});
    if (!child) return std::unexpected(child.error());
    while (!status)
        loop.wait();
    return Outcome{*status, exit_reason.empty() ? last_line : exit_reason};
}

void report(const config::Resource& resource, const Outcome& outcome,
            config::Diagnostics& diagnostics) {
    const runtime::ExitStatus& end = outcome.status;
    if (end.ok() || (!end.signalled && end.code == config::kOcfNotImplemented)) return;
    const std::string how = end.timed_out   ? "it does not end"
                            : end.signalled ? end.to_string()
                                            : config::ocf_code_text(end.code);
    diagnostics.warning(resource.position,
                        fmt::format("{}: {} says {}{}{}", resource.word, kAction, how,
                                    outcome.reason.empty() ? "" : ": ", outcome.reason));
}

}  // namespace

void check_agents(const config::Settings& settings, NodeId self, const std::string& config_dir,
                  const config::AgentDirectories& directories, config::Diagnostics& diagnostics) {
    const auto base = config::script_environment(settings, self, config_dir);
    (void)::mkdir(kScratch, 0755);
    for (const config::Group& group : settings.groups)
        for (const config::Resource& resource : group.resources) {
            const auto agent = config::find_agent(resource, directories);
            if (!agent || agent->kind != config::AgentKind::kOcf) continue;
            const auto outcome =
                run(*agent, config::ocf_environment(
                                base, {.provider = agent->provider,
                                       .type = agent->type,
                                       .instance = config::ocf_instance(group.name, resource.word),
                                       .parameters = agent->parameters,
                                       .action = kAction,
                                       .timeout = kTimeout,
                                       .interval = {}}));
            if (outcome)
                report(resource, *outcome, diagnostics);
            else
                diagnostics.warning(resource.position, outcome.error().text);
        }
}

}  // namespace hb::hactl
