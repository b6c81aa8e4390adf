#include "daemons/hb-fence/fence_daemon.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <utility>

#include "common/config/fence_types.hpp"
#include "common/runtime/system_clock.hpp"
#include "daemons/hb-fence/agent_rules.hpp"
#include "proto/codec_fence_resource.hpp"

namespace hb::fence {

namespace {

constexpr Duration kGrace = 2s;  // between SIGTERM and SIGKILL

FenceSettings fence_settings(const ipc::Setup& setup) {
    FenceSettings s{
        .self = setup.self, .node_names = setup.settings.nodes, .fencing = setup.settings.fencing};
    for (config::FenceDevice& d : s.fencing.devices)
        d.parameters.clear();  // the core needs none
    return s;
}

// Python's warnings about itself are no news of a device.
std::vector<std::string> agent_environment() {
    return {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C",
            "HOME=/", "PYTHONWARNINGS=ignore", "PYTHONDONTWRITEBYTECODE=1"};
}

}  // namespace

FenceDaemon::FenceDaemon(skeleton::Host& host, const ipc::Setup& setup)
    : host_(host),
      node_names_(setup.settings.nodes),
      fencing_(setup.settings.fencing),
      core_(fence_settings(setup), runtime::now()),
      timer_(host.loop(), [this]() noexcept { deadline(); }),
      burial_(host.loop(), [this]() noexcept { bury(); }) {
    timer_.arm(core_.next_deadline());
}

void FenceDaemon::on_neighbour(ipc::Program neighbour) noexcept {
    if (neighbour != ipc::Program::kResource) return;
    std::vector<FenceOutput> actions;
    core_.greet(actions);
    act(std::move(actions));
}

void FenceDaemon::on_message(ipc::Program from, std::string_view bytes) noexcept {
    if (from != ipc::Program::kResource) return host_.fault(from, "no message is expected of it");
    const Result<ipc::ResourceToFence> message = proto::decode_resource_to_fence(bytes);
    if (!message) return host_.fault(from, message.error().text);
    std::visit([this](const auto& m) { give(m); }, *message);
}

void FenceDaemon::give(const FenceInput& input) {
    std::vector<FenceOutput> actions;
    core_.handle(input, runtime::now(), actions);
    act(std::move(actions));
}

void FenceDaemon::deadline() noexcept {
    std::vector<FenceOutput> actions;
    core_.on_deadline(runtime::now(), actions);
    act(std::move(actions));
}

// An agent that could not be started has ended: the core hears of it when it is through.
void FenceDaemon::act(std::vector<FenceOutput> actions) {
    while (true) {
        for (const FenceOutput& action : std::exchange(actions, {}))
            carry_out(action);
        if (not_started_.empty()) break;
        const CallDone done = std::move(not_started_.back());
        not_started_.pop_back();
        core_.handle(done, runtime::now(), actions);
    }
    timer_.arm(core_.next_deadline());
}

void FenceDaemon::carry_out(const FenceOutput& action) {
    if (const auto* run = std::get_if<RunAgent>(&action)) {
        start(*run);
    } else if (const auto* kill = std::get_if<KillAgent>(&action)) {
        const auto at = agents_.find(kill->call);
        if (at != agents_.end()) at->second.process->end(kGrace);
    } else if (const auto* event = std::get_if<Event>(&action)) {
        host_.log().log(*event);
    } else {
        const auto send = [this](const auto& m) {
            host_.send(ipc::Program::kResource, proto::encode(ipc::FenceToResource(m)));
        };
        if (const auto* state = std::get_if<ipc::FenceState>(&action)) send(*state);
        if (const auto* trouble = std::get_if<ipc::FenceDeviceTrouble>(&action)) send(*trouble);
        if (const auto* answer = std::get_if<ipc::FenceAnswer>(&action)) send(*answer);
    }
}

void FenceDaemon::start(const RunAgent& action) {
    const config::FenceDevice& device = fencing_.devices.at(action.device);
    const config::FenceTarget* target = action.target ? device.find(*action.target) : nullptr;
    const std::string program = config::find_fence_agent(device.agent);
    runtime::ChildSpec spec;
    spec.argv = {program.empty() ? device.agent : program};
    spec.environment = agent_environment();
    spec.input = agent_input(device, action.action, target,
                             action.target ? node_names_.at(rank(*action.target)) : std::string());
    spec.death_signal = SIGKILL;
    spec.timeout = fencing_.timeout;
    spec.grace = kGrace;
    spec.most_lines = 50;
    const std::uint64_t call = action.call;
    auto process = runtime::ChildProcess::start(
        host_.loop(), spec,
        {.before_exec = {},
         .on_line =
             [this, call](std::string_view line) noexcept {
                 const auto at = agents_.find(call);
                 if (at == agents_.end()) return;
                 at->second.lines.push_back(
                     without_secrets(line, fencing_.devices.at(at->second.what.device)));
             },
         .on_exit = [this,
                     call](const runtime::ExitStatus& status) noexcept { ended(call, status); }});
    if (!process) {
        not_started_.push_back({call, Outcome::kFailed, process.error().text});
        return;
    }
    agents_[call] = {action, std::move(*process), {}};
}

void FenceDaemon::ended(std::uint64_t call, const runtime::ExitStatus& status) {
    auto node = agents_.extract(call);
    if (node.empty()) return;
    Agent& agent = node.mapped();
    const Outcome outcome = judge(agent.what.action, status, agent.lines);
    const bool quiet = outcome != Outcome::kFailed && (agent.what.action == AgentAction::kStatus ||
                                                       agent.what.action == AgentAction::kMonitor);
    for (const std::string& line : agent.lines) {
        if (line.empty()) continue;
        host_.log().log(quiet ? Level::kDebug : Level::kInfo, "agent-output",
                        fmt::format("[{} {}] {}", fencing_.devices.at(agent.what.device).type,
                                    to_string(agent.what.action), line));
    }
    CallDone done{call, outcome, complaint(status, agent.lines)};
    dead_.push_back(std::move(agent.process));
    burial_.schedule();
    give(done);
}

void FenceDaemon::bury() noexcept {
    dead_.clear();
}

}  // namespace hb::fence
