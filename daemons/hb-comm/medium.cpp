#include "daemons/hb-comm/medium.hpp"

#include <fmt/format.h>
#include <linux/if.h>
#include <netinet/ip.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "common/runtime/system_clock.hpp"

namespace hb::comm {

using runtime::Interest;

namespace {

constexpr Duration kOpenAgain = 1s;
// The kernel makes sure that nobody else has a new IPv6 address before it uses it: up to two
// seconds.
constexpr Duration kAddressTime = 3s;
// As IPTOS_LOWDELAY would choose it, and kept whatever the type of service becomes.
constexpr int kInteractivePriority = 6;
// A frame of limits::kBodyBytes from a peer or two should find room; the kernel may give less.
constexpr int kSocketBytes = 1024 * 1024;
constexpr std::size_t kDrainedBatches = 8;

}  // namespace

Medium::Medium(MediumContext context, LinkId id, LinkPlan plan, const char* kind)
    : context_(std::move(context)),
      id_(id),
      plan_(std::move(plan)),
      kind_(kind),
      event_(context_.loop,
             [this](runtime::Readiness ready) noexcept {
                 if (ready.writable) write();
                 if (ready.readable) read_batch();
             }),
      retry_(context_.loop, [this]() noexcept { try_open(); }) {}

Medium::~Medium() {
    close();
}

std::string Medium::name() const {
    return fmt::format("{} {}", kind_, plan_.interface);
}

IpAddress::Family Medium::family() const {
    return is_v6(plan_.kind) ? IpAddress::Family::kV6 : IpAddress::Family::kV4;
}

runtime::SocketAddress Medium::to(const IpAddress& address) const {
    return runtime::socket_address(address, plan_.port, interface_.index);
}

Result<void> Medium::set(int socket, int level, int option, int value, const char* what) const {
    if (::setsockopt(socket, level, option, &value, sizeof value) == 0) return {};
    return failure(fmt::format("{}: {}", what, std::strerror(errno)));
}

void Medium::started(std::string text) {
    context_.log.log(Level::kInfo, "medium-started", std::move(text),
                     {{"HB_LINK", plan_.interface}});
}

Result<runtime::UniqueFd> Medium::open_socket() {
    const runtime::SocketAddress any = to(IpAddress{.family = family()});
    runtime::UniqueFd fd(::socket(any.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) return failure(fmt::format("socket: {}", std::strerror(errno)));
    const int s = fd.get();
    const std::string& device = plan_.interface;
    if (::setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, device.data(),
                     static_cast<socklen_t>(device.size())) != 0)
        return failure(fmt::format("bind to device: {}", std::strerror(errno)));
    if (auto done = is_v6(plan_.kind) ? set_options_v6(s) : set_options_v4(s); !done)
        return std::unexpected(done.error());
    for (const Result<void>& done :
         {set(s, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR"),
          set(s, SOL_SOCKET, SO_PRIORITY, kInteractivePriority, "SO_PRIORITY")})
        if (!done) return std::unexpected(done.error());
    // Best effort: the kernel's limits may be lower. The master is asked for more.
    (void)set(s, SOL_SOCKET, SO_RCVBUF, kSocketBytes, "SO_RCVBUF");
    context_.enlarge_buffer(s);
    (void)set(s, SOL_SOCKET, SO_SNDBUF, kSocketBytes, "SO_SNDBUF");
    if (::bind(s, &any.any, size_of(any)) != 0)
        return failure(fmt::format("bind to port {}: {}", plan_.port, std::strerror(errno)));
    return fd;
}

Result<void> Medium::set_options_v4(int s) const {
    for (const Result<void>& done : {set(s, SOL_SOCKET, SO_BROADCAST, 1, "SO_BROADCAST"),
                                     set(s, IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO"),
                                     set(s, IPPROTO_IP, IP_MULTICAST_ALL, 0, "IP_MULTICAST_ALL"),
                                     set(s, IPPROTO_IP, IP_TOS, IPTOS_LOWDELAY, "IP_TOS")})
        if (!done) return done;
    return {};
}

// IPV6_V6ONLY: a medium of either family may have the port, and neither hears the other's.
Result<void> Medium::set_options_v6(int s) const {
    for (const Result<void>& done :
         {set(s, IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY"),
          set(s, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO"),
          set(s, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0, "IPV6_MULTICAST_ALL"),
          set(s, IPPROTO_IPV6, IPV6_TCLASS, IPTOS_LOWDELAY, "IPV6_TCLASS")})
        if (!done) return done;
    return {};
}

void Medium::interface_changed(const InterfaceState& state) {
    if (state.index != interface_.index || (state.carrier && !interface_.carrier))
        addresses_by_ = runtime::now() + kAddressTime;
    interface_ = state;
    if (state.index == 0) {
        if (socket_)
            context_.log.log(Level::kWarn, "medium-interface-gone",
                             fmt::format("{}: the interface is gone; waiting for it", name()),
                             {{"HB_LINK", plan_.interface}});
        return close();
    }
    // A socket stays bound to the interface that it was opened for, also when another comes with
    // the same name.
    if (socket_ && bound_index_ == state.index) return;
    close();
    try_open();
}

void Medium::try_open() {
    if (interface_.index == 0 || socket_) return;
    auto fd = open_socket();
    if (fd)
        if (auto ready = prepare(fd->get()); !ready) fd = std::unexpected(ready.error());
    if (!fd) {
        if (const auto more = complaints_.allow("open", runtime::now()))
            context_.log.log(Level::kError, "medium-open-failed",
                             fmt::format("Unable to open {}: {}{}", name(), fd.error().text,
                                         log::more_suffix(*more)),
                             {{"HB_LINK", plan_.interface}});
        return retry_.arm(runtime::now() + kOpenAgain);
    }
    socket_ = std::move(*fd);
    bound_index_ = interface_.index;
    event_.watch(socket_.get(), Interest::kRead);
}

void Medium::close() {
    retry_.disarm();
    event_.cancel();
    waiting_ = {};
    socket_.reset();
}

bool Medium::read_batch() {
    if (!socket_) return false;
    const auto datagrams = context_.reader.receive(socket_.get());
    if (datagrams.empty()) {
        if (errno != 0) complain(errno);
        return false;
    }
    context_.on_datagrams(id_, datagrams);
    return datagrams.size() == limits::kFramesPerWakeup;
}

void Medium::drain() {
    for (std::size_t i = 0; i < kDrainedBatches && read_batch(); ++i) {
    }
}

void Medium::send(const std::shared_ptr<const std::vector<std::string>>& frame) {
    if (!socket_) return;
    // A heartbeat does not wait behind a large frame, which goes on when it has left.
    if (waiting_.frame && frame->size() == 1) {
        const Waiting before = std::exchange(waiting_, {frame, destinations(), 0});
        write();
        if (!waiting_.frame) {
            waiting_ = before;
            write();
        }
        return;
    }
    waiting_ = {frame, destinations(), 0};
    write();
}

void Medium::write() {
    constexpr std::size_t kBatch = 32;
    std::array<mmsghdr, kBatch> headers;
    std::array<iovec, kBatch> iov;
    while (waiting_.frame && socket_) {
        const std::size_t all = waiting_.frame->size() * waiting_.to.size();
        std::size_t n = 0;
        for (; n < kBatch && waiting_.next + n < all; ++n) {
            const std::size_t at = waiting_.next + n;
            const std::string& part = (*waiting_.frame)[at / waiting_.to.size()];
            iov[n] = {.iov_base = const_cast<char*>(part.data()), .iov_len = part.size()};
            headers[n] = {};
            headers[n].msg_hdr.msg_name = &waiting_.to[at % waiting_.to.size()];
            headers[n].msg_hdr.msg_namelen = size_of(waiting_.to[at % waiting_.to.size()]);
            headers[n].msg_hdr.msg_iov = &iov[n];
            headers[n].msg_hdr.msg_iovlen = 1;
        }
        if (n == 0) {
            waiting_ = {};
            break;
        }
        const int sent =
            ::sendmmsg(socket_.get(), headers.data(), static_cast<unsigned>(n), MSG_DONTWAIT);
        if (sent > 0) {
            waiting_.next += static_cast<std::size_t>(sent);
        } else if (errno == EAGAIN) {
            return event_.watch(socket_.get(), Interest::kBoth);
        } else if (errno != EINTR) {
            complain(errno);
            ++waiting_.next;  // another destination may be reachable
        }
    }
    if (socket_) event_.watch(socket_.get(), Interest::kRead);
}

void Medium::complain(int error) {
    // The link is reported dead already; each frame that cannot leave says nothing new.
    if (!interface_.carrier) return;
    const MonoTime now = runtime::now();
    // Nor that an interface which came up a moment ago has no IPv6 address yet.
    if (is_v6(plan_.kind) && (error == EADDRNOTAVAIL || error == ENETUNREACH) &&
        now < addresses_by_)
        return;
    const auto more = complaints_.allow(std::to_string(error), now);
    if (!more) return;
    context_.log.log(Level::kError, "medium-error",
                     fmt::format("Unable to send HBcomm packet {}: {}{}", name(),
                                 std::strerror(error), log::more_suffix(*more)),
                     {{"HB_LINK", plan_.interface}});
}

}  // namespace hb::comm
