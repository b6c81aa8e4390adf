// The service network: one Ethernet segment on which clients ask by ARP who holds an address.
//
// A star: every node has a cable whose two directions can fail apart; a switch in the middle; a
// gateway that answers (the control of G8) and ping nodes behind it; some may be far: behind
// another interface, whose cable nobody touches. Kernels answer for what they hold whether or not
// any process lives; hb-comm sees every packet that its host gets. Delays stay below the bound that
// the probe window tolerates, and packets are lost one at a time, unless a run asks for worse: that
// is what docs/protocol.md section 7 assumes.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "common/base/ids.hpp"
#include "common/base/ip_address.hpp"
#include "tests/sim/world.hpp"

namespace hb::sim {

inline constexpr const char* kServiceInterface = "svc0";
inline constexpr const char* kFarInterface = "adm0";
[[nodiscard]] MacAddress mac_of(NodeId node);
[[nodiscard]] MacAddress gateway_mac();
[[nodiscard]] IpAddress gateway_address();
[[nodiscard]] IpAddress host_address(NodeId node);

struct ArpPacket {
    bool request = false;
    MacAddress sender_mac;
    IpAddress sender;  // 0.0.0.0 in a probe
    IpAddress target;
    std::optional<MacAddress> to;  // none: broadcast
};

// What a ping and its answer carry: a host to ping, and which request it is.
struct Pong {
    std::uint32_t host = 0;
    std::uint64_t sequence = 0;
};

struct ServiceQuality {
    Delay delay{50us, 500us, 0ns, 0};
    unsigned loss_per_mille = 0;
    Duration between_losses{};  // l = 1 of section 7: at most one packet is lost in this time
    bool gateway = true;
    std::optional<MacAddress> proxy;  // somebody answers for every address
};

class ServiceNet {
  public:
    using Deliver = std::function<void(NodeId to, const ArpPacket& packet)>;
    using PongTo = std::function<void(NodeId to, const Pong& pong)>;

    ServiceNet(World& world, std::size_t nodes, Deliver deliver, PongTo pong);

    void send(NodeId from, const ArpPacket& packet);
    // Answered by PongTo when the way there and back is whole and the host answers this node.
    void ping(NodeId from, const Pong& ping = {});
    void set_ping_host(NodeId from, std::uint32_t host, bool answers);
    void set_far_from(std::uint32_t host) { far_from_ = host; }  // this one and all behind it
    [[nodiscard]] bool is_far(std::uint32_t host) const { return host >= far_from_; }
    void ask_gateway(NodeId from);  // an ARP request for the gateway's address

    void set_quality(const ServiceQuality& quality) { quality_ = quality; }
    [[nodiscard]] const ServiceQuality& quality() const { return quality_; }
    void set_cable(NodeId node, bool sends, bool receives);
    void heal_all();
    [[nodiscard]] bool sends(NodeId node) const { return cables_.at(rank(node)).sends; }
    [[nodiscard]] bool receives(NodeId node) const { return cables_.at(rank(node)).receives; }
    [[nodiscard]] bool connected(NodeId node) const { return sends(node) && receives(node); }
    // When the cable was last anything but whole (it may be so now).
    [[nodiscard]] WorldTime whole_since(NodeId node) const { return cables_.at(rank(node)).since; }
    [[nodiscard]] bool whole() const;
    [[nodiscard]] bool answered_by_all(NodeId node) const;  // all near ping hosts

  private:
    struct Cable {
        bool sends = true;
        bool receives = true;
        WorldTime since{};
    };
    [[nodiscard]] bool lost();
    void to_gateway(NodeId from, const ArpPacket& packet);
    void to_node(NodeId to, const ArpPacket& packet, Duration extra);

    World& world_;
    Deliver deliver_;
    PongTo pong_;
    std::vector<Cable> cables_;
    std::set<std::pair<NodeId, std::uint32_t>> mute_;  // hosts that do not answer this node
    std::uint32_t far_from_ = ~std::uint32_t{0};
    ServiceQuality quality_;
    WorldTime last_loss_ = -std::chrono::hours(1);
};

}  // namespace hb::sim
