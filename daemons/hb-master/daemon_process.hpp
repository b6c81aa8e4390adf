// DaemonProcess: one running daemon of the suite, and the master's end of its channel.
//
// Hello first, both ways; a daemon that says anything else, or anything that does not decode, is
// reported as malformed (once) and not listened to any more. When it ends, everything that it sent
// is delivered before on_exit. A daemon that closes its channel and stays is killed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ipc/master.hpp"
#include "common/base/result.hpp"
#include "common/runtime/channel.hpp"
#include "common/runtime/child_process.hpp"
#include "common/runtime/event_loop.hpp"

namespace hb::master {

class DaemonProcess {
  public:
    struct Callbacks {
        std::move_only_function<void(const ipc::DaemonToMaster&,
                                     std::vector<runtime::UniqueFd>) noexcept>
            on_message;
        std::move_only_function<void(std::string_view problem) noexcept> on_malformed;
        // May destroy the object.
        std::move_only_function<void(const runtime::ExitStatus&) noexcept> on_exit;
    };
    struct Spec {
        ipc::Program program{};
        std::vector<std::string> argv;
        std::vector<std::string> environment;
        int suite_lock = -1;  // passed on, not owned
    };

    [[nodiscard]] static Result<std::unique_ptr<DaemonProcess>> start(runtime::EventLoop& loop,
                                                                      const Spec& spec,
                                                                      Callbacks callbacks);

    void send(const ipc::MasterToDaemon& message, std::vector<runtime::UniqueFd> fds = {});
    // In as many parts as it takes.
    void send(const ipc::Setup& setup);
    void send_settings(const ipc::Setup& setup);
    void kill() noexcept;
    // If it has ended: all that it said, then on_exit, now.
    void check() noexcept { process_->check(); }
    [[nodiscard]] pid_t pid() const { return process_->pid(); }

  private:
    DaemonProcess(runtime::EventLoop& loop, ipc::Program program, Callbacks callbacks);
    template <typename Part>
    void send_in_parts(const ipc::Setup& setup);
    void received(std::string_view bytes, std::vector<runtime::UniqueFd> fds);
    void closed(runtime::CloseReason reason);
    void malformed(std::string_view problem);

    ipc::Program program_;
    Callbacks callbacks_;
    bool greeted_ = false;
    bool deaf_ = false;  // to it: it was malformed
    std::unique_ptr<runtime::Channel> channel_;
    std::unique_ptr<runtime::ChildProcess> process_;
    runtime::Timer linger_;
};

}  // namespace hb::master
