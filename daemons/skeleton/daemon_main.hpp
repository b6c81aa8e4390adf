// The skeleton of every daemon that hb-master starts: arguments, log, the channel on fd 3,
// privileges, Setup, neighbours' channels, the end.
//
// What happens, in order:
//   1. Arguments, written by the master (arguments.hpp).
//   2. Real-time priority and locked memory, where asked for; a refusal is one WARN.
//   3. Privileges dropped as privilege_table.hpp says, and verified. Not so: one ERROR, exit 4.
//   4. Hello to the master, its Hello and Setup; the daemon is made by its factory (may throw:
//      logged, exit 1); Ready is sent.
//   5. The loop. Hello goes first on each neighbour's channel and is checked; the daemon sees
//      messages only, in order. A fresh channel to the same neighbour: the old one is read to its
//      end and on_neighbour_gone called, before on_neighbour (X1).
//
// A reload (SettingsPart, CommitSettings): prepare_settings() is asked, adopt_settings() tells it.
// The log and the limit of gaps follow by themselves; after another deadtime the shorter of both is
// the limit until peers know (docs/protocol.md, L8).
//
// A message of a neighbour that is refused (the daemon calls host.fault()) closes that channel and
// has the sender respawned. The channel to the master closed: on_master_gone().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/event.hpp"
#include "common/base/ids.hpp"
#include "common/base/ipc/master.hpp"
#include "common/base/time.hpp"
#include "common/log/logger.hpp"
#include "common/runtime/channel.hpp"
#include "common/runtime/event_loop.hpp"
#include "common/runtime/unique_fd.hpp"

namespace hb::skeleton {

using ipc::Program;

// What the skeleton does for a daemon. Lives longer than it.
class Host {
  public:
    virtual ~Host() = default;
    [[nodiscard]] virtual runtime::EventLoop& loop() = 0;
    [[nodiscard]] virtual log::Logger& log() = 0;

    // To a neighbour. kClosed when it is not there (it will be told everything when it is back).
    virtual runtime::SendResult send(Program to, std::string_view bytes) = 0;
    [[nodiscard]] virtual bool has(Program neighbour) const = 0;
    // What waits here because the neighbour does not read fast enough; 0: the kernel has all of it.
    [[nodiscard]] virtual std::size_t queued_bytes(Program) const { return 0; }
    // Delivers now (on_message) everything that the neighbour sent so far: for who must not decide
    // before it has read. Not inside on_message.
    virtual void drain(Program) {}
    // It sent what it may not. on_neighbour_gone follows, from the loop.
    virtual void fault(Program neighbour, std::string_view reason) = 0;

    // To the master. CallStarted answers kSent only when the master has it whatever happens to us.
    virtual runtime::SendResult tell_master(const ipc::DaemonToMaster& message) = 0;

    // Has the master give that socket a large receive buffer, soon; nothing is promised.
    virtual void enlarge_buffer(int /*socket*/) {}

    // Ends the loop after this callback; the process exits with the code.
    virtual void exit(int code) = 0;
};

// A daemon's shell. All callbacks come from the loop, one at a time.
class Daemon {
  public:
    virtual ~Daemon() = default;
    virtual void on_neighbour(Program neighbour) noexcept = 0;
    virtual void on_message(Program from, std::string_view bytes) noexcept = 0;
    virtual void on_neighbour_gone(Program neighbour) noexcept = 0;
    // This process handled nothing for longer than 3/4 deadtime though it had to (L5). First of
    // all, before anything that waited meanwhile is read.
    virtual void on_gap(Duration gap) noexcept = 0;

    // Asked for the master, where a watchdog is configured: false wants this host to be reset (G5).
    [[nodiscard]] virtual bool is_well() noexcept { return true; }

    virtual void on_control_socket(runtime::UniqueFd) noexcept {}
    virtual void on_log_level(unsigned /*debug*/) noexcept {}  // the log has it already
    // The configuration was read again. Could `fresh` be had? Why not, or empty. Changes nothing.
    [[nodiscard]] virtual std::string prepare_settings(const ipc::Setup&) noexcept { return {}; }
    // It is had: the Setup that the daemon was made with says so already (its keys are wiped when
    // this returns). `before`: what it said before.
    virtual void adopt_settings(const ipc::Setup& /*before*/) noexcept {}
    // A serial line that it asked for, or why it is not there.
    virtual void on_line(const std::string&, runtime::UniqueFd, const std::string&) noexcept {}
    // The answer to a ReloadRequest.
    virtual void on_reload_answer(const ipc::ReloadAnswer&) noexcept {}
    // The orderly end. By default the process exits 0.
    virtual void on_stop(Host& host) noexcept { host.exit(0); }
    // Nobody will respawn us. By default the process exits 1. (What was sent to the master and to
    // neighbours before an exit is still delivered, within a second.)
    virtual void on_master_gone(Host& host) noexcept { host.exit(1); }
};

struct DaemonSpec {
    Program program{};
    // Called once, when Setup is there. `setup` lives as long as the daemon, but its keys are wiped
    // when this returns. May throw.
    std::function<std::unique_ptr<Daemon>(Host& host, const ipc::Setup& setup)> make;
};

// The whole main(): returns the exit code.
[[nodiscard]] int daemon_main(int argc, char** argv, const DaemonSpec& spec);

}  // namespace hb::skeleton
