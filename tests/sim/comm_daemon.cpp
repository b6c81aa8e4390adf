#include "tests/sim/comm_daemon.hpp"

#include <algorithm>

#include "tests/sim/cluster.hpp"
#include "tests/sim/membership_daemon.hpp"
#include "tests/sim/resource_daemon.hpp"

namespace hb::sim {

namespace {
constexpr std::uint32_t kClusterDigest = 0x5eed;

std::string interface_of(const ClusterConfig& config, std::size_t link) {
    if (config.link_on_service && link + 1 == config.links) return kServiceInterface;
    return fmt::format("hb{}", link);
}
}  // namespace

comm::CommSettings CommDaemon::settings(Node& node,
                                        const std::map<NodeId, std::uint64_t>& generations) {
    const ClusterConfig& config = node.cluster().config();
    Prng& prng = node.cluster().world().prng();
    comm::CommSettings s;
    s.self = node.id();
    s.nodes = config.nodes;
    for (std::size_t r = 0; r < config.nodes; r++)
        s.node_names.push_back(config.node_name(node_id(r)));
    for (std::size_t l = 0; l < config.links; l++)
        s.link_interfaces.push_back(interface_of(config, l));
    s.link_paced.resize(config.links);
    if (config.slow_baud) s.link_paced.back() = true;
    const Timings& timings = node.timings(Kind::kComm);
    s.keepalive = timings.keepalive;
    s.deadtime = timings.deadtime;
    s.warntime = timings.warntime;
    s.cluster = kClusterDigest;
    s.generation = node.generation();
    s.session = {.start = node.respawns(Kind::kComm),
                 .nonce = static_cast<std::uint32_t>(prng.next())};
    s.known_generations = generations;
    for (std::size_t h = 0; config.ping_nodes && h < config.ping_hosts; h++)
        s.ping_nodes.push_back({fmt::format("router{}", h), 1});
    s.deadping = config.deadping.value_or(config.deadtime);
    s.random_seed = prng.next();
    return s;
}

CommDaemon::CommDaemon(Node& node, const std::map<NodeId, std::uint64_t>& known_generations)
    : node_(node), core_(settings(node, known_generations), node.local_now()) {
    const ClusterConfig& config = node.cluster().config();
    if (config.slow_baud) line_.emplace(*config.slow_baud, config.keepalive, config.deadtime);
}

void CommDaemon::adopt(const Timings& to, MonoTime now) {
    const ClusterConfig& config = node_.cluster().config();
    node_.announces(to.deadtime);
    input(comm::NewTimings{.keepalive = to.keepalive,
                           .deadtime = to.deadtime,
                           .warntime = to.warntime,
                           .deadping = config.deadping.value_or(config.deadtime),
                           .gate_ignore = {}},
          now);
}

void CommDaemon::born(MonoTime now) {
    node_.announces(node_.timings(Kind::kComm).deadtime);
    const ClusterConfig& config = node_.cluster().config();
    for (std::uint32_t h = 0; config.ping_nodes && h < config.ping_hosts; h++)
        input(comm::PingHostKnown{h, true}, now);
    for (std::size_t l = 0; l < config.links; l++)
        carrier(interface_of(config, l), true, now);
    const ServiceNet& service = node_.cluster().service();
    carrier(kServiceInterface, service.sends(node_.id()) || service.receives(node_.id()), now);
}

MonoTime CommDaemon::next_deadline() const {
    return line_ ? std::min(core_.next_deadline(), line_->next_deadline()) : core_.next_deadline();
}

void CommDaemon::pump_line(MonoTime now) {
    Cluster& cluster = node_.cluster();
    if (auto leaving = line_->take(now))
        cluster.send_frame(node_.id(), link_id(cluster.network().links() - 1),
                           std::make_shared<const Frame>(
                               Frame{leaving->frame.header, std::move(leaving->frame.body)}),
                           leaving->takes);
}

void CommDaemon::on_deadline(MonoTime now) {
    if (line_) {
        pump_line(now);
        if (line_->asks(now)) input(comm::LinkHasRoom{}, now);
    }
    if (core_.next_deadline() > now) return;
    core_.on_deadline(now, out_);
    carry_out(now);
}

void CommDaemon::input(const comm::CommInput& in, MonoTime now) {
    core_.handle(in, now, out_);
    carry_out(now);
}

void CommDaemon::neighbour_here(Kind who, MonoTime now) {
    if (who == Kind::kResource) input(comm::ResourceHere{}, now);
}

void CommDaemon::neighbour_gone(Kind who, MonoTime now) {
    if (who == Kind::kMembership) input(comm::MembershipGone{}, now);
    if (who == Kind::kResource) {
        if (node_.cluster().config().drop_world.claim_outlives) from_resource({}, now);
        input(comm::ResourceGone{}, now);
    }
}

void CommDaemon::from_resource(const ipc::Watch& watch, MonoTime now) {
    watch_ = watch;
    watched_ = true;
    input(watch, now);
}

void CommDaemon::frame(LinkId link, const FramePtr& frame, MonoTime now) {
    // V1 dropped: whatever arrives is believed, however old.
    if (node_.cluster().config().drop_world.v1_newer)
        act(ipc::CommToMembership{ipc::FrameSeen{.peer = frame->header.sender,
                                                 .generation = frame->header.generation,
                                                 .session = frame->header.session,
                                                 .sequence = frame->header.sequence,
                                                 .link = link,
                                                 .received = now,
                                                 .fresh = true,
                                                 .head = frame->body.head,
                                                 .topics = frame->body.topics,
                                                 .acknowledged_sent = std::nullopt}});
    input(comm::FrameArrived{link, frame->header, frame->body}, now);
}

void CommDaemon::arp(const ArpPacket& packet, MonoTime now) {
    input(comm::ArpSeen{.interface = kServiceInterface,
                        .request = packet.request,
                        .sender_mac = packet.sender_mac,
                        .sender = packet.sender,
                        .target = packet.target,
                        .from_this_host = packet.sender_mac == mac_of(node_.id())},
          now);
}

void CommDaemon::pong(const Pong& pong, MonoTime now) {
    const bool far = node_.cluster().service().is_far(pong.host);
    if (!far) input(comm::ControlHeard{kServiceInterface}, now);
    input(comm::PingReply{pong.host, pong.sequence}, now);
}

void CommDaemon::carrier(const std::string& interface, bool carrier, MonoTime now) {
    input(comm::CarrierChanged{interface, carrier}, now);
}

void CommDaemon::carry_out(MonoTime) {
    // Handlers do not nest: what an action causes comes back as an event of its own.
    std::vector<comm::CommAction> actions;
    actions.swap(out_);
    for (const comm::CommAction& action : actions) {
        if (!node_.before_action(Kind::kComm)) return;
        std::visit([this](const auto& a) { act(a); }, action);
    }
    actions.clear();
    if (out_.empty()) out_.swap(actions);  // keeps its memory
}

void CommDaemon::act(const comm::SendFrame& a) {
    const auto frame = std::make_shared<const Frame>(Frame{a.header, a.body});
    Cluster& cluster = node_.cluster();
    const std::size_t fast = cluster.network().links() - (line_ ? 1 : 0);
    for (std::size_t l = 0; l < fast; l++)
        cluster.send_frame(node_.id(), link_id(l), frame);
    if (!line_) return;
    line_->offer(a.header, a.body, node_.local_now());
    pump_line(node_.local_now());
}

void CommDaemon::act(const comm::SendArpProbe& a) {
    node_.cluster().service().send(node_.id(), {.request = true,
                                                .sender_mac = mac_of(node_.id()),
                                                .sender = IpAddress::v4(0),
                                                .target = a.where.address,
                                                .to = std::nullopt});
}

void CommDaemon::act(const comm::SendArpAnswer& a) {
    node_.cluster().service().send(node_.id(), {.request = false,
                                                .sender_mac = mac_of(node_.id()),
                                                .sender = a.where.address,
                                                .target = a.to_ip,
                                                .to = a.to});
}

void CommDaemon::act(const comm::AskControl& a) {
    if (a.interface == kServiceInterface) node_.cluster().service().ask_gateway(node_.id());
}

void CommDaemon::act(const comm::SendPing& a) {
    node_.cluster().service().ping(node_.id(), {a.host, a.sequence});
}

void CommDaemon::act(const comm::RememberGeneration& a) {
    node_.remember_generation(a.peer, a.generation);
}

void CommDaemon::act(const ipc::CommToMembership& a) {
    node_.send(Kind::kComm, Kind::kMembership, [a](Daemon& d, MonoTime now) {
        static_cast<MembershipDaemon&>(d).from_comm(a, now);
    });
}

void CommDaemon::act(const ipc::CommToResource& a) {
    node_.send(Kind::kComm, Kind::kResource,
               [a](Daemon& d, MonoTime now) { static_cast<ResourceDaemon&>(d).from_comm(a, now); });
}

void CommDaemon::act(const Event& a) {
    node_.cluster().world().say(node_.who(Kind::kComm), "[{}] {}", a.id, a.text);
}

}  // namespace hb::sim
