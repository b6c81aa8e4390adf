#include "daemons/hb-membership/ipfail_news.hpp"

#include <variant>

namespace hb::membership {
namespace {

template <typename Map>
bool put(Map& map, const typename Map::key_type& key, const typename Map::mapped_type& value) {
    const auto [at, fresh] = map.try_emplace(key, value);
    if (!fresh && at->second == value) return false;
    at->second = value;
    return true;
}

}  // namespace

bool IpfailNews::keep(const ipc::PeerPings& m) {
    return put(pings_, m.peer, m.ping);
}

bool IpfailNews::keep(const ipc::PingSeen& m) {
    return put(ping_nodes_, m.node, m);
}

bool IpfailNews::keep(const ipc::PeerSeen& m) {
    return put(peers_, m.peer, m.status);
}

bool IpfailNews::keep(const ipc::PeerLinkSeen& m) {
    return put(links_, {m.peer, m.link}, m.up);
}

bool IpfailNews::see(const ipc::MembershipToIpfail& message) {
    return std::visit([this](const auto& m) { return keep(m); }, message) && here_;
}

std::vector<ipc::MembershipToIpfail> IpfailNews::greet() {
    here_ = true;
    std::vector<ipc::MembershipToIpfail> all;
    if (const auto own = pings_.find(self_); own != pings_.end())
        all.emplace_back(ipc::PeerPings{self_, own->second});
    for (const auto& [peer, status] : peers_)
        all.emplace_back(ipc::PeerSeen{peer, status});
    for (const auto& [peer, ping] : pings_)
        if (peer != self_) all.emplace_back(ipc::PeerPings{peer, ping});
    for (const auto& [node, seen] : ping_nodes_)
        all.emplace_back(seen);
    return all;
}

}  // namespace hb::membership
