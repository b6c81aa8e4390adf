#include "daemons/hb-notify/control_watch.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <variant>

#include "common/base/ipc/control.hpp"
#include "common/base/ipc/hello.hpp"
#include "common/runtime/system_clock.hpp"
#include "proto/codec_control.hpp"
#include "proto/codec_hello.hpp"

namespace hb::notify {

namespace {

constexpr Duration kRetry = 1s;

Result<runtime::UniqueFd> connect_to(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return failure(path + ": too long for a socket");
    std::memcpy(address.sun_path, path.data(), path.size());
    runtime::UniqueFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd ||
        ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return failure(path + ": " + std::strerror(errno));
    return fd;
}

}  // namespace

ControlWatch::ControlWatch(runtime::EventLoop& loop, std::string run_dir, Callbacks callbacks)
    : loop_(loop),
      run_dir_(std::move(run_dir)),
      callbacks_(std::move(callbacks)),
      retry_(loop, [this]() noexcept { connect(); }) {
    retry_.arm(runtime::now());
}

void ControlWatch::connect() noexcept {
    auto socket = connect_to(run_dir_ + "/control");
    if (!socket) return lost(socket.error().text);
    greeted_ = false;
    fresh_ = true;
    channel_ = std::make_unique<runtime::Channel>(
        loop_, std::move(*socket),
        runtime::Channel::Callbacks{
            .on_message = [this](std::string_view bytes,
                                 std::vector<runtime::UniqueFd>) noexcept { received(bytes); },
            .on_closed =
                [this](runtime::CloseReason reason) noexcept {
                    lost(std::string("hb-membership: ") + to_string(reason));
                }});
    channel_->send(proto::encode(
        ipc::Hello{.program = "hb-notify", .pid = static_cast<std::uint32_t>(::getpid())}));
    channel_->send(proto::encode(
        ipc::ToolToMembership(ipc::Subscribe{.id = 1, .status = true, .events = true})));
}

void ControlWatch::lost(const std::string& why) {
    if (channel_) channel_->close();
    retry_.arm(runtime::now() + kRetry);
    if (!std::exchange(told_, true)) callbacks_.on_trouble(why);
}

void ControlWatch::received(std::string_view bytes) {
    if (!greeted_) {
        const auto hello = proto::decode_hello(bytes);
        if (!hello) return lost("hb-membership: " + hello.error().text);
        greeted_ = true;
        return;
    }
    const auto message = proto::decode_membership_to_tool(bytes);
    if (!message) return lost("hb-membership: " + message.error().text);
    told_ = false;
    if (const auto* status = std::get_if<ipc::Status>(&*message))
        callbacks_.on_status(status->status, std::exchange(fresh_, false));
    else if (const auto* note = std::get_if<ipc::EventNote>(&*message))
        callbacks_.on_event(note->event);
}

}  // namespace hb::notify
