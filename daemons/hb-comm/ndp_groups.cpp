#include "daemons/hb-comm/ndp_groups.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/base/limits.hpp"
#include "common/runtime/system_clock.hpp"
#include "common/wire/ndp_packet.hpp"

namespace hb::comm {
namespace {

constexpr std::size_t kPerTurn = 64;
constexpr Duration kTurn = 1ms;
// net.core.optmem_max holds some four hundred with the least default of any kernel.
constexpr std::size_t kPerSocket = 256;
// Every address on two interfaces: then those of now only.
constexpr std::size_t kMost = 2 * limits::kAddresses;

int change(int socket, int option, int interface, const IpAddress& group) {
    ipv6_mreq membership{};
    membership.ipv6mr_interface = static_cast<unsigned>(interface);
    std::copy(group.bytes.begin(), group.bytes.end(), membership.ipv6mr_multiaddr.s6_addr);
    return ::setsockopt(socket, IPPROTO_IPV6, option, &membership, sizeof membership) == 0 ? 0
                                                                                           : errno;
}

}  // namespace

NdpGroups::NdpGroups(runtime::EventLoop& loop, IndexOf index_of, OnFailure on_failure)
    : index_of_(std::move(index_of)),
      on_failure_(std::move(on_failure)),
      timer_(loop, [this]() noexcept { step(); }) {}

void NdpGroups::want(const std::vector<PlacedAddress>& addresses) {
    const std::size_t before = wanted_.size();
    for (const PlacedAddress& where : addresses)
        if (!where.address.is_v4()) wanted_.insert(where);
    if (wanted_.size() > kMost) {
        wanted_.clear();
        for (const PlacedAddress& where : addresses)
            if (!where.address.is_v4()) wanted_.insert(where);
    } else if (wanted_.size() == before && work_.empty() && joined_.size() == groups_.size()) {
        return;
    }
    plan();
}

void NdpGroups::interface_changed() {
    if (!wanted_.empty()) plan();
}

void NdpGroups::plan() {
    groups_.clear();
    work_.clear();
    std::map<std::string, int> indexes;
    for (const PlacedAddress& where : wanted_) {
        const auto [index, fresh] = indexes.try_emplace(where.interface, 0);
        if (fresh) index->second = index_of_(where.interface);
        if (index->second != 0)
            groups_.try_emplace({index->second, wire::solicited_node(where.address)}, where);
    }
    for (const auto& [group, socket] : joined_)
        if (!groups_.contains(group)) work_.emplace_back(group, false);
    for (const auto& [group, where] : groups_)
        if (!joined_.contains(group)) work_.emplace_back(group, true);
    // The first of them at once: a group of few addresses has no reason to wait.
    step();
}

void NdpGroups::step() noexcept {
    for (std::size_t i = 0; i < kPerTurn && !work_.empty(); ++i) {
        const auto [group, joins] = work_.front();
        work_.pop_front();
        if (joins)
            join(group, groups_.at(group));
        else
            leave(group);
    }
    timer_.arm(work_.empty() ? kForever : runtime::now() + kTurn);
}

void NdpGroups::join(const Group& group, const PlacedAddress& where) {
    const Result<Socket*> socket = room();
    if (!socket) return on_failure_(where, socket.error());
    const int error = change((*socket)->fd.get(), IPV6_JOIN_GROUP, group.first, group.second);
    if (error != 0)
        return on_failure_(where, Error{fmt::format("join {}: {}", group.second.to_string(),
                                                    std::strerror(error))});
    (*socket)->joined++;
    joined_[group] = *socket;
}

void NdpGroups::leave(const Group& group) {
    Socket& socket = *joined_.at(group);
    joined_.erase(group);
    socket.joined--;
    // Of an interface that is gone there is nothing to leave.
    (void)change(socket.fd.get(), IPV6_LEAVE_GROUP, group.first, group.second);
}

Result<NdpGroups::Socket*> NdpGroups::room() {
    for (const auto& socket : sockets_)
        if (socket->joined < kPerSocket) return socket.get();
    runtime::UniqueFd fd(::socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) return failure(fmt::format("socket: {}", std::strerror(errno)));
    sockets_.push_back(std::make_unique<Socket>(Socket{std::move(fd), 0}));
    return sockets_.back().get();
}

bool NdpGroups::heard(const PlacedAddress& where) const {
    return joined_.contains({index_of_(where.interface), wire::solicited_node(where.address)});
}

}  // namespace hb::comm
