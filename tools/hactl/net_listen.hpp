// NetListener: hears what comes from the wire, before the packet filter, and asks who has an
// address: ARP and neighbour discovery. Over one packet socket; needs CAP_NET_RAW.
//
// It asks from an address of this host's own, as any host does that wants to talk: a probe from
// nobody would look like a second taker to the gates of the other nodes.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <span>

#include "common/base/ip_address.hpp"
#include "common/base/result.hpp"
#include "common/base/time.hpp"
#include "common/runtime/unique_fd.hpp"
#include "tools/control/local_interfaces.hpp"

namespace hb::hactl {

struct HeardPacket {
    int interface = 0;
    MacAddress from;
    bool sent_here = false;               // it leaves this host
    std::span<const std::uint8_t> bytes;  // from the IP header on
};

class NetListener {
  public:
    [[nodiscard]] static Result<NetListener> open();

    [[nodiscard]] Result<void> ask(const control::LocalInterface& interface, const IpAddress& own,
                                   const IpAddress& target);
    // IP packets to `heard`, answers to answers(), until `end`.
    void listen(MonoTime end, const std::function<void(const HeardPacket&)>& heard);

    // Who said "that is me" on an interface, but for this host.
    [[nodiscard]] std::set<MacAddress> answers(int interface, const IpAddress& address) const;
    [[nodiscard]] unsigned missed() const;  // packets that came too fast, since the last call

  private:
    explicit NetListener(runtime::UniqueFd socket) : socket_(std::move(socket)) {}
    [[nodiscard]] Result<void> send(int interface, std::uint16_t protocol, const MacAddress& to,
                                    std::span<const std::uint8_t> bytes);
    void take(std::uint16_t protocol, const HeardPacket& packet,
              const std::function<void(const HeardPacket&)>& heard);

    runtime::UniqueFd socket_;
    std::map<std::pair<int, IpAddress>, std::set<MacAddress>> answers_;
};

}  // namespace hb::hactl
