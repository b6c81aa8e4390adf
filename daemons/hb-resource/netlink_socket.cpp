#include "daemons/hb-resource/netlink_socket.hpp"

#include <fmt/format.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netlink/errno.h>
#include <netlink/handlers.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/rtnl.h>
#include <netlink/socket.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

#include "common/base/assert.hpp"
#include "common/runtime/netlink_filter.hpp"
#include "common/runtime/system_clock.hpp"
#include "daemons/hb-resource/rtnl_values.hpp"

namespace hb::resource {

namespace {

// The kernel's dumps come in parts of 32 KiB at most. libnl allocates and frees one for each
// message, and what is freed from 64 KiB on makes malloc tidy up.
constexpr std::size_t kMessageBuffer = 40 * 1024;
constexpr int kReceiveBuffer = 8 * 1024 * 1024;  // for thousands of reports or answers
constexpr std::size_t kRequestsPerSend = 256;    // 70 bytes each: far below the send buffer
constexpr unsigned kReadsPerWakeup = 10000;      // somebody else's route storm is not our end
constexpr Duration kDumpPatience = 5s;
constexpr Duration kDumpRetry = 100ms;

// As root beyond net.core.rmem_max, else what is allowed.
void enlarge_buffer(int fd) {
    const int size = kReceiveBuffer;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) == 0) return;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

}  // namespace

void NetlinkSocket::FreeSocket::operator()(nl_sock* socket) const {
    nl_socket_free(socket);
}

NetlinkSocket::NetlinkSocket(runtime::EventLoop& loop, Callbacks callbacks)
    : callbacks_(std::move(callbacks)),
      reports_event_(loop, [this](runtime::Readiness) noexcept { read_reports(); }),
      requests_event_(loop, [this](runtime::Readiness) noexcept { read_answers(); }),
      dump_timer_(loop, [this]() noexcept { dump_stuck(); }) {}

NetlinkSocket::~NetlinkSocket() = default;

Result<std::unique_ptr<NetlinkSocket>> NetlinkSocket::open(runtime::EventLoop& loop,
                                                           Callbacks callbacks) {
    std::unique_ptr<NetlinkSocket> result(new NetlinkSocket(loop, std::move(callbacks)));
    if (const Result<void> opened = result->open_sockets(); !opened)
        return std::unexpected(opened.error());
    result->start_dump(KernelKind::kLinks);
    return result;
}

Result<NetlinkSocket::Socket> NetlinkSocket::connect() {
    Socket socket(nl_socket_alloc());
    if (!socket) return failure("out of memory");
    nl_socket_disable_seq_check(socket.get());
    int error = nl_connect(socket.get(), NETLINK_ROUTE);
    if (error == 0) error = nl_socket_set_nonblocking(socket.get());
    if (error == 0) error = nl_socket_set_msg_buf_size(socket.get(), kMessageBuffer);
    if (error != 0) return failure(fmt::format("netlink socket: {}", nl_geterror(error)));
    nl_socket_disable_msg_peek(socket.get());
    enlarge_buffer(nl_socket_get_fd(socket.get()));
    return socket;
}

Result<void> NetlinkSocket::open_sockets() {
    Result<Socket> reports = connect();
    if (!reports) return std::unexpected(reports.error());
    Result<Socket> requests = connect();
    if (!requests) return std::unexpected(requests.error());
    reports_ = std::move(*reports);
    requests_ = std::move(*requests);

    if (auto done = runtime::filter_netlink(nl_socket_get_fd(reports_.get()),
                                            runtime::NetlinkWish::kAddressesAndRoutes);
        !done)
        return done;
    const int error =
        nl_socket_add_memberships(reports_.get(), RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR,
                                  RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV6_ROUTE, 0);
    if (error != 0) return failure(fmt::format("netlink groups: {}", nl_geterror(error)));
    nl_socket_modify_cb(reports_.get(), NL_CB_VALID, NL_CB_CUSTOM, &on_report, this);
    nl_socket_modify_cb(reports_.get(), NL_CB_FINISH, NL_CB_CUSTOM, &on_dump_done, this);
    nl_socket_modify_cb(reports_.get(), NL_CB_DUMP_INTR, NL_CB_CUSTOM, &on_dump_interrupted, this);
    nl_socket_modify_err_cb(reports_.get(), NL_CB_CUSTOM, &on_dump_error, this);
    nl_socket_modify_cb(requests_.get(), NL_CB_ACK, NL_CB_CUSTOM, &on_ack, this);
    nl_socket_modify_err_cb(requests_.get(), NL_CB_CUSTOM, &on_request_error, this);

    // Answers without a copy of what was asked: a batch's fit the buffer.
    const int on = 1;
    (void)setsockopt(nl_socket_get_fd(requests_.get()), SOL_NETLINK, NETLINK_CAP_ACK, &on,
                     sizeof on);
    reports_event_.watch(nl_socket_get_fd(reports_.get()), runtime::Interest::kRead);
    requests_event_.watch(nl_socket_get_fd(requests_.get()), runtime::Interest::kRead);
    return {};
}

// ---- requests

std::vector<std::pair<std::uint32_t, int>> NetlinkSocket::send(
    std::span<const AddressRequest> batch) {
    std::vector<std::pair<std::uint32_t, int>> unsent;
    while (!batch.empty()) {
        const auto chunk = batch.first(std::min(batch.size(), kRequestsPerSend));
        batch = batch.subspan(chunk.size());
        if (const int error = send_chunk(chunk); error != 0)
            for (const AddressRequest& request : chunk)
                unsent.emplace_back(request.request, error);
    }
    return unsent;
}

// One sendmsg: the kernel carries its messages out in order and goes on after one that it refuses.
int NetlinkSocket::send_chunk(std::span<const AddressRequest> chunk) {
    std::vector<NetlinkMessage> messages;
    std::vector<iovec> parts;
    for (const AddressRequest& request : chunk) {
        Result<NetlinkMessage> message = message_of(request);
        if (!message) return EINVAL;
        nl_complete_msg(requests_.get(), message->get());
        nlmsghdr* header = nlmsg_hdr(message->get());
        HB_ASSERT(header->nlmsg_len % NLMSG_ALIGNTO == 0);
        parts.push_back({header, header->nlmsg_len});
        messages.push_back(std::move(*message));
    }
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    msghdr datagram{};
    datagram.msg_name = &kernel;
    datagram.msg_namelen = sizeof kernel;
    datagram.msg_iov = parts.data();
    datagram.msg_iovlen = parts.size();
    while (sendmsg(nl_socket_get_fd(requests_.get()), &datagram, MSG_DONTWAIT) < 0)
        if (errno != EINTR) return errno;
    return 0;
}

void NetlinkSocket::read_answers() noexcept {
    bool lost = false;
    for (unsigned i = 0; i < kReadsPerWakeup; i++) {
        const int error = nl_recvmsgs_default(requests_.get());
        if (error == -NLE_AGAIN) break;
        if (error == -NLE_NOMEM) lost = true;  // ENOBUFS
    }
    read_reports();
    for (const auto& [request, error] : std::exchange(answers_, {}))
        callbacks_.on_answer(request, error);
    if (!lost) return;
    overrun();
    callbacks_.on_answers_lost();
}

int NetlinkSocket::on_ack(nl_msg* message, void* self) noexcept {
    static_cast<NetlinkSocket*>(self)->answers_.emplace_back(nlmsg_hdr(message)->nlmsg_seq, 0);
    return NL_SKIP;
}

int NetlinkSocket::on_request_error(sockaddr_nl*, nlmsgerr* error, void* self) noexcept {
    static_cast<NetlinkSocket*>(self)->answers_.emplace_back(error->msg.nlmsg_seq, -error->error);
    return NL_SKIP;
}

// ---- reports

void NetlinkSocket::read_reports() noexcept {
    for (unsigned i = 0; i < kReadsPerWakeup; i++) {
        const int error = nl_recvmsgs_default(reports_.get());
        if (error == -NLE_AGAIN) return;
        if (error == -NLE_NOMEM) overrun();  // ENOBUFS
        if (error == -NLE_DUMP_INTR) dump_interrupted_ = true;
    }
}

int NetlinkSocket::on_report(nl_msg* message, void* self) noexcept {
    for (const KernelUpdate& update : updates_of(message))
        static_cast<NetlinkSocket*>(self)->callbacks_.on_update(update);
    return NL_OK;
}

void NetlinkSocket::overrun() noexcept {
    overruns_++;
    callbacks_.on_update(KernelOverrun{});
    if (dump_under_way_)
        dump_all_again_ = true;
    else
        start_dump(KernelKind::kLinks);
}

void NetlinkSocket::start_dump(KernelKind kind) noexcept {
    dumping_ = kind;
    dump_interrupted_ = false;
    callbacks_.on_update(DumpBegan{kind});
    ask_for_dump(kind == KernelKind::kLinks ? AF_UNSPEC : AF_INET);
}

void NetlinkSocket::ask_for_dump(int family) noexcept {
    dumping_family_ = family;
    dump_under_way_ = true;
    const int type = dumping_ == KernelKind::kLinks       ? RTM_GETLINK
                     : dumping_ == KernelKind::kAddresses ? RTM_GETADDR
                                                          : RTM_GETROUTE;
    const bool asked = nl_rtgen_request(reports_.get(), type, family, NLM_F_DUMP) >= 0;
    dump_timer_.arm(runtime::now() + (asked ? kDumpPatience : kDumpRetry));
}

void NetlinkSocket::dump_ended(int error) noexcept {
    if (!dump_under_way_) return;
    dump_under_way_ = false;
    if (error != 0) {
        dump_timer_.arm(runtime::now() + kDumpRetry);
        return;
    }
    dump_timer_.disarm();
    if (std::exchange(dump_all_again_, false)) return start_dump(KernelKind::kLinks);
    if (dump_interrupted_) return start_dump(dumping_);
    if (dumping_family_ == AF_INET) return ask_for_dump(AF_INET6);
    callbacks_.on_update(DumpEnded{dumping_});
    switch (dumping_) {
        case KernelKind::kLinks:
            return start_dump(KernelKind::kAddresses);
        case KernelKind::kAddresses:
            return start_dump(KernelKind::kRoutes);
        case KernelKind::kRoutes:
            return;
    }
}

void NetlinkSocket::dump_stuck() noexcept {
    dump_all_again_ = false;
    start_dump(KernelKind::kLinks);
}

int NetlinkSocket::on_dump_done(nl_msg*, void* self) noexcept {
    static_cast<NetlinkSocket*>(self)->dump_ended(0);
    return NL_OK;
}

int NetlinkSocket::on_dump_interrupted(nl_msg*, void* self) noexcept {
    static_cast<NetlinkSocket*>(self)->dump_interrupted_ = true;
    return NL_OK;
}

int NetlinkSocket::on_dump_error(sockaddr_nl*, nlmsgerr* error, void* self) noexcept {
    static_cast<NetlinkSocket*>(self)->dump_ended(-error->error);
    return NL_SKIP;
}

}  // namespace hb::resource
