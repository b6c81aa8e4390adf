#include "daemons/hb-membership/shell.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "common/config/digest.hpp"
#include "common/config/parameter.hpp"
#include "common/runtime/system_clock.hpp"
#include "daemons/hb-membership/facts.hpp"
#include "proto/codec_comm_membership.hpp"
#include "proto/codec_membership_ipfail.hpp"
#include "proto/codec_membership_resource.hpp"

namespace hb::membership {
namespace {

using ipc::Program;

// How soon to ask whether hb-comm has read what waited for it.
constexpr Duration kAskAgain = 1ms;

MembershipSettings core_settings(const ipc::Setup& setup) {
    return {.self = setup.self,
            .node_names = setup.settings.nodes,
            .incarnation = setup.incarnation,
            .keepalive = setup.settings.keepalive,
            .warntime = setup.settings.warntime,
            .deadtime = setup.settings.deadtime,
            .initdead = setup.settings.initdead,
            .respawned = setup.respawned(),
            .config = config::digests(setup.settings),
            .dropped = {}};
}

std::vector<ConfiguredGroup> configured_groups(const config::Settings& settings) {
    std::vector<ConfiguredGroup> groups;
    for (const config::Group& g : settings.groups)
        groups.push_back({g.name, g.preferred});
    return groups;
}

std::vector<GroupName> group_names(const config::Settings& settings) {
    std::vector<GroupName> names;
    for (const config::Group& g : settings.groups)
        names.push_back(g.name);
    return names;
}

std::int64_t wall_ns() {
    const runtime::WallTime now = runtime::wall_time();
    return now.seconds * 1'000'000'000 + now.nanoseconds;
}

}  // namespace

Shell::Shell(skeleton::Host& host, const ipc::Setup& setup)
    : host_(host),
      setup_(setup),
      groups_(configured_groups(setup.settings)),
      core_(core_settings(setup), runtime::now()),
      edge_(setup.settings.nodes),
      history_(group_names(setup.settings), wall_ns()),
      pings_here_(setup.settings.pings),
      ipfail_news_(setup.self),
      timer_(host.loop(), [this]() noexcept { deadline(); }),
      release_(host.loop(), [this]() noexcept { release(); }),
      control_(
          host.loop(), host.log(), Identity{::getuid(), ::getgid(), setup.lookers},
          [this](MonoTime now) { return compose(now); },
          [this](const std::string& name) { return config::parameter(setup_.settings, name); },
          [this](const GroupName& group) { return history_.tell(group, core_.status()); },
          [this](const ipc::Request& request) {
              to_resource(proto::encode(ipc::MembershipToResource(request)));
          },
          [this](const ipc::DaemonToMaster& message) { host_.tell_master(message); }) {}

ClusterStatus Shell::compose(MonoTime now) {
    const StatusView view = core_.status();
    ClusterStatus status = compose_status(view, groups_, now);
    if (setup_.settings.has_quorum()) status.quorum = quorum_in(view);
    status.pings = pings_here_.summaries(now);
    ages_.fill(status, now);
    return status;
}

// ---- neighbours

void Shell::on_neighbour(Program neighbour) noexcept {
    if (neighbour == Program::kComm) pings_renumbered_ = false;
    if (neighbour == Program::kComm)
        send(neighbour,
             proto::encode(ipc::MembershipToComm(ipc::MembershipHello{setup_.incarnation})));
    if (neighbour == Program::kIpfail) greet_ipfail();
}

void Shell::tell_ipfail(const ipc::MembershipToIpfail& message) {
    if (ipfail_news_.see(message)) send(Program::kIpfail, proto::encode(message));
}

void Shell::greet_ipfail() {
    tell_ipfail_of_peers();
    for (const ipc::MembershipToIpfail& message : ipfail_news_.greet())
        send(Program::kIpfail, proto::encode(message));
}

void Shell::tell_ipfail_of_peers() {
    if (!host_.has(Program::kIpfail)) return;
    for (const NodeView& node : core_.status().nodes)
        if (node.node != setup_.self) tell_ipfail(ipc::PeerSeen{node.node, node.status});
}

void Shell::on_neighbour_gone(Program neighbour) noexcept {
    if (neighbour == Program::kComm) input(CommGone{});
    if (neighbour == Program::kIpfail) {
        ipfail_news_.gone();
        input(IpfailGone{});
    }
    if (neighbour == Program::kComm && comm_behind_) release();
    if (neighbour != Program::kResource) return;
    held_.clear();
    history_.lost_track(setup_.self, wall_ns());
    control_.resource_gone();
    input(ResourceGone{});
    if (leaving_) host_.exit(*leaving_);
}

void Shell::on_message(Program from, std::string_view bytes) noexcept {
    if (from == Program::kComm)
        from_comm(bytes);
    else if (from == Program::kResource)
        from_resource(bytes);
    else if (from == Program::kIpfail)
        from_ipfail(bytes);
}

void Shell::from_comm(std::string_view bytes) {
    auto message = proto::decode_comm_to_membership(bytes);
    if (!message) return host_.fault(Program::kComm, message.error().text);
    if (auto* seen = std::get_if<ipc::FrameSeen>(&*message)) {
        const PeerFrame frame = edge_.decode(std::move(*seen), runtime::now(), edge_events_);
        for (const Event& event : std::exchange(edge_events_, {}))
            carry_out(event);
        look_at_topics(frame);
        return input(frame);
    }
    if (const auto* hello = std::get_if<ipc::CommHello>(&*message)) input(*hello);
    if (const auto* gap = std::get_if<ipc::CommGap>(&*message)) input(*gap);
    if (const auto* listens = std::get_if<ipc::CommListens>(&*message)) input(*listens);
    if (const auto* ping = std::get_if<ipc::PingStatus>(&*message)) ping_seen(*ping);
    if (const auto* link = std::get_if<ipc::LinkChanged>(&*message)) {
        input(*link);
        control_.changed();
        tell_ipfail_of_link(*link);
    }
    if (const auto* measured = std::get_if<ipc::LinkMeasured>(&*message)) {
        input(*measured);
        control_.changed();
    }
}

void Shell::tell_ipfail_of_link(const ipc::LinkChanged& link) {
    if (!host_.has(Program::kIpfail) || link.flaps > ipc::kLinkFlaps) return;
    const auto view = core_.status();
    if (rank(link.peer) >= view.nodes.size()) return;
    for (const LinkView& known : view.nodes[rank(link.peer)].links)
        if (known.link == link.link && !known.name.empty())
            tell_ipfail(ipc::PeerLinkSeen{link.peer, known.name, link.up});
}

void Shell::ping_seen(const ipc::PingStatus& ping) {
    if (pings_renumbered_) return;
    if (ping.node >= setup_.settings.pings.size())
        return host_.fault(Program::kComm, "a ping node that is not in ha.cf");
    for (const Event& event : pings_here_.see(ping))
        carry_out(event);
    const ipc::PingStatus& known = pings_here_.states()[ping.node];
    tell_ipfail(ipc::PingSeen{ping.node, known.state, known.late});
    control_.changed();
}

// What does not pass through the core: pings for hb-ipfail, news for those who listen.
void Shell::look_at_topics(const PeerFrame& frame) {
    const NodeId peer = frame.seen.peer;
    if (rank(peer) >= setup_.settings.nodes.size()) return;
    for (const auto& [version, value] : frame.topics) {
        if (const auto* ping = std::get_if<PingReport>(&value)) {
            tell_ipfail(ipc::PeerPings{peer, *ping});
        } else if (const auto* report = std::get_if<Report>(&value)) {
            look_at_report(peer, *report);
        }
    }
}

void Shell::look_at_report(NodeId node, const Report& report) {
    history_.see(node, report, wall_ns());
    for (const Event& e : group_news_.see(node, setup_.settings.node_name(node), report))
        control_.tell(e);
}

void Shell::from_resource(std::string_view bytes) {
    auto message = proto::decode_resource_to_membership(bytes);
    if (!message) return host_.fault(Program::kResource, message.error().text);
    if (const auto* answer = std::get_if<ipc::RequestAnswer>(&*message))
        return control_.answered(*answer);
    if (const auto* hello = std::get_if<ipc::ResourceHello>(&*message)) {
        control_.resource_here();
        input(*hello);
    }
    if (const auto* publish = std::get_if<ipc::Publish>(&*message)) {
        input(*publish);
        if (publish->report) look_at_report(setup_.self, *publish->report);
    }
    control_.changed();
}

void Shell::from_ipfail(std::string_view bytes) {
    const auto message = proto::decode_ipfail_to_membership(bytes);
    if (!message) return host_.fault(Program::kIpfail, message.error().text);
    const PingReport& said = std::get<ipc::IpfailPublish>(*message).ping;
    ipfail_news_.published(said);
    input(IpfailSays{said});
}

runtime::SendResult Shell::send(Program to, std::string_view bytes) {
    const auto result = host_.send(to, bytes);
    if (result == runtime::SendResult::kTooLarge)
        host_.log().log(Level::kError, "message-too-large",
                        fmt::format("{} bytes for {} do not fit into its channel", bytes.size(),
                                    ipc::to_string(to)));
    return result;
}

// ---- X1

void Shell::to_resource(std::string bytes) {
    if (comm_behind_)
        held_.push_back(std::move(bytes));
    else
        send(Program::kResource, bytes);
}

void Shell::release() {
    if (host_.queued_bytes(Program::kComm) > 0) {
        release_.arm(runtime::now() + kAskAgain);
        return;
    }
    comm_behind_ = false;
    for (const std::string& bytes : std::exchange(held_, {}))
        send(Program::kResource, bytes);
}

// ---- the core

void Shell::input(const MembershipInput& input) {
    core_.handle(input, runtime::now(), actions_);
    carry_out();
}

void Shell::deadline() {
    host_.drain(Program::kComm);  // first what hb-comm has heard, then judge
    core_.on_deadline(runtime::now(), actions_);
    carry_out();
}

void Shell::carry_out() {
    bool changed = false, status = false;
    for (std::size_t i = 0; i < actions_.size(); ++i) {
        changed = changed || !std::holds_alternative<ipc::Lease>(actions_[i]);
        status = status || std::holds_alternative<Event>(actions_[i]);  // none changes in silence
        std::visit([this](const auto& a) { carry_out(a); }, actions_[i]);
    }
    actions_.clear();
    if (changed) control_.changed();
    if (status) tell_ipfail_of_peers();
    if (status)
        for (const NodeView& node : core_.status().nodes)
            if (node.node != setup_.self)
                history_.see_node(node.node, node.status != NodeStatus::kDead, wall_ns());
    timer_.arm(core_.next_deadline());
}

void Shell::carry_out(const PublishValues& values) {
    const auto result =
        send(Program::kComm, proto::encode(ipc::MembershipToComm(Edge::encode(values))));
    if (result != runtime::SendResult::kQueued) return;
    comm_behind_ = true;
    release_.arm(runtime::now() + kAskAgain);
}

void Shell::carry_out(const Event& event) {
    if (!facts::logged_by_hb_comm(event)) host_.log().log(event);
    control_.tell(event);
}

template <typename T>
void Shell::carry_out(const T& message) {
    to_resource(proto::encode(ipc::MembershipToResource(message)));
}

// ---- control socket, the end

void Shell::on_control_socket(runtime::UniqueFd socket) noexcept {
    control_.listen(std::move(socket));
}

void Shell::adopt_settings(const ipc::Setup& before) noexcept {
    const config::Settings& s = setup_.settings;
    groups_ = configured_groups(s);
    history_.keep(group_names(s));
    const auto as_hosts = [](const config::PingNode& p) {
        return std::tuple(p.name, p.members, p.is_group, p.v6);
    };
    if (!std::ranges::equal(s.pings, before.settings.pings, {}, as_hosts, as_hosts)) {
        pings_here_.configure(s.pings);
        ipfail_news_.forget_ping_nodes();
        pings_renumbered_ = true;
        control_.changed();
    }
    input(NewTimings{.keepalive = s.keepalive,
                     .warntime = s.warntime,
                     .deadtime = s.deadtime,
                     .initdead = s.initdead});
    input(NewConfig{config::digests(s)});
}

void Shell::on_reload_answer(const ipc::ReloadAnswer& answer) noexcept {
    control_.reloaded(answer);
}

void Shell::on_stop(skeleton::Host&) noexcept {
    input(MastersStop{});
    leave(0);
}

void Shell::on_master_gone(skeleton::Host&) noexcept {
    leave(1);
}

void Shell::leave(int code) {
    leaving_ = code;
    if (!host_.has(Program::kResource)) host_.exit(code);
}

}  // namespace hb::membership
