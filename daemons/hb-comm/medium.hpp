// A medium: sends datagrams to the other nodes on one link and receives theirs.
//
// Medium owns what all UDP media share: the socket, bound to its interface, opened when the
// interface appears and anew when it was replaced; reading; writing without ever blocking. What the
// kernel does not take of a large frame waits; a newer frame takes its place. Errors are counted
// and logged at a bounded rate; they never stop the medium. A kind of medium says where to send and
// what its socket needs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/base/ids.hpp"
#include "common/base/result.hpp"
#include "common/base/time.hpp"
#include "common/log/logger.hpp"
#include "common/log/rate_limiter.hpp"
#include "common/runtime/events.hpp"
#include "common/runtime/socket_address.hpp"
#include "common/runtime/unique_fd.hpp"
#include "daemons/hb-comm/datagrams.hpp"
#include "daemons/hb-comm/interface_table.hpp"
#include "daemons/hb-comm/link_plan.hpp"

namespace hb::comm {

struct MediumContext {
    runtime::EventLoop& loop;
    log::Logger& log;
    DatagramReader& reader;  // shared by all media
    // A fresh socket, to be given a large receive buffer.
    std::function<void(int socket)> enlarge_buffer;
    // The link's datagrams as they come.
    std::function<void(LinkId, std::span<const Datagram>)> on_datagrams;
};

class Medium {
  public:
    Medium(MediumContext context, LinkId id, LinkPlan plan, const char* kind);
    virtual ~Medium();
    Medium(const Medium&) = delete;
    Medium& operator=(const Medium&) = delete;

    // At start and whenever anything of the interface changed.
    void interface_changed(const InterfaceState& state);
    // All parts of one frame, to every destination. They are shared: nothing is copied.
    void send(const std::shared_ptr<const std::vector<std::string>>& frame);
    // Everything that waits to be read, up to a bound, so that the caller knows it before it
    // concludes anything from silence.
    void drain();

    [[nodiscard]] const LinkPlan& plan() const { return plan_; }

  protected:
    // Options of this kind on the fresh, bound socket. Logs that the medium started.
    [[nodiscard]] virtual Result<void> prepare(int socket) = 0;
    [[nodiscard]] virtual std::vector<runtime::SocketAddress> destinations() const = 0;
    [[nodiscard]] const InterfaceState& interface() const { return interface_; }
    [[nodiscard]] IpAddress::Family family() const;
    [[nodiscard]] const char* kind() const { return kind_; }
    [[nodiscard]] runtime::SocketAddress to(const IpAddress& address) const;
    [[nodiscard]] Result<void> set(int socket, int level, int option, int value,
                                   const char* what) const;
    [[nodiscard]] runtime::EventLoop& loop() { return context_.loop; }
    void started(std::string text);
    [[nodiscard]] log::Logger& log() { return context_.log; }

  private:
    struct Waiting {
        std::shared_ptr<const std::vector<std::string>> frame;
        std::vector<runtime::SocketAddress> to;
        std::size_t next = 0;  // part-major: part next / to.size() for to[next % to.size()]
    };

    [[nodiscard]] Result<runtime::UniqueFd> open_socket();
    [[nodiscard]] Result<void> set_options_v4(int socket) const;
    [[nodiscard]] Result<void> set_options_v6(int socket) const;
    void try_open();
    void close();
    bool read_batch();
    void write();
    void complain(int error);
    [[nodiscard]] std::string name() const;

    MediumContext context_;
    LinkId id_;
    LinkPlan plan_;
    const char* kind_;
    InterfaceState interface_;
    runtime::UniqueFd socket_;
    int bound_index_ = 0;
    MonoTime addresses_by_{};  // IPv6: that there is none yet is no news before
    Waiting waiting_;
    log::RateLimiter complaints_;
    runtime::FdEvent event_;
    runtime::Timer retry_;
};

[[nodiscard]] std::unique_ptr<Medium> make_bcast(MediumContext context, LinkId id, LinkPlan plan);
[[nodiscard]] std::unique_ptr<Medium> make_mcast(MediumContext context, LinkId id, LinkPlan plan);
[[nodiscard]] std::unique_ptr<Medium> make_mcast6(MediumContext context, LinkId id, LinkPlan plan);
// Of either family.
[[nodiscard]] std::unique_ptr<Medium> make_ucast(MediumContext context, LinkId id, LinkPlan plan);

}  // namespace hb::comm
