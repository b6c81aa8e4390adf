#include "tools/control/client.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/base/limits.hpp"
#include "common/runtime/system_clock.hpp"
#include "proto/codec_control.hpp"
#include "proto/codec_hello.hpp"

namespace hb::control {

namespace {

// hb-membership may just be respawned: the socket outlives it, the answer comes a little later.
constexpr Duration kAnswerTime = 5s;
constexpr Duration kReloadTime = 30s;

std::unexpected<Trouble> trouble(ExitCode code, std::string text) {
    return std::unexpected(Trouble{code, std::move(text)});
}

std::unexpected<Trouble> passing(std::string text) {
    return std::unexpected(Trouble{ExitCode::kLost, std::move(text), true});
}

std::unexpected<Trouble> cannot_connect(const std::string& path, int error) {
    if (error == ENOENT || error == ECONNREFUSED)
        return trouble(
            ExitCode::kNotRunning,
            fmt::format("ha-suite is not running on this node (nobody listens at {})", path));
    if (error == EACCES || error == EPERM)
        return std::unexpected(
            Trouble{.code = ExitCode::kNotRunning,
                    .text = fmt::format("{}: only root and the group haclient may ask", path),
                    .denied = true});
    if (error == EAGAIN) return passing("hb-membership takes no more questions at the moment");
    return trouble(ExitCode::kNotRunning, fmt::format("{}: {}", path, std::strerror(error)));
}

std::unexpected<Trouble> lost() {
    return passing("hb-membership closed the connection");
}
std::unexpected<Trouble> no_answer() {
    return passing("hb-membership does not answer");
}

}  // namespace

Client::Client(runtime::UniqueFd socket) : socket_(std::move(socket)) {
    buffer_.resize(limits::kChannelBytes + 1);
}

Outcome<Client> Client::connect(const std::string& run_dir) {
    const std::string path = run_dir + "/control";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return trouble(ExitCode::kUsage, fmt::format("{}: too long for a socket", path));
    std::memcpy(address.sun_path, path.data(), path.size());

    runtime::UniqueFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return cannot_connect(path, errno);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return cannot_connect(path, errno);
    Client client(std::move(fd));

    ipc::Hello hello{"hactl", ipc::kProtocolVersion, static_cast<std::uint32_t>(::getpid())};
    const std::string bytes = proto::encode(hello);
    static_cast<void>(::send(client.socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
    const auto answer = client.receive_bytes(runtime::now() + kAnswerTime);
    // Whoever may not ask is let in no further than this, nor who is one too many.
    if (!answer)
        return std::unexpected(
            Trouble{ExitCode::kNotRunning,
                    "hb-membership closed the connection: it talks to root and the group haclient "
                    "only, and to so many at a time; its log says why",
                    true, true});
    if (!*answer) return no_answer();
    const auto theirs = proto::decode_hello(**answer);
    if (!theirs) return trouble(ExitCode::kLost, theirs.error().text);
    return client;
}

Outcome<void> Client::send(const ipc::ToolToMembership& message) {
    const std::string bytes = proto::encode(message);
    if (::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) return lost();
    return {};
}

Outcome<std::optional<std::string>> Client::receive_bytes(MonoTime deadline) {
    while (true) {
        const ssize_t n = ::recv(socket_.get(), buffer_.data(), buffer_.size(), 0);
        if (n > 0) return std::string(buffer_.data(), static_cast<std::size_t>(n));
        if (n == 0) return lost();
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return lost();
        int timeout = -1;
        if (deadline != kForever) {
            const Duration left = deadline - runtime::now();
            if (left <= Duration(0)) return std::nullopt;
            timeout = static_cast<int>(
                std::chrono::ceil<std::chrono::milliseconds>(std::min<Duration>(left, 1h)).count());
        }
        pollfd waiting{socket_.get(), POLLIN, 0};
        if (::poll(&waiting, 1, timeout) < 0 && errno != EINTR) return lost();
    }
}

Outcome<std::optional<ipc::MembershipToTool>> Client::receive(MonoTime deadline) {
    const auto bytes = receive_bytes(deadline);
    if (!bytes) return std::unexpected(bytes.error());
    if (!*bytes) return std::nullopt;
    auto message = proto::decode_membership_to_tool(**bytes);
    if (!message)
        return trouble(
            ExitCode::kLost,
            fmt::format("hb-membership sent what this program does not understand ({}): are "
                        "both of one version?",
                        message.error().text));
    return std::move(*message);
}

Outcome<ClusterStatus> Client::status() {
    const std::uint64_t id = next_id_++;
    if (const auto sent = send(ipc::GetStatus{id}); !sent) return std::unexpected(sent.error());
    const MonoTime deadline = runtime::now() + kAnswerTime;
    while (true) {
        auto message = receive(deadline);
        if (!message) return std::unexpected(message.error());
        if (!*message) return no_answer();
        if (auto* s = std::get_if<ipc::Status>(&**message); s != nullptr && s->id == id)
            return std::move(s->status);
    }
}

Outcome<std::optional<std::string>> Client::parameter(const std::string& name) {
    const std::uint64_t id = next_id_++;
    if (const auto sent = send(ipc::GetParameter{id, name}); !sent)
        return std::unexpected(sent.error());
    const MonoTime deadline = runtime::now() + kAnswerTime;
    while (true) {
        auto message = receive(deadline);
        if (!message) return std::unexpected(message.error());
        if (!*message) return no_answer();
        if (auto* p = std::get_if<ipc::Parameter>(&**message); p != nullptr && p->id == id)
            return std::move(p->value);
    }
}

Outcome<std::optional<GroupStory>> Client::why(const GroupName& group) {
    const std::uint64_t id = next_id_++;
    if (const auto sent = send(ipc::GetWhy{id, group}); !sent) return std::unexpected(sent.error());
    const MonoTime deadline = runtime::now() + kAnswerTime;
    while (true) {
        auto message = receive(deadline);
        if (!message) return std::unexpected(message.error());
        if (!*message) return no_answer();
        if (auto* why = std::get_if<ipc::Why>(&**message); why != nullptr && why->id == id)
            return std::move(why->story);
    }
}

Outcome<ipc::AdminAnswer> Client::request(ipc::AdminRequest request, Duration patience) {
    request.id = next_id_++;
    if (const auto sent = send(request); !sent) return std::unexpected(sent.error());
    return answer(request.id, patience);
}

Outcome<ipc::AdminAnswer> Client::log_level(std::optional<unsigned> level) {
    const std::uint64_t id = next_id_++;
    if (const auto sent = send(ipc::LogLevelRequest{id, level}); !sent)
        return std::unexpected(sent.error());
    return answer(id, {});
}

Outcome<ipc::AdminAnswer> Client::answer(std::uint64_t id, Duration patience) {
    const MonoTime deadline = runtime::now() + kAnswerTime + patience;
    while (true) {
        auto message = receive(deadline);
        if (!message) return std::unexpected(message.error());
        if (!*message) return no_answer();
        if (auto* a = std::get_if<ipc::AdminAnswer>(&**message);
            a != nullptr && a->id == id)
            return std::move(*a);
    }
}

Outcome<ReloadOutcome> Client::reload(bool dry_run) {
    const std::uint64_t id = next_id_++;
    if (const auto sent = send(ipc::ReloadWanted{id, dry_run}); !sent)
        return std::unexpected(sent.error());
    const MonoTime deadline = runtime::now() + kReloadTime;
    while (true) {
        auto message = receive(deadline);
        if (!message) return std::unexpected(message.error());
        if (!*message) return no_answer();
        if (auto* done = std::get_if<ipc::ReloadDone>(&**message);
            done != nullptr && done->id == id)
            return std::move(done->outcome);
    }
}

Outcome<void> Client::subscribe(bool status, bool events) {
    return send(ipc::Subscribe{next_id_++, status, events});
}

}  // namespace hb::control
