// NdpGroups: membership of the multicast groups to which probes for our addresses are sent.
//
// Another host asks for an IPv6 address at its solicited-node group. The kernel is a member when it
// has the address; who claims or probes it before that has to join, so that the network card and
// the switches let the question through. Joined a few at a time: a thousand are no pause. A join
// that fails is said, and tried again when an interface changes or other groups are wanted.
//
// Never left again while the interface is there. The kernel remembers each group that it left for
// some seconds, in a list that it searches at every join: to leave and join a thousand of them
// takes it most of a second, just when the addresses move.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/ip_address.hpp"
#include "common/base/result.hpp"
#include "common/runtime/events.hpp"
#include "common/runtime/unique_fd.hpp"

namespace hb::comm {

class NdpGroups {
  public:
    // `index_of` names the present index of an interface, 0: there is none.
    using IndexOf = std::function<int(const std::string& interface)>;
    using OnFailure = std::move_only_function<void(const PlacedAddress&, const Error&) noexcept>;

    NdpGroups(runtime::EventLoop& loop, IndexOf index_of, OnFailure on_failure);
    NdpGroups(const NdpGroups&) = delete;
    NdpGroups& operator=(const NdpGroups&) = delete;

    // From now on these, too; IPv4 addresses among them count for nothing.
    void want(const std::vector<PlacedAddress>& addresses);
    void interface_changed();
    // Would a probe for it be heard?
    [[nodiscard]] bool heard(const PlacedAddress& where) const;

  private:
    using Group = std::pair<int, IpAddress>;  // on which interface
    // The kernel bounds what one socket may join.
    struct Socket {
        runtime::UniqueFd fd;
        std::size_t joined = 0;
    };

    void plan();
    void step() noexcept;
    void join(const Group& group, const PlacedAddress& where);
    void leave(const Group& group);
    [[nodiscard]] Result<Socket*> room();

    IndexOf index_of_;
    OnFailure on_failure_;
    std::set<PlacedAddress> wanted_;  // ever
    std::map<Group, PlacedAddress> groups_;  // wanted, with one of their addresses
    std::map<Group, Socket*> joined_;
    std::deque<std::pair<Group, bool>> work_;  // true: join
    std::vector<std::unique_ptr<Socket>> sockets_;
    runtime::Timer timer_;
};

}  // namespace hb::comm
