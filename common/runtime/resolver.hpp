// Resolver: IPv4 or IPv6 addresses of host names, without blocking the loop: /etc/hosts, then the
// name servers of /etc/resolv.conf. Both files are read again for every question, since an answer
// that is asked for again is one that did not come.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>

#include "common/base/ip_address.hpp"
#include "common/base/result.hpp"
#include "common/runtime/event_loop.hpp"
#include "common/runtime/events.hpp"

struct evdns_base;
struct addrinfo;

namespace hb::runtime {

class Resolver {
  public:
    using Callback = std::move_only_function<void(Result<IpAddress>) noexcept>;

    explicit Resolver(EventLoop& loop);
    ~Resolver();  // unanswered questions get no answer
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    // One answer each, also inside the call. Several questions may be under way. The callback must
    // not destroy the resolver.
    void resolve(const std::string& name, Callback callback,
                 IpAddress::Family family = IpAddress::Family::kV4);

  private:
    struct Question;
    static void answered(int error, addrinfo* answers, void* question) noexcept;

    EventLoop& loop_;
    std::list<std::unique_ptr<Question>> questions_;
    Defer sweep_;  // answered ones go when the library has let go of them
};

}  // namespace hb::runtime
