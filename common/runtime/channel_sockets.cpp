// How channels come to be: pairs for the master, named sockets for tools.
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/base/limits.hpp"
#include "common/runtime/channel.hpp"
#include "common/runtime/system_clock.hpp"

namespace hb::runtime {

namespace {

constexpr Duration kAcceptRetry = 100ms;  // after running out of descriptors

[[nodiscard]] std::unexpected<Error> failed(const std::string& what) {
    return failure(what + ": " + std::strerror(errno));
}

// Room for a few of the largest messages. The kernel counts its own overhead too. What the
// privileges do not allow is not had: less is answered, and the caller says so.
std::size_t enlarge_send_buffer(int socket) {
    constexpr int kWanted = 4 * static_cast<int>(limits::kChannelBytes);
    if (::setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, &kWanted, sizeof kWanted) != 0)
        ::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &kWanted, sizeof kWanted);
    int got = 0;
    socklen_t length = sizeof got;
    if (::getsockopt(socket, SOL_SOCKET, SO_SNDBUF, &got, &length) != 0 || got < 64) return 0;
    return static_cast<std::size_t>(got) - 32;  // as unix(7)'s sendmsg reckons
}

Result<sockaddr_un> address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path)
        return failure(path + ": too long for the name of a socket");
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

}  // namespace

Result<ChannelPair> make_channel_pair() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        return failed("socketpair");
    ChannelPair pair{.first = UniqueFd(ends[0]), .second = UniqueFd(ends[1])};
    pair.largest =
        std::min(enlarge_send_buffer(pair.first.get()), enlarge_send_buffer(pair.second.get()));
    return pair;
}

Result<PeerCredentials> peer_credentials(int socket) {
    ucred credentials{};
    socklen_t length = sizeof credentials;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0)
        return failed("SO_PEERCRED");
    PeerCredentials peer{.pid = credentials.pid, .uid = credentials.uid, .gid = credentials.gid};
    peer.groups.resize(64);
    for (int tries = 0; tries < 2; ++tries) {
        length = static_cast<socklen_t>(peer.groups.size() * sizeof(gid_t));
        const int rc = ::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, peer.groups.data(), &length);
        peer.groups.resize(length / sizeof(gid_t));  // ERANGE says how many there are
        if (rc == 0) return peer;
        if (errno != ERANGE) break;
    }
    return failed("SO_PEERGROUPS");
}

Result<UniqueFd> listen_at(const std::string& path, mode_t mode, uid_t uid, gid_t gid) {
    const Result<sockaddr_un> address = address_of(path);
    if (!address) return std::unexpected(address.error());
    UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return failed("socket");
    struct stat old {};
    if (::lstat(path.c_str(), &old) == 0) {
        if (!S_ISSOCK(old.st_mode)) return failure(path + ": exists and is not a socket");
        ::unlink(path.c_str());
    }
    // Nobody may connect before owner and mode are right.
    const mode_t mask = ::umask(0177);
    const int rc =
        ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address);
    ::umask(mask);
    if (rc != 0) return failed(path);
    if (::chown(path.c_str(), uid, gid) != 0) return failed(path);
    if (::chmod(path.c_str(), mode) != 0) return failed(path);
    if (::listen(socket.get(), 64) != 0) return failed(path);
    return socket;
}

Result<UniqueFd> connect_to(const std::string& path) {
    const Result<sockaddr_un> address = address_of(path);
    if (!address) return std::unexpected(address.error());
    UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (!socket) return failed("socket");
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0)
        return failed(path);
    return socket;
}

Listener::Listener(EventLoop& loop, UniqueFd socket, OnAccept on_accept)
    : socket_(std::move(socket)),
      on_accept_(std::move(on_accept)),
      event_(loop, [this](Readiness) noexcept { ready(); }),
      retry_(loop, [this]() noexcept { resume(); }) {
    resume();
}

void Listener::pause() {
    retry_.disarm();
    event_.watch(socket_.get(), Interest::kNone);
}

void Listener::resume() {
    event_.watch(socket_.get(), Interest::kRead);
}

void Listener::ready() noexcept {
    // One per wake-up: the callback may pause or destroy this.
    UniqueFd accepted(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!accepted) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            // The newcomer stays in the backlog; to ask again at once would only burn time.
            pause();
            retry_.arm(now() + kAcceptRetry);
        }
        return;
    }
    enlarge_send_buffer(accepted.get());
    Result<PeerCredentials> peer = peer_credentials(accepted.get());
    if (peer) on_accept_(std::move(accepted), std::move(*peer));
}

}  // namespace hb::runtime
