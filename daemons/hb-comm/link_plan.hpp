// Links of this host, from the media lines of ha.cf, and which link a datagram came by.
//
// A link is one medium on one interface, in file order; all `ucast` lines of one interface are one
// link with several destinations, and so are all `ucast6` lines (as in Heartbeat, where they all
// bear the interface's name), so that the same file on every node, own address included, numbers
// links alike everywhere.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/ids.hpp"
#include "common/base/ip_address.hpp"
#include "common/config/settings.hpp"

namespace hb::comm {

struct LinkPlan {
    config::MediumKind kind{};
    std::string interface;  // kSerial: the device
    std::uint16_t port = 694;
    std::vector<std::string> peers;  // kUcast, kUcast6: addresses or names
    IpAddress group;                 // kMcast, kMcast6
    std::uint8_t ttl = 1;            // kMcast; kMcast6: hops
    bool loop = false;               // kMcast, kMcast6
    unsigned baud = 0;               // kSerial
    bool operator==(const LinkPlan&) const = default;
};

[[nodiscard]] bool is_ucast(config::MediumKind kind);  // of either family
[[nodiscard]] bool is_mcast(config::MediumKind kind);
[[nodiscard]] bool is_v6(config::MediumKind kind);

[[nodiscard]] std::vector<LinkPlan> plan_links(const std::vector<config::Medium>& media);

// Where a datagram was sent to, as the receiver's kernel saw it.
enum class SentTo : std::uint8_t { kUnicast, kBroadcast, kMulticast };

// Several links of one interface may share a port, and then a broadcast reaches the socket of each,
// a unicast only one of them. True when a datagram that came in by the socket of `link` is another
// link's, which gets its own copy; else `link` becomes the one that it belongs to.
[[nodiscard]] bool is_others_copy(const std::vector<LinkPlan>& links, SentTo to, LinkId& link);

}  // namespace hb::comm
