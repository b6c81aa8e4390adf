#include "daemons/hb-comm/ping_medium.hpp"

#include <fmt/format.h>
#include <netinet/in.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "common/base/limits.hpp"
#include "common/runtime/socket_address.hpp"
#include "common/runtime/system_clock.hpp"

namespace hb::comm {
namespace {

constexpr std::size_t kDrainedBatches = 24;
constexpr int kSocketBytes = 212992;

}  // namespace

PingMedium::PingMedium(PingContext context, const char* kind)
    : context_(std::move(context)),
      kind_(kind),
      event_(context_.loop, [this](runtime::Readiness) noexcept { (void)read_some(); }) {}

void PingMedium::open(int family, int protocol) {
    socket_ =
        runtime::UniqueFd(::socket(family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
    if (!socket_)
        throw std::runtime_error(
            fmt::format("{}: no ICMP socket: {}", kind_, std::strerror(errno)));
    prepare(socket_.get());
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &kSocketBytes, sizeof kSocketBytes);
    event_.watch(socket_.get(), runtime::Interest::kRead);
    context_.log.log(Level::kInfo, "ping-started", fmt::format("{} heartbeat started.", kind_));
}

void PingMedium::set(int socket, int level, int option, const void* value, socklen_t size,
                     const char* what) const {
    if (::setsockopt(socket, level, option, value, size) != 0)
        throw std::runtime_error(fmt::format("{}: {}: {}", kind_, what, std::strerror(errno)));
}

void PingMedium::send(const IpAddress& to, const PingAsked& asked) {
    const runtime::SocketAddress address = runtime::socket_address(to, 0, 0);
    const auto message = context_.secret.request(to, asked);
    if (::sendto(socket_.get(), message.data(), message.size(), MSG_DONTWAIT, &address.any,
                 size_of(address)) >= 0)
        return;
    const int error = errno;
    const std::string name = to.to_string();
    if (const auto more = complaints_.allow(name, runtime::now()))
        context_.log.log(Level::kWarn, "ping-not-sent",
                         fmt::format("Unable to send {} packet to {}: {}{}", kind_, name,
                                     std::strerror(error), log::more_suffix(*more)),
                         {{"HB_NODE", name}});
}

bool PingMedium::read_some() {
    std::array<std::uint8_t, 512> bytes;
    alignas(cmsghdr) std::array<std::uint8_t, 256> control;
    for (std::size_t i = 0; i < limits::kFramesPerWakeup; ++i) {
        runtime::SocketAddress from{};
        iovec iov{.iov_base = bytes.data(), .iov_len = bytes.size()};
        msghdr header{};
        header.msg_name = &from;
        header.msg_namelen = sizeof from;
        header.msg_iov = &iov;
        header.msg_iovlen = 1;
        header.msg_control = control.data();
        header.msg_controllen = control.size();
        const ssize_t n = ::recvmsg(socket_.get(), &header, MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;  // nothing there, or an error that was ours to hear once
        int interface = 0;
        for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c))
            if (const int index = interface_of(*c); index != 0) interface = index;
        packet(std::span(bytes).first(static_cast<std::size_t>(n)), ip_address(from), interface);
    }
    return true;
}

void PingMedium::drain() {
    for (std::size_t batch = 0; batch < kDrainedBatches && read_some(); ++batch) {
    }
}

void PingMedium::packet(std::span<const std::uint8_t> bytes, const IpAddress& sender,
                        int interface) {
    const auto asked = context_.secret.open(sender, icmp_of(bytes));
    if (asked) return context_.on_answer(*asked, interface);
    if (asked.error() == EchoFault::kStranger) return;
    const std::string name = sender.to_string();
    if (const auto more = complaints_.allow("forged", runtime::now()))
        context_.log.log(Level::kWarn, "ping-forged",
                         fmt::format("an answer of {} to a ping that we did not send was dropped{}",
                                     name, log::more_suffix(*more)),
                         {{"HB_NODE", name}});
}

}  // namespace hb::comm
