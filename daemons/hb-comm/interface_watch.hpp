// InterfaceWatch: the kernel's interfaces, their addresses (IPv4, and link-local ones of IPv6) and
// default gateways, by rtnetlink.
//
// The constructor reads everything once; after that every change is told, by interface name. When
// the kernel had to drop notifications everything is read again, without blocking.
#pragma once

#include <netlink/handlers.h>

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "common/runtime/events.hpp"
#include "daemons/hb-comm/interface_table.hpp"

struct nl_sock;
struct nl_msg;
struct nl_object;

namespace hb::comm {

class InterfaceWatch {
  public:
    using OnChange = std::move_only_function<void(const std::string& interface) noexcept>;

    // Throws std::runtime_error when the kernel does not answer.
    InterfaceWatch(runtime::EventLoop& loop, OnChange on_change);
    ~InterfaceWatch();
    InterfaceWatch(const InterfaceWatch&) = delete;
    InterfaceWatch& operator=(const InterfaceWatch&) = delete;

    [[nodiscard]] const InterfaceTable& table() const { return table_; }

  private:
    // Dumps come one after the other on one socket, mixed with notifications.
    enum class Dump : std::uint8_t { kNone, kLinks, kAddresses, kRoutes };
    struct FreeSocket {
        void operator()(nl_sock* s) const;
    };
    using States = std::map<std::string, InterfaceState>;
    struct Message {  // being parsed
        InterfaceWatch* self;
        int type;
    };

    static int on_valid(nl_msg* message, void* self);
    static int on_finish(nl_msg* message, void* self);
    static int on_interrupted(nl_msg* message, void* self);
    static void on_object(nl_object* object, void* message);

    void object(nl_object* object, int type);
    void link(nl_object* object, bool gone);
    void address(nl_object* object, bool gone);
    void route(nl_object* object, bool gone);
    void start_dump();
    void ask(Dump what, int family);
    void read() noexcept;
    void tell();
    void first_read();

    InterfaceTable table_;
    States told_;  // as of the last on_change
    OnChange on_change_;
    std::unique_ptr<nl_sock, FreeSocket> socket_;
    runtime::FdEvent event_;
    Dump dump_ = Dump::kNone;
    int family_ = 0;      // of the dump: addresses and routes of IPv4, then of IPv6
    bool again_ = false;  // the dump under way is not whole
};

}  // namespace hb::comm
