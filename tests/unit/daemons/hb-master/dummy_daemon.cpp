// A daemon that does nothing but say what happens to it: hb-master is tested with four of these,
// named by the links through which they are started.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "common/runtime/child_process.hpp"
#include "common/runtime/events.hpp"
#include "daemons/skeleton/daemon_main.hpp"

namespace hb::test {
namespace {

using skeleton::Host;
using skeleton::Program;

class Dummy final : public skeleton::Daemon {
  public:
    Dummy(Host& host, const ipc::Setup& setup, Program program)
        : host_(host),
          setup_(setup),
          program_(program),
          misbehave_(host.loop(), SIGUSR1, [this]() noexcept { misbehave(); }) {
        say(fmt::format("setup node {} incarnation {}.{} keys {} uid {}",
                        setup.settings.node_name(setup.self), setup.incarnation.generation,
                        setup.incarnation.respawn, setup.keys ? setup.keys->keys.size() : 0,
                        ::getuid()));
        if (program_ == Program::kResource) start_call();
    }

    void on_neighbour(Program neighbour) noexcept override {
        say(fmt::format("has {}", to_string(neighbour)));
        host_.send(neighbour, fmt::format("greetings from {}", ::getpid()));
    }
    void on_message(Program from, std::string_view bytes) noexcept override {
        say(fmt::format("heard {}: {}", to_string(from), bytes));
        if (bytes == "garbage") host_.fault(from, "it sent garbage");
    }
    void on_neighbour_gone(Program neighbour) noexcept override {
        say(fmt::format("lost {}", to_string(neighbour)));
    }
    void on_gap(Duration) noexcept override {}
    void on_control_socket(runtime::UniqueFd socket) noexcept override {
        control_ = std::move(socket);
        say("control socket");
    }
    std::string prepare_settings(const ipc::Setup& fresh) noexcept override {
        say(fmt::format("prepare keepalive {} ms", to_ms(fresh.settings.keepalive)));
        return {};
    }
    void adopt_settings(const ipc::Setup& before) noexcept override {
        say(fmt::format("adopt keepalive {} ms instead of {} ms, keys {}",
                        to_ms(setup_.settings.keepalive), to_ms(before.settings.keepalive),
                        setup_.keys ? setup_.keys->keys.size() : 0));
    }
    void on_log_level(unsigned debug) noexcept override {
        say(fmt::format("debug level {}", debug));
    }
    void on_stop(Host&) noexcept override {
        say("stop");
        if (program_ == Program::kResource) host_.tell_master(ipc::LeaveDone{});
        host_.exit(0);
    }

    // As the real one, hb-resource may need time; here: until it is told (SIGUSR1 before and
    // again).
    void on_master_gone(Host&) noexcept override {
        if (!is_slow_) host_.exit(1);
    }

  private:
    void say(const std::string& text) { host_.log().log(Level::kInfo, "dummy", text); }

    // hb-comm breaks the rules towards the master, others towards their neighbours.
    void misbehave() {
        if (program_ == Program::kResource) {
            if (is_slow_) host_.exit(1);
            is_slow_ = true;
            say("slow from now on");
        } else if (program_ == Program::kComm)
            host_.tell_master(ipc::LeaveDone{});
        else
            host_.send(Program::kMembership, "garbage");
    }

    // An agent call that never ends, with a child, as scripts have.
    void start_call() {
        auto call = runtime::ChildProcess::start(
            host_.loop(),
            {.argv = {"/bin/sh", "-c", "trap '' TERM; sleep 1000 & wait"},
             .environment = {"PATH=/usr/bin:/bin"},
             .capture_output = false},
            {.before_exec =
                 [this](pid_t pid) noexcept {
                     say(fmt::format("call {}", pid));
                     return host_.tell_master(ipc::CallStarted{pid}) == runtime::SendResult::kSent;
                 },
             .on_exit = [](const runtime::ExitStatus&) noexcept {}});
        if (call) call_ = std::move(*call);
    }

    Host& host_;
    const ipc::Setup& setup_;
    Program program_;
    bool is_slow_ = false;
    runtime::UniqueFd control_;
    std::unique_ptr<runtime::ChildProcess> call_;
    runtime::SignalEvent misbehave_;
};

}  // namespace
}  // namespace hb::test

int main(int argc, char** argv) {
    const std::string path = argv[0];
    const auto program = hb::ipc::program_of(path.substr(path.find_last_of('/') + 1));
    if (!program) return 2;
    return hb::skeleton::daemon_main(
        argc, argv,
        {.program = *program, .make = [&](hb::skeleton::Host& host, const hb::ipc::Setup& setup) {
             return std::make_unique<hb::test::Dummy>(host, setup, *program);
         }});
}
