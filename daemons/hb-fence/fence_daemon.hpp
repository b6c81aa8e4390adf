// FenceDaemon: the shell of hb-fence. It brings wishes, requests and the ends of fence agents to
// the FenceCore and starts and kills agents as that says. It decides nothing.
//
// Agents run as we do (hacluster, no capabilities), one process group each, killed with us. What
// they print is logged line by line, without the values of secret parameters.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/runtime/child_process.hpp"
#include "common/runtime/events.hpp"
#include "daemons/hb-fence/fence_core.hpp"
#include "daemons/skeleton/daemon_main.hpp"

namespace hb::fence {

class FenceDaemon final : public skeleton::Daemon {
  public:
    FenceDaemon(skeleton::Host& host, const ipc::Setup& setup);

    void on_neighbour(ipc::Program neighbour) noexcept override;
    void on_message(ipc::Program from, std::string_view bytes) noexcept override;
    void on_neighbour_gone(ipc::Program) noexcept override {}  // what it wished goes on
    void on_gap(Duration) noexcept override {}                 // nothing here is a promise of ours

  private:
    struct Agent {
        RunAgent what;
        std::unique_ptr<runtime::ChildProcess> process;
        std::vector<std::string> lines;
    };
    void give(const FenceInput& input);
    void deadline() noexcept;
    void act(std::vector<FenceOutput> actions);
    void carry_out(const FenceOutput& action);
    void start(const RunAgent& action);
    void ended(std::uint64_t call, const runtime::ExitStatus& status);
    void bury() noexcept;

    skeleton::Host& host_;
    std::vector<std::string> node_names_;
    config::Fencing fencing_;
    FenceCore core_;
    std::map<std::uint64_t, Agent> agents_;
    std::vector<std::unique_ptr<runtime::ChildProcess>> dead_;  // ended inside their own callback
    std::vector<CallDone> not_started_;
    runtime::Timer timer_;
    runtime::Defer burial_;
};

}  // namespace hb::fence
