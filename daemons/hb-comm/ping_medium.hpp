// PingMedium: sends echo requests of one IP family and receives what answers them.
//
// A raw ICMP socket that the kernel filters down to echo replies. Never blocks; what cannot be sent
// is a lost request, logged at a bounded rate. A kind of medium (medium_ping.cpp, medium_ping6.cpp)
// knows its socket's options and where the ICMP message begins; the rest is here.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "common/base/result.hpp"
#include "common/log/logger.hpp"
#include "common/log/rate_limiter.hpp"
#include "common/runtime/events.hpp"
#include "common/runtime/unique_fd.hpp"
#include "daemons/hb-comm/ping_packet.hpp"

namespace hb::comm {

struct PingContext {
    runtime::EventLoop& loop;
    log::Logger& log;
    const PingSecret& secret;
    // A good answer, and the index of the interface that it came in by (0: not known).
    std::function<void(const PingAsked& asked, int interface)> on_answer;
};

class PingMedium {
  public:
    virtual ~PingMedium() = default;
    PingMedium(const PingMedium&) = delete;
    PingMedium& operator=(const PingMedium&) = delete;

    void send(const IpAddress& to, const PingAsked& asked);
    // Everything that waits to be read, up to a bound.
    void drain();

  protected:
    PingMedium(PingContext context, const char* kind);
    // Opens and sets up the socket, once, from the constructor of the kind. Throws
    // std::runtime_error.
    void open(int family, int protocol);

    virtual void prepare(int socket) = 0;
    [[nodiscard]] virtual std::span<const std::uint8_t> icmp_of(
        std::span<const std::uint8_t> packet) const = 0;
    // Of the control message with the packet's interface; 0: another message.
    [[nodiscard]] virtual int interface_of(const cmsghdr& control) const = 0;
    void set(int socket, int level, int option, const void* value, socklen_t size,
             const char* what) const;

  private:
    [[nodiscard]] bool read_some();
    void packet(std::span<const std::uint8_t> bytes, const IpAddress& sender, int interface);

    PingContext context_;
    const char* kind_;
    runtime::UniqueFd socket_;
    log::RateLimiter complaints_;
    runtime::FdEvent event_;
};

// Throw std::runtime_error when the kernel gives no socket.
[[nodiscard]] std::unique_ptr<PingMedium> make_ping(PingContext context);
[[nodiscard]] std::unique_ptr<PingMedium> make_ping6(PingContext context);

}  // namespace hb::comm
