#include "daemons/hb-master/daemon_process.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "common/base/ipc/hello.hpp"
#include "common/base/limits.hpp"
#include "common/config/secrets.hpp"
#include "common/runtime/system_clock.hpp"
#include "proto/codec_hello.hpp"
#include "proto/codec_master.hpp"

namespace hb::master {

namespace {

constexpr int kChannelFd = 3;
constexpr int kLockFd = 4;
constexpr Duration kLinger = 1s;  // between the end of its channel and its own

}  // namespace

DaemonProcess::DaemonProcess(runtime::EventLoop& loop, ipc::Program program, Callbacks callbacks)
    : program_(program),
      callbacks_(std::move(callbacks)),
      linger_(loop, [this]() noexcept { kill(); }) {}

Result<std::unique_ptr<DaemonProcess>> DaemonProcess::start(runtime::EventLoop& loop,
                                                            const Spec& spec, Callbacks callbacks) {
    Result<runtime::ChannelPair> pair = runtime::make_channel_pair();
    if (!pair) return std::unexpected(pair.error());
    std::unique_ptr<DaemonProcess> made(
        new DaemonProcess(loop, spec.program, std::move(callbacks)));
    DaemonProcess* self = made.get();
    Result<std::unique_ptr<runtime::ChildProcess>> process = runtime::ChildProcess::start(
        loop,
        {.argv = spec.argv,
         .environment = spec.environment,
         .fds = {{.fd = pair->second.get(), .as = kChannelFd},
                 {.fd = spec.suite_lock, .as = kLockFd}},
         .capture_output = false,
         .inherit_output = true},
        {.on_exit = [self](const runtime::ExitStatus& status) noexcept {
            // The process is dead: what is in the channel is all there will ever be.
            self->channel_->drain();
            self->callbacks_.on_exit(status);
        }});
    if (!process) return std::unexpected(process.error());
    made->process_ = std::move(*process);
    made->channel_ = std::make_unique<runtime::Channel>(
        loop, std::move(pair->first),
        runtime::Channel::Callbacks{
            .on_message =
                [self](std::string_view bytes, std::vector<runtime::UniqueFd> fds) noexcept {
                    self->received(bytes, std::move(fds));
                },
            .on_closed = [self](runtime::CloseReason reason) noexcept { self->closed(reason); }},
        runtime::ChannelOptions{.accepts_descriptors = spec.program == ipc::Program::kComm});
    made->channel_->send(proto::encode(ipc::Hello{.program = to_string(ipc::Program::kMaster),
                                                  .pid = static_cast<std::uint32_t>(::getpid())}));
    return made;
}

void DaemonProcess::send(const ipc::MasterToDaemon& message, std::vector<runtime::UniqueFd> fds) {
    std::string bytes = proto::encode(message);
    channel_->send(bytes, std::move(fds));
    config::wipe(bytes);  // there may be keys in it
}

template <typename Part>
void DaemonProcess::send_in_parts(const ipc::Setup& setup) {
    std::string bytes = proto::encode(setup);
    std::size_t done = 0;
    while (done < bytes.size()) {
        const std::size_t size = std::min(limits::kSetupPartBytes, bytes.size() - done);
        Part part{.bytes = bytes.substr(done, size), .last = done + size == bytes.size()};
        done += size;
        send(ipc::MasterToDaemon(std::move(part)));
    }
    config::wipe(bytes);
}

void DaemonProcess::send(const ipc::Setup& setup) {
    send_in_parts<ipc::SetupPart>(setup);
}

void DaemonProcess::send_settings(const ipc::Setup& setup) {
    send_in_parts<ipc::SettingsPart>(setup);
}

void DaemonProcess::kill() noexcept {
    process_->signal_group(SIGKILL);
}

void DaemonProcess::malformed(std::string_view problem) {
    deaf_ = true;
    callbacks_.on_malformed(problem);
}

void DaemonProcess::received(std::string_view bytes, std::vector<runtime::UniqueFd> fds) {
    if (deaf_) return;
    if (!greeted_) {
        const auto hello = proto::decode_hello(bytes);
        if (!hello) return malformed(fmt::format("no good Hello ({})", hello.error().text));
        if (hello->program != to_string(program_))
            return malformed(fmt::format("it calls itself {}", hello->program));
        greeted_ = true;
        return;
    }
    const auto message = proto::decode_daemon_to_master(bytes);
    if (!message) return malformed(message.error().text);
    callbacks_.on_message(*message, std::move(fds));
}

void DaemonProcess::closed(runtime::CloseReason reason) {
    if (reason == runtime::CloseReason::kPeerGone)
        linger_.arm(runtime::now() + kLinger);
    else if (!deaf_)
        malformed(to_string(reason));
}

}  // namespace hb::master
