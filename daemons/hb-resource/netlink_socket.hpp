// NetlinkSocket: reads the kernel's links, addresses and routes, and carries out requests for
// addresses. Never waits for an answer.
//
// Two sockets. One subscribes first and dumps then, so nothing is missed in between; when the
// kernel had to drop reports (ENOBUFS), KernelOverrun is reported and everything is dumped again.
// The other carries requests, many messages in one send, and their answers. Answers are handed on
// only after all reports that came before them, so whoever hears an answer knows what it did.
//
// Callbacks come from the loop, or from inside read_reports(). It never throws but in open().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "common/base/result.hpp"
#include "common/runtime/event_loop.hpp"
#include "common/runtime/events.hpp"
#include "daemons/hb-resource/address_agent.hpp"
#include "daemons/hb-resource/kernel_table.hpp"

struct nl_msg;
struct nl_sock;
struct nlmsgerr;
struct sockaddr_nl;

namespace hb::resource {

class NetlinkSocket {
  public:
    struct Callbacks {
        std::move_only_function<void(const KernelUpdate&) noexcept> on_update;
        std::move_only_function<void(std::uint32_t request, int error) noexcept> on_answer;
        // Some answers never come. KernelOverrun was reported just before: a full table follows.
        std::move_only_function<void() noexcept> on_answers_lost;
    };
    // Begins to dump at once.
    [[nodiscard]] static Result<std::unique_ptr<NetlinkSocket>> open(runtime::EventLoop& loop,
                                                                     Callbacks callbacks);
    ~NetlinkSocket();
    NetlinkSocket(const NetlinkSocket&) = delete;
    NetlinkSocket& operator=(const NetlinkSocket&) = delete;

    // Returns those that could not be sent, with an errno: they are not answered otherwise.
    [[nodiscard]] std::vector<std::pair<std::uint32_t, int>> send(
        std::span<const AddressRequest> batch);

    // Hands on every report that is there now.
    void read_reports() noexcept;

    [[nodiscard]] std::uint64_t overruns() const { return overruns_; }

  private:
    struct FreeSocket {
        void operator()(nl_sock* socket) const;
    };
    using Socket = std::unique_ptr<nl_sock, FreeSocket>;

    NetlinkSocket(runtime::EventLoop& loop, Callbacks callbacks);
    [[nodiscard]] Result<void> open_sockets();
    [[nodiscard]] static Result<Socket> connect();
    [[nodiscard]] int send_chunk(std::span<const AddressRequest> chunk);
    void read_answers() noexcept;
    void overrun() noexcept;
    void start_dump(KernelKind kind) noexcept;
    void ask_for_dump(int family) noexcept;
    void dump_ended(int error) noexcept;
    void dump_stuck() noexcept;

    static int on_report(nl_msg* message, void* self) noexcept;
    static int on_dump_done(nl_msg* message, void* self) noexcept;
    static int on_dump_interrupted(nl_msg* message, void* self) noexcept;
    static int on_dump_error(sockaddr_nl* from, nlmsgerr* error, void* self) noexcept;
    static int on_ack(nl_msg* message, void* self) noexcept;
    static int on_request_error(sockaddr_nl* from, nlmsgerr* error, void* self) noexcept;

    Callbacks callbacks_;
    Socket reports_;
    Socket requests_;
    std::vector<std::pair<std::uint32_t, int>> answers_;  // read, not handed on yet
    KernelKind dumping_ = KernelKind::kLinks;
    int dumping_family_ = 0;  // addresses and routes: IPv4, then IPv6
    std::uint64_t overruns_ = 0;
    bool dump_under_way_ = false;
    bool dump_interrupted_ = false;
    bool dump_all_again_ = false;
    runtime::FdEvent reports_event_;  // after the sockets: cancelled before they close
    runtime::FdEvent requests_event_;
    runtime::Timer dump_timer_;
};

}  // namespace hb::resource
