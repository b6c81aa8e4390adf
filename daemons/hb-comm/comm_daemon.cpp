#include "daemons/hb-comm/comm_daemon.hpp"

#include <fmt/format.h>
#include <sodium.h>
#include <strings.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "common/base/assert.hpp"
#include "common/base/ipc/master.hpp"
#include "common/runtime/system_clock.hpp"
#include "common/wire/cluster_digest.hpp"
#include "common/wire/envelope.hpp"
#include "common/wire/heartbeat_frame.hpp"
#include "daemons/hb-comm/ndp_seen.hpp"
#include "proto/codec_comm_membership.hpp"
#include "proto/codec_comm_resource.hpp"
#include "proto/codec_node.hpp"

namespace hb::comm {

using ipc::Program;

namespace {

wire::KeyRing ring_of(const ipc::Setup& setup) {
    if (!setup.keys) throw std::runtime_error("no keys");
    config::AuthKeys keys = *setup.keys;  // the ring wipes what it is given
    auto ring = wire::KeyRing::make(keys);
    if (!ring) throw std::runtime_error(fmt::format("authkeys: {}", ring.error().text));
    return std::move(*ring);
}

Session new_session(const ipc::Setup& setup) {
    return {.start = setup.incarnation.respawn, .nonce = ::randombytes_random()};
}

CommSettings core_settings(const ipc::Setup& setup, Session session,
                           const std::vector<LinkPlan>& plans) {
    const config::Settings& s = setup.settings;
    CommSettings settings{.self = setup.self,
                          .nodes = s.nodes.size(),
                          .node_names = s.nodes,
                          .keepalive = s.keepalive,
                          .deadtime = s.deadtime,
                          .warntime = s.warntime,
                          .cluster = wire::cluster_digest(s.nodes),
                          .generation = setup.incarnation.generation,
                          .session = session,
                          .known_generations = setup.known_generations,
                          .ping_nodes = {},
                          .deadping = s.deadping,
                          .random_seed = session.nonce,
                          .gate_ignore = {s.gate_ignore.begin(), s.gate_ignore.end()}};
    for (const config::PingNode& ping : s.pings)
        settings.ping_nodes.push_back({ping.name, ping.members.size()});
    for (const LinkPlan& plan : plans) {
        settings.link_interfaces.push_back(plan.interface);
        settings.link_ports.push_back(plan.port);
        settings.link_paced.push_back(plan.kind == config::MediumKind::kSerial);
    }
    return settings;
}

std::unique_ptr<Medium> make_medium(const MediumContext& context, LinkId id, const LinkPlan& plan) {
    switch (plan.kind) {
        case config::MediumKind::kBcast:
            return make_bcast(context, id, plan);
        case config::MediumKind::kUcast:
        case config::MediumKind::kUcast6:
            return make_ucast(context, id, plan);
        case config::MediumKind::kMcast:
            return make_mcast(context, id, plan);
        case config::MediumKind::kMcast6:
            return make_mcast6(context, id, plan);
        case config::MediumKind::kSerial:
            break;  // make_line
    }
    HB_UNREACHABLE();
    return nullptr;
}

}  // namespace

CommDaemon::CommDaemon(skeleton::Host& host, const ipc::Setup& setup)
    : host_(host),
      setup_(setup),
      self_(setup.self),
      node_names_(setup.settings.nodes),
      session_(new_session(setup)),
      keys_(ring_of(setup)),
      plans_(plan_links(setup.settings.media)),
      logs_bad_frames_(setup.settings.log_badpack),
      core_(core_settings(setup, session_, plans_), runtime::now()),
      timer_(host.loop(), [this]() noexcept { deadline(); }),
      bad_frames_timer_(host.loop(), [this]() noexcept { tell_bad_frames(); }),
      interfaces_(host.loop(),
                  [this](const std::string& name) noexcept { interface_changed(name); }),
      arp_(host.loop(), [this](int interface,
                               const wire::ArpPacket& packet) noexcept { arp(interface, packet); }),
      ndp_(host.loop(),
           [this](int interface, const MacAddress& from, const wire::NdpPacket& packet) noexcept {
               ndp(interface, from, packet);
           }),
      ndp_groups_(
          host.loop(),
          [this](const std::string& interface) {
              return interfaces_.table().state(interface).index;
          },
          [this](const PlacedAddress& where, const Error& why) noexcept {
              not_sent("listen for probes of IPv6 addresses", where.interface, why);
          }),
      pings_(host.loop(), host.log(), setup.settings.pings,
             {.on_known =
                  [this](std::uint32_t h) {
                      feed(PingHostKnown{h, true});
                  },
              .on_answer = [this](const PingAsked& asked,
                                  int interface) { ping_answered(asked, interface); }}) {
    make_media(setup.settings);
    timer_.arm(core_.next_deadline());
}

// All media, then the core: its first frame leaves at once, on every link. (Serial lines come when
// hb-master has opened them.)
void CommDaemon::make_media(const config::Settings& settings) {
    const MediumContext context{
        .loop = host_.loop(),
        .log = host_.log(),
        .reader = reader_,
        .enlarge_buffer = [this](int socket) { host_.enlarge_buffer(socket); },
        .on_datagrams = [this](LinkId link, std::span<const Datagram> d) { datagrams(link, d); }};
    std::set<std::string> names = interfaces_.table().names();
    for (std::size_t i = 0; i < plans_.size(); ++i) {
        if (plans_[i].kind == config::MediumKind::kSerial) {
            make_line(link_id(i), plans_[i], settings);
            continue;
        }
        media_[link_id(i)] = make_medium(context, link_id(i), plans_[i]);
        names.insert(plans_[i].interface);
    }
    for (const std::string& name : names)
        open_media(name);
    for (const auto& [link, line] : lines_)
        feed(CarrierChanged{line->line().device, false});
    for (const std::string& name : names)
        feed(CarrierChanged{name, interfaces_.table().state(name).carrier});
    for (const auto& [link, line] : lines_)
        line->ask();
}

// ---- inputs

void CommDaemon::feed(const CommInput& input) {
    core_.handle(input, runtime::now(), actions_);
    carry_out_all();
}

void CommDaemon::deadline() noexcept {
    // What waits in the sockets came in time: nobody is silent before it is read.
    const bool all_arp = arp_.drain();
    const bool all_ndp = ndp_.drain();
    if (!all_arp || !all_ndp) feed(ArpMissed{});
    pings_.drain();
    for (const auto& [link, medium] : media_)
        medium->drain();
    for (const auto& [link, line] : lines_)
        line->drain();
    core_.on_deadline(runtime::now(), actions_);
    carry_out_all();
}

void CommDaemon::on_gap(Duration gap) noexcept {
    feed(StoodStill{gap});
}

void CommDaemon::on_neighbour(Program neighbour) noexcept {
    // hb-membership begins with its own Hello, which names its incarnation.
    if (neighbour == Program::kResource) feed(ResourceHere{});
}

void CommDaemon::on_neighbour_gone(Program neighbour) noexcept {
    if (neighbour == Program::kMembership) feed(MembershipGone{});
    if (neighbour == Program::kResource) feed(ResourceGone{});
    leave_if_alone();
}

void CommDaemon::on_master_gone(skeleton::Host&) noexcept {
    master_gone_ = true;
    leave_if_alone();
}

void CommDaemon::leave_if_alone() {
    if (master_gone_ && !host_.has(Program::kMembership) && !host_.has(Program::kResource))
        host_.exit(1);
}

void CommDaemon::on_message(Program from, std::string_view bytes) noexcept {
    if (from == Program::kMembership) {
        const auto message = proto::decode_membership_to_comm(bytes);
        if (!message) return host_.fault(from, message.error().text);
        std::visit([this](const auto& m) { feed(m); }, *message);
    } else if (from == Program::kResource) {
        const auto message = proto::decode_resource_to_comm(bytes);
        if (!message) return host_.fault(from, message.error().text);
        if (const auto* watch = std::get_if<ipc::Watch>(&*message)) listen_for(*watch);
        std::visit([this](const auto& m) { feed(m); }, *message);
    } else {
        host_.fault(from, "it has nothing to say to hb-comm");
    }
}

void CommDaemon::listen_for(const ipc::Watch& watch) {
    std::vector<PlacedAddress> all = watch.claims;
    all.insert(all.end(), watch.probes.begin(), watch.probes.end());
    ndp_groups_.want(all);
}

void CommDaemon::open_media(const std::string& interface) {
    const InterfaceState state = interfaces_.table().state(interface);
    for (const auto& [link, medium] : media_)
        if (medium->plan().interface == interface) medium->interface_changed(state);
    ndp_groups_.interface_changed();
}

void CommDaemon::interface_changed(const std::string& name) {
    open_media(name);
    feed(CarrierChanged{name, interfaces_.table().state(name).carrier});
}

void CommDaemon::bad_frame(LinkId link, const std::optional<IpAddress>& from,
                           const std::string& why) {
    if (!logs_bad_frames_) return;
    std::vector<Event> events;
    bad_frames_.add(from ? from->to_string() : "the other end", plans_[index(link)].interface, why,
                    runtime::now(), events);
    for (const Event& event : events)
        host_.log().log(event);
    bad_frames_timer_.arm(bad_frames_.next_deadline());
}

void CommDaemon::tell_bad_frames() noexcept {
    std::vector<Event> events;
    bad_frames_.on_deadline(runtime::now(), events);
    for (const Event& event : events)
        host_.log().log(event);
    bad_frames_timer_.arm(bad_frames_.next_deadline());
}

void CommDaemon::datagrams(LinkId link, std::span<const Datagram> datagrams) {
    for (const Datagram& d : datagrams) {
        LinkId belongs_to = link;
        if (!is_others_copy(plans_, d.to, belongs_to)) datagram(belongs_to, d.bytes, d.from);
    }
}

void CommDaemon::datagram(LinkId link, std::string_view bytes, std::optional<IpAddress> from) {
    if (wire::is_heartbeat_frame(bytes)) return old_heartbeat(link, bytes, from);
    auto opened = wire::open(bytes, keys_);
    if (!opened) return bad_frame(link, from, wire::to_string(opened.error()));
    part(link, from, std::move(*opened));
}

void CommDaemon::old_heartbeat(LinkId link, std::string_view bytes, std::optional<IpAddress> from) {
    const auto frame = wire::open_heartbeat_frame(bytes, keys_);
    if (!frame) return bad_frame(link, from, frame.error());
    if (frame->kind == wire::HeartbeatFrame::Kind::kOther) return;
    const auto named = std::ranges::find_if(node_names_, [&](const std::string& name) {
        return ::strcasecmp(name.c_str(), frame->node.c_str()) == 0;
    });
    if (named == node_names_.end())
        return bad_frame(link, from, "a frame of Heartbeat, of a node that ha.cf does not name");
    feed(OldHeartbeatSeen{
        .frame = {.node = node_id(static_cast<std::size_t>(named - node_names_.begin())),
                  .generation = frame->generation,
                  .sequence = frame->sequence,
                  .released = frame->kind == wire::HeartbeatFrame::Kind::kShutdown,
                  .deadtime = frame->deadtime},
        .link = link,
        .from = from});
}

void CommDaemon::part(LinkId link, std::optional<IpAddress> from, wire::OpenedPart part) {
    const FrameHeader header = part.header;
    // Our own, come back: the core looks for a twin by the header alone.
    if (header.sender == self_) {
        if (const auto line = lines_.find(link); line != lines_.end()) line->second->echoed();
        return feed(PartHeard{link, header});
    }
    auto whole = reassembler_.add(std::move(part));
    if (!whole) return feed(PartHeard{link, header});
    auto body = proto::decode_frame_body(whole->body);
    if (!body)
        return bad_frame(link, from,
                         fmt::format("authentic, but its body is refused: {}", body.error().text));
    feed(FrameArrived{link, whole->header, std::move(*body), from});
}

void CommDaemon::arp(int interface, const wire::ArpPacket& packet) {
    const auto name = interfaces_.table().name_of(interface);
    if (!name) return;
    feed(ArpSeen{.interface = *name,
                 .request = packet.request,
                 .sender_mac = packet.sender_mac,
                 .sender = packet.sender,
                 .target = packet.target,
                 .from_this_host = interfaces_.table().is_own_mac(packet.sender_mac)});
}

void CommDaemon::ndp(int interface, const MacAddress& from, const wire::NdpPacket& packet) {
    const auto name = interfaces_.table().name_of(interface);
    if (!name) return;
    ArpSeen seen = arp_of(packet, from, *name);
    seen.from_this_host = interfaces_.table().is_own_mac(seen.sender_mac);
    feed(seen);
}

// An answer of a host outside is a control for G8, too.
void CommDaemon::ping_answered(const PingAsked& asked, int interface) {
    if (const auto name = interfaces_.table().name_of(interface)) feed(ControlHeard{*name});
    feed(PingReply{asked.host, asked.sequence});
}

// ---- actions

void CommDaemon::carry_out_all() {
    if (carrying_out_) return;  // an action asked for more: the loop below gets there
    carrying_out_ = true;
    for (std::size_t i = 0; i < actions_.size(); ++i) {
        const CommAction action = std::move(actions_[i]);
        std::visit([this](const auto& a) { carry_out(a); }, action);
        // What failed at once comes back to the core as an input; its answer is carried out here.
        for (const PlacedAddress& where : std::exchange(failed_probes_, {}))
            core_.handle(ProbeFailed{where}, runtime::now(), actions_);
    }
    actions_.clear();
    carrying_out_ = false;
    timer_.arm(core_.next_deadline());
}

void CommDaemon::carry_out(const SendFrame& action) {
    for (const auto& [link, line] : lines_)
        line->send(action.header, action.body);
    if (media_.empty()) return;
    auto sealed = wire::seal(action.header, proto::encode(action.body), keys_);
    if (!sealed) return host_.log().log(Level::kError, "frame-too-large", sealed.error().text);
    const auto frame = std::make_shared<const std::vector<std::string>>(std::move(*sealed));
    for (const auto& [link, medium] : media_)
        medium->send(frame);
}

bool CommDaemon::send_arp(const std::string& interface, const MacAddress& to,
                          const wire::ArpPacket& packet) {
    const InterfaceState state = interfaces_.table().state(interface);
    if (state.index == 0) return false;
    const auto sent = arp_.send(state.index, to, packet);
    if (!sent) not_sent("send ARP", interface, sent.error());
    return sent.has_value();
}

bool CommDaemon::send_ndp(const std::string& interface, const wire::NdpPacket& packet) {
    const InterfaceState state = interfaces_.table().state(interface);
    if (state.index == 0) return false;
    const auto sent = ndp_.send(state.index, packet);
    if (!sent) not_sent("send NDP", interface, sent.error());
    return sent.has_value();
}

void CommDaemon::not_sent(const char* what, const std::string& interface, const Error& why) {
    if (const auto more = probe_faults_.allow(what + interface, runtime::now()))
        host_.log().log(Level::kWarn, "probe-not-sent",
                        fmt::format("Unable to {} on {}: {}{}", what, interface, why.text,
                                    log::more_suffix(*more)),
                        {{"HB_LINK", interface}});
}

void CommDaemon::carry_out(const SendArpProbe& action) {
    if (!send_probe(action.where)) failed_probes_.push_back(action.where);
}

bool CommDaemon::send_probe(const PlacedAddress& where) {
    if (!where.address.is_v4()) {
        // Who does not hear the probes of others (G9) has not asked, whatever he sends.
        return send_ndp(where.interface, wire::ndp_probe(where.address)) &&
               ndp_groups_.heard(where);
    }
    const MacAddress mac = interfaces_.table().state(where.interface).mac;
    return send_arp(where.interface, wire::kBroadcastMac, wire::arp_probe(mac, where.address));
}

void CommDaemon::carry_out(const SendArpAnswer& action) {
    const MacAddress mac = interfaces_.table().state(action.where.interface).mac;
    if (!action.where.address.is_v4()) {
        send_ndp(action.where.interface, wire::ndp_announcement(mac, action.where.address));
        return;
    }
    send_arp(action.where.interface, action.to,
             wire::arp_answer(mac, action.where.address, action.to, action.to_ip));
}

void CommDaemon::carry_out(const AskControl& action) {
    const InterfaceState state = interfaces_.table().state(action.interface);
    // Without a gateway nobody there is known who must answer; heartbeats and ping nodes may do.
    if (state.gateway && state.address)
        send_arp(action.interface, wire::kBroadcastMac,
                 wire::arp_question(state.mac, *state.address, *state.gateway));
    if (state.gateway_v6 && state.link_local)
        send_ndp(action.interface,
                 wire::ndp_question(state.mac, *state.link_local, *state.gateway_v6));
}

void CommDaemon::carry_out(const SendPing& action) {
    pings_.send({action.host, action.sequence});
}

void CommDaemon::carry_out(const RememberGeneration& action) {
    host_.tell_master(
        ipc::RememberGeneration{.peer = action.peer, .generation = action.generation});
}

void CommDaemon::carry_out(const ipc::CommToMembership& action) {
    host_.send(Program::kMembership, proto::encode(action));
}

void CommDaemon::carry_out(const ipc::CommToResource& action) {
    host_.send(Program::kResource, proto::encode(action));
}

void CommDaemon::carry_out(const Event& action) {
    host_.log().log(action);
}

}  // namespace hb::comm
