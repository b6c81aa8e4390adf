#include "tests/sim/service_net.hpp"

#include <algorithm>

namespace hb::sim {

MacAddress mac_of(NodeId node) {
    return {{0x52, 0x54, 0, 0, 0, static_cast<std::uint8_t>(rank(node) + 1)}};
}
MacAddress gateway_mac() {
    return {{0x52, 0x54, 0, 0, 1, 0xfe}};
}
IpAddress gateway_address() {
    return IpAddress::v4(0x0a0000fe);
}
IpAddress host_address(NodeId node) {
    return IpAddress::v4(0x0a000001 + static_cast<std::uint32_t>(rank(node)));
}

ServiceNet::ServiceNet(World& world, std::size_t nodes, Deliver deliver, PongTo pong)
    : world_(world), deliver_(std::move(deliver)), pong_(std::move(pong)), cables_(nodes) {}

bool ServiceNet::lost() {
    if (quality_.loss_per_mille == 0) return false;
    if (world_.now() - last_loss_ < quality_.between_losses) return false;
    if (!world_.prng().chance(quality_.loss_per_mille)) return false;
    last_loss_ = world_.now();
    return true;
}

void ServiceNet::send(NodeId from, const ArpPacket& packet) {
    if (!sends(from)) return;
    for (std::size_t r = 0; r < cables_.size(); r++) {
        const NodeId to = node_id(r);
        if (to == from || (packet.to && *packet.to != mac_of(to))) continue;
        to_node(to, packet, Duration::zero());
    }
    to_gateway(from, packet);
}

void ServiceNet::to_node(NodeId to, const ArpPacket& packet, Duration extra) {
    if (lost()) return;
    world_.after(quality_.delay.draw(world_.prng()) + extra, [this, to, packet] {
        if (receives(to)) deliver_(to, packet);
    });
}

void ServiceNet::to_gateway(NodeId from, const ArpPacket& packet) {
    if (!packet.request) return;
    const auto answer = [&](const MacAddress& mac) {
        to_node(from,
                {.request = false,
                 .sender_mac = mac,
                 .sender = packet.target,
                 .target = packet.sender,
                 .to = packet.sender_mac},
                quality_.delay.draw(world_.prng()));
    };
    if (packet.target == gateway_address()) {
        if (quality_.gateway) answer(gateway_mac());
    } else if (quality_.proxy && packet.sender != packet.target) {
        answer(*quality_.proxy);
    }
}

void ServiceNet::ask_gateway(NodeId from) {
    send(from, {.request = true,
                .sender_mac = mac_of(from),
                .sender = host_address(from),
                .target = gateway_address(),
                .to = std::nullopt});
}

void ServiceNet::set_ping_host(NodeId from, std::uint32_t host, bool answers) {
    if (answers)
        mute_.erase({from, host});
    else
        mute_.insert({from, host});
}

void ServiceNet::ping(NodeId from, const Pong& ping) {
    const bool far = is_far(ping.host);
    if (!(far || sends(from)) || mute_.contains({from, ping.host}) || lost()) return;
    const Duration there_and_back =
        quality_.delay.draw(world_.prng()) + quality_.delay.draw(world_.prng());
    world_.after(there_and_back, [this, from, ping, far] {
        if (far || receives(from)) pong_(from, ping);
    });
}

void ServiceNet::set_cable(NodeId node, bool sends, bool receives) {
    Cable& cable = cables_.at(rank(node));
    if (cable.sends == sends && cable.receives == receives) return;
    cable = {sends, receives, world_.now()};
}

void ServiceNet::heal_all() {
    for (std::size_t r = 0; r < cables_.size(); r++)
        set_cable(node_id(r), true, true);
    mute_.clear();
}

bool ServiceNet::answered_by_all(NodeId node) const {
    return std::ranges::none_of(
        mute_, [=, this](const auto& m) { return m.first == node && !is_far(m.second); });
}

bool ServiceNet::whole() const {
    return std::ranges::all_of(cables_, [](const Cable& c) { return c.sends && c.receives; });
}

}  // namespace hb::sim
