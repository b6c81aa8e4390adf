// Channel: messages between two processes of one host, over a SOCK_SEQPACKET Unix socket.
//
// It carries bytes and knows no message. One send is one datagram is one on_message, in order, of 1
// to limits::kChannelBytes bytes; file descriptors may travel along (own: UniqueFd, close-on-exec).
//
// It owns its socket. It never blocks: what the kernel does not take waits in a queue, sent as the
// peer reads. A queue past its bound means a peer that does not read: the channel closes
// (kStuck), because to drop a message inside an order that matters would be worse.
//
// When the peer is gone, everything that it sent before is delivered first, then on_closed is
// called, once (docs/protocol.md, X1). After on_closed the channel is inert: send() says kClosed.
// At most limits::kFramesPerWakeup messages per wake-up; then others get a turn.
//
// Bad input: an oversized datagram, or descriptors where none are allowed, closes the channel
// (kOversized, kDescriptors); the owner decides whose fault it is.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/result.hpp"
#include "common/runtime/event_loop.hpp"
#include "common/runtime/events.hpp"
#include "common/runtime/unique_fd.hpp"

namespace hb::runtime {

enum class SendResult : std::uint8_t {
    kSent,      // the kernel has it: it reaches the peer even if we die now
    kQueued,    // waits here until the peer reads
    kTooLarge,  // refused; nothing else changed
    kClosed,
};

enum class CloseReason : std::uint8_t {
    kPeerGone,     // it closed or died; all it sent was delivered
    kStuck,        // it does not read
    kOversized,    // it sent more than limits::kChannelBytes at once
    kDescriptors,  // it sent descriptors that nobody asked for
    kError,        // the kernel refused (see the log)
};
[[nodiscard]] const char* to_string(CloseReason r);  // "the peer is gone"

struct ChannelOptions {
    bool accepts_descriptors = false;
    std::size_t queue_bytes = 16 * 1024 * 1024;
    std::size_t queue_messages = 10000;
};

class Channel {
  public:
    static constexpr std::size_t kMostDescriptors = 4;  // per message

    struct Callbacks {
        // The bytes are valid during the call only. The channel may be destroyed inside.
        std::move_only_function<void(std::string_view bytes, std::vector<UniqueFd> fds) noexcept>
            on_message;
        std::move_only_function<void(CloseReason) noexcept> on_closed;
    };

    // `socket` becomes non-blocking.
    Channel(EventLoop& loop, UniqueFd socket, Callbacks callbacks, ChannelOptions options = {});
    ~Channel();
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    SendResult send(std::string_view bytes, std::vector<UniqueFd> fds = {});

    // Delivers now all that the peer sent so far, without the cap of a wake-up. True: the peer is
    // gone and on_closed was called. Must not be called inside a callback of this channel.
    bool drain();
    void close();  // at once, no callback; what is queued is lost
    // No more on_message until resume(): for who cannot take more at the moment.
    void pause();
    void resume();

    [[nodiscard]] bool is_open() const { return static_cast<bool>(socket_); }
    [[nodiscard]] std::size_t queued_bytes() const { return queued_bytes_; }

  private:
    struct Waiting {
        std::string bytes;
        std::vector<UniqueFd> fds;
    };
    enum class Step : std::uint8_t { kMessage, kNothing, kEnd, kDestroyed };

    void ready(Readiness what) noexcept;
    [[nodiscard]] Step read_one();
    void close_from_loop();
    [[nodiscard]] Step finish(CloseReason reason);
    [[nodiscard]] int transmit(std::string_view bytes, const std::vector<UniqueFd>& fds);
    void flush();
    void update_interest();

    EventLoop& loop_;
    UniqueFd socket_;
    Callbacks callbacks_;
    ChannelOptions options_;
    std::deque<Waiting> queue_;
    std::size_t queued_bytes_ = 0;
    bool can_write_ = true;  // false: the peer is gone, only reading goes on
    bool paused_ = false;
    std::optional<CloseReason> closing_;  // to be reported from the loop, never from send()
    bool* destroyed_ = nullptr;           // set inside a callback
    FdEvent event_;
    Defer deferred_close_;
};

// Two connected ends, close-on-exec, non-blocking, with buffers for a message of
// limits::kChannelBytes where the privileges of the caller allow that (`largest` says).
struct ChannelPair {
    UniqueFd first;
    UniqueFd second;
    std::size_t largest = 0;  // bytes that one send can carry
};
[[nodiscard]] Result<ChannelPair> make_channel_pair();

// ---- sockets with a name, for tools

// Who is at the other end, as the kernel knows it (SO_PEERCRED, SO_PEERGROUPS).
struct PeerCredentials {
    pid_t pid = 0;
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups;
};
[[nodiscard]] Result<PeerCredentials> peer_credentials(int socket);

// A listening SOCK_SEQPACKET socket at `path`; a stale one is replaced.
[[nodiscard]] Result<UniqueFd> listen_at(const std::string& path, mode_t mode, uid_t uid,
                                         gid_t gid);
// Blocks for as long as connect(2) does on a Unix socket: at most until the listener accepts.
[[nodiscard]] Result<UniqueFd> connect_to(const std::string& path);

// Accepts on a listening socket that it owns. Out of descriptors: waits a little, loses nobody.
class Listener {
  public:
    using OnAccept = std::move_only_function<void(UniqueFd, PeerCredentials) noexcept>;
    Listener(EventLoop& loop, UniqueFd socket, OnAccept on_accept);
    void pause();  // leave newcomers in the backlog
    void resume();

  private:
    void ready() noexcept;
    UniqueFd socket_;
    OnAccept on_accept_;
    FdEvent event_;
    Timer retry_;
};

}  // namespace hb::runtime
