#include "daemons/hb-comm/datagrams.hpp"

#include <cerrno>
#include <cstring>

namespace hb::comm {
namespace {

SentTo sent_to(msghdr& header) {
    for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
        if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            in6_pktinfo info{};
            std::memcpy(&info, CMSG_DATA(c), sizeof info);
            return info.ipi6_addr.s6_addr[0] == 0xff ? SentTo::kMulticast : SentTo::kUnicast;
        }
        if (c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_PKTINFO) continue;
        in_pktinfo info{};
        std::memcpy(&info, CMSG_DATA(c), sizeof info);
        const std::uint32_t to = ntohl(info.ipi_addr.s_addr);
        if (IN_MULTICAST(to)) return SentTo::kMulticast;
        // The kernel names the address of ours that it took a broadcast for.
        return info.ipi_addr.s_addr == info.ipi_spec_dst.s_addr ? SentTo::kUnicast
                                                                : SentTo::kBroadcast;
    }
    return SentTo::kUnicast;
}

}  // namespace

DatagramReader::DatagramReader() : buffers_(limits::kFramesPerWakeup * kBuffer) {
    for (std::size_t i = 0; i < limits::kFramesPerWakeup; ++i) {
        iov_[i] = {.iov_base = &buffers_[i * kBuffer], .iov_len = kBuffer};
        headers_[i].msg_hdr.msg_name = &from_[i];
        headers_[i].msg_hdr.msg_iov = &iov_[i];
        headers_[i].msg_hdr.msg_iovlen = 1;
        headers_[i].msg_hdr.msg_control = control_[i].bytes.data();
    }
}

std::span<const Datagram> DatagramReader::receive(int socket) {
    for (mmsghdr& h : headers_) {
        h.msg_hdr.msg_namelen = sizeof(runtime::SocketAddress);
        h.msg_hdr.msg_controllen = kControl;
    }
    errno = 0;
    const int n =
        ::recvmmsg(socket, headers_.data(), limits::kFramesPerWakeup, MSG_DONTWAIT, nullptr);
    if (n <= 0) {
        if (errno == EAGAIN || errno == EINTR) errno = 0;
        return {};
    }
    const auto count = static_cast<std::size_t>(n);
    for (std::size_t i = 0; i < count; ++i)
        datagrams_[i] = {
            .bytes = {reinterpret_cast<const char*>(&buffers_[i * kBuffer]), headers_[i].msg_len},
            .from = ip_address(from_[i]),
            .to = sent_to(headers_[i].msg_hdr)};
    return std::span(datagrams_).first(count);
}

}  // namespace hb::comm
