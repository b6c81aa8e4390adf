#include "common/runtime/channel.hpp"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "common/base/assert.hpp"
#include "common/base/limits.hpp"

namespace hb::runtime {

const char* to_string(CloseReason r) {
    switch (r) {
        case CloseReason::kPeerGone:
            return "the peer is gone";
        case CloseReason::kStuck:
            return "the peer does not read";
        case CloseReason::kOversized:
            return "an oversized message";
        case CloseReason::kDescriptors:
            return "descriptors that nobody asked for";
        case CloseReason::kError:
            return "a socket error";
    }
    HB_UNREACHABLE();
}

Channel::Channel(EventLoop& loop, UniqueFd socket, Callbacks callbacks, ChannelOptions options)
    : loop_(loop),
      socket_(std::move(socket)),
      callbacks_(std::move(callbacks)),
      options_(options),
      event_(loop, [this](Readiness what) noexcept { ready(what); }),
      deferred_close_(loop, [this]() noexcept { close_from_loop(); }) {
    HB_ASSERT(socket_);
    const int flags = ::fcntl(socket_.get(), F_GETFL);
    HB_ASSERT(flags >= 0);
    if ((flags & O_NONBLOCK) == 0) ::fcntl(socket_.get(), F_SETFL, flags | O_NONBLOCK);
    update_interest();
}

Channel::~Channel() {
    if (destroyed_ != nullptr) *destroyed_ = true;
}

void Channel::close() {
    event_.cancel();
    deferred_close_.cancel();
    socket_.reset();
    queue_.clear();
    queued_bytes_ = 0;
}

void Channel::pause() {
    paused_ = true;
    update_interest();
}

void Channel::resume() {
    paused_ = false;
    update_interest();
}

void Channel::update_interest() {
    if (!socket_ || closing_) return;
    const bool reads = !paused_;
    const bool writes = !queue_.empty() && can_write_;
    event_.watch(socket_.get(), reads && writes ? Interest::kBoth
                                : reads         ? Interest::kRead
                                : writes        ? Interest::kWrite
                                                : Interest::kNone);
}

// ---- sending

SendResult Channel::send(std::string_view bytes, std::vector<UniqueFd> fds) {
    HB_ASSERT(!bytes.empty());  // a datagram of no bytes reads like the end
    HB_ASSERT(fds.size() <= kMostDescriptors);
    if (!socket_ || closing_ || !can_write_) return SendResult::kClosed;
    if (bytes.size() > limits::kChannelBytes) return SendResult::kTooLarge;
    if (queue_.empty()) {
        switch (transmit(bytes, fds)) {
            case 0:
                return SendResult::kSent;
            case EAGAIN:
                break;
            case EMSGSIZE:
                return SendResult::kTooLarge;
            default:  // what it sent before is still to be read: the end is found there
                can_write_ = false;
                return SendResult::kClosed;
        }
    }
    if (queue_.size() == options_.queue_messages ||
        queued_bytes_ + bytes.size() > options_.queue_bytes) {
        closing_ = CloseReason::kStuck;
        event_.cancel();
        deferred_close_.schedule();
        return SendResult::kClosed;
    }
    queued_bytes_ += bytes.size();
    queue_.push_back(Waiting{.bytes = std::string(bytes), .fds = std::move(fds)});
    update_interest();
    return SendResult::kQueued;
}

// 0, or the reason: EAGAIN, EMSGSIZE, or anything that means the end.
int Channel::transmit(std::string_view bytes, const std::vector<UniqueFd>& fds) {
    iovec data{.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMostDescriptors)> control{};
    if (!fds.empty()) {
        message.msg_control = control.data();
        message.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
        std::array<int, kMostDescriptors> numbers{};
        for (std::size_t i = 0; i < fds.size(); ++i)
            numbers[i] = fds[i].get();
        std::memcpy(CMSG_DATA(header), numbers.data(), sizeof(int) * fds.size());
    }
    for (;;) {
        if (::sendmsg(socket_.get(), &message, MSG_NOSIGNAL) >= 0) return 0;
        if (errno == EINTR) continue;
        // ENOBUFS, ENOMEM: the kernel is short of memory; that passes, too.
        if (errno == EWOULDBLOCK || errno == ENOBUFS || errno == ENOMEM || errno == ETOOMANYREFS)
            return EAGAIN;
        return errno;
    }
}

void Channel::flush() {
    while (!queue_.empty()) {
        const Waiting& first = queue_.front();
        const int error = transmit(first.bytes, first.fds);
        if (error == EAGAIN) break;
        if (error != 0) {  // also EMSGSIZE: it waited, so its sender was told that it will go
            can_write_ = false;
            queue_.clear();
            queued_bytes_ = 0;
            if (error == EMSGSIZE) {
                closing_ = CloseReason::kError;
                event_.cancel();
                deferred_close_.schedule();
            }
            break;
        }
        queued_bytes_ -= first.bytes.size();
        queue_.pop_front();
    }
    update_interest();
}

// ---- receiving

void Channel::ready(Readiness what) noexcept {
    if (what.writable) flush();
    if (!what.readable || closing_) return;
    for (std::size_t i = 0; i < limits::kFramesPerWakeup; ++i) {
        const Step step = read_one();
        if (step != Step::kMessage) return;
        if (paused_ || !socket_) return;
    }
}

bool Channel::drain() {
    HB_ASSERT(destroyed_ == nullptr);
    while (socket_) {
        const Step step = read_one();
        if (step == Step::kEnd || step == Step::kDestroyed) return true;
        if (step == Step::kNothing) return false;
    }
    return true;
}

Channel::Step Channel::read_one() {
    std::vector<char>& buffer = loop_.scratch();
    // One byte more than allowed, so that one too many is seen.
    if (buffer.size() < limits::kChannelBytes + 1) buffer.resize(limits::kChannelBytes + 1);
    iovec data{.iov_base = buffer.data(), .iov_len = buffer.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMostDescriptors)> control{};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    if (options_.accepts_descriptors) {  // else the kernel closes them and says MSG_CTRUNC
        message.msg_control = control.data();
        message.msg_controllen = control.size();
    }
    const ssize_t size = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (size < 0) {
        // A peer that died with unread messages of ours leaves ECONNRESET in front of what it
        // sent. That is not the end: the error is gone once told, and its messages follow.
        if (errno == EINTR || errno == ECONNRESET) return read_one();
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOMEM) return Step::kNothing;
        return finish(CloseReason::kError);
    }
    std::vector<UniqueFd> fds;
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
         header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        std::array<int, kMostDescriptors> numbers{};
        std::memcpy(numbers.data(), CMSG_DATA(header), count * sizeof(int));
        for (std::size_t i = 0; i < count; ++i)
            fds.emplace_back(numbers[i]);
    }
    if (size == 0) return finish(CloseReason::kPeerGone);
    if (static_cast<std::size_t>(size) > limits::kChannelBytes ||
        (message.msg_flags & MSG_TRUNC) != 0)
        return finish(CloseReason::kOversized);
    if ((message.msg_flags & MSG_CTRUNC) != 0) return finish(CloseReason::kDescriptors);

    bool destroyed = false;
    destroyed_ = &destroyed;
    callbacks_.on_message(std::string_view(buffer.data(), static_cast<std::size_t>(size)),
                          std::move(fds));
    if (destroyed) return Step::kDestroyed;
    destroyed_ = nullptr;
    return Step::kMessage;
}

// What a peer sent before we gave it up is delivered all the same.
void Channel::close_from_loop() {
    Step step = Step::kMessage;
    while (step == Step::kMessage) {
        step = read_one();
        if (step == Step::kMessage && !socket_) return;  // closed by its owner
    }
    if (step == Step::kNothing) (void)finish(*closing_);
}

Channel::Step Channel::finish(CloseReason reason) {
    close();
    bool destroyed = false;
    destroyed_ = &destroyed;
    if (callbacks_.on_closed) callbacks_.on_closed(reason);
    if (destroyed) return Step::kDestroyed;
    destroyed_ = nullptr;
    return Step::kEnd;
}

}  // namespace hb::runtime
