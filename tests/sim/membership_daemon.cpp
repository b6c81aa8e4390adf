#include "tests/sim/membership_daemon.hpp"

#include "tests/sim/cluster.hpp"
#include "tests/sim/comm_daemon.hpp"
#include "tests/sim/resource_daemon.hpp"

namespace hb::sim {

membership::MembershipSettings MembershipDaemon::settings(Node& node) {
    const ClusterConfig& config = node.cluster().config();
    membership::MembershipSettings s;
    s.self = node.id();
    for (std::size_t r = 0; r < config.nodes; r++)
        s.node_names.push_back(config.node_name(node_id(r)));
    s.incarnation = {.generation = node.generation(), .respawn = node.respawns(Kind::kMembership)};
    const Timings& timings = node.timings(Kind::kMembership);
    s.keepalive = timings.keepalive;
    s.warntime = timings.warntime;
    s.deadtime = timings.deadtime;
    s.initdead = config.initdead;
    s.respawned = node.respawns(Kind::kMembership) > 1;
    s.dropped = config.drop_membership;
    return s;
}

MembershipDaemon::MembershipDaemon(Node& node)
    : node_(node),
      incarnation_(settings(node).incarnation),
      core_(settings(node), node.local_now()),
      pings_(ping_nodes(node)),
      ipfail_news_(node.id()) {}

std::vector<config::PingNode> MembershipDaemon::ping_nodes(Node& node) {
    const ClusterConfig& config = node.cluster().config();
    std::vector<config::PingNode> pings;
    for (std::size_t h = 0; config.ping_nodes && h < config.ping_hosts; h++)
        pings.push_back({.name = fmt::format("router{}", h)});
    return pings;
}

ipfail::IpfailSettings MembershipDaemon::ipfail_settings(Node& node) {
    const ClusterConfig& config = node.cluster().config();
    ipfail::IpfailSettings s{.self = node.id(),
                             .node_names = {},
                             .ping_nodes = {},
                             .deadping = config.deadping.value_or(config.deadtime)};
    for (std::size_t r = 0; r < config.nodes; r++)
        s.node_names.push_back(config.node_name(node_id(r)));
    for (const config::PingNode& ping : ping_nodes(node))
        s.ping_nodes.push_back(ping.name);
    return s;
}

void MembershipDaemon::adopt(const Timings& to, MonoTime now) {
    input(membership::NewTimings{.keepalive = to.keepalive,
                                 .warntime = to.warntime,
                                 .deadtime = to.deadtime,
                                 .initdead = node_.cluster().config().initdead},
          now);
}

void MembershipDaemon::born(MonoTime now) {
    if (node_.cluster().config().ping_nodes) greet_ipfail(now);
}

void MembershipDaemon::on_deadline(MonoTime now) {
    if (core_.next_deadline() <= now) {
        core_.on_deadline(now, out_);
        carry_out();
    }
    if (ipfail_back_ <= now) greet_ipfail(now);
    if (!ipfail_ || ipfail_->next_deadline() > now) return;
    std::vector<ipfail::IpfailAction> said;
    ipfail_->on_deadline(now, said);
    ipfail_says(said, now);
}

void MembershipDaemon::input(const membership::MembershipInput& in, MonoTime now) {
    core_.handle(in, now, out_);
    carry_out();
}

void MembershipDaemon::neighbour_here(Kind who, MonoTime) {
    if (who != Kind::kComm) return;
    // The shell's greeting on a fresh channel.
    act(ipc::MembershipHello{incarnation_});
}

void MembershipDaemon::neighbour_gone(Kind who, MonoTime now) {
    if (who == Kind::kComm) input(membership::CommGone{}, now);
    if (who == Kind::kResource) input(membership::ResourceGone{}, now);
}

void MembershipDaemon::from_comm(const ipc::CommToMembership& message, MonoTime now) {
    const auto* seen = std::get_if<ipc::FrameSeen>(&message);
    if (seen == nullptr) {
        if (const auto* hello = std::get_if<ipc::CommHello>(&message)) input(*hello, now);
        if (const auto* link = std::get_if<ipc::LinkChanged>(&message)) input(*link, now);
        if (const auto* gap = std::get_if<ipc::CommGap>(&message)) input(*gap, now);
        if (const auto* listens = std::get_if<ipc::CommListens>(&message)) input(*listens, now);
        if (const auto* ping = std::get_if<ipc::PingStatus>(&message)) ping_seen(*ping, now);
        return;
    }
    membership::PeerFrame frame{.seen = *seen, .topics = {}};
    frame.seen.topics.clear();
    for (const TopicUpdate& update : seen->topics) {
        auto value = node_.cluster().topics().get(update.topic, update.bytes);
        if (!value) continue;
        if (const auto* report = std::get_if<PingReport>(&*value))
            tell_ipfail(ipc::PeerPings{seen->peer, *report}, now);
        frame.topics.emplace_back(update.version, std::move(*value));
    }
    input(frame, now);
}

// ---- hb-ipfail, as the shell does it

void MembershipDaemon::ping_seen(const ipc::PingStatus& ping, MonoTime now) {
    for (const Event& e : pings_.see(ping))
        act(e);
    const ipc::PingStatus& known = pings_.states()[ping.node];
    tell_ipfail(ipc::PingSeen{ping.node, known.state, known.late}, now);
}

void MembershipDaemon::tell_ipfail(const ipc::MembershipToIpfail& message, MonoTime now) {
    if (ipfail_news_.see(message)) std::visit([&](const auto& m) { to_ipfail(m, now); }, message);
}

void MembershipDaemon::greet_ipfail(MonoTime now) {
    ipfail_back_ = kForever;
    ipfail_.emplace(ipfail_settings(node_));
    node_.cluster().tell([&](Checker& c) { c.ipfail_is(node_.id(), true); });
    to_ipfail(ipfail::MembershipHere{}, now);
    for (const ipc::MembershipToIpfail& message : ipfail_news_.greet())
        std::visit([&](const auto& m) { to_ipfail(m, now); }, message);
}

void MembershipDaemon::kill_ipfail(Duration back, MonoTime now) {
    if (!ipfail_) return;
    node_.cluster().world().say(node_.who(Kind::kMembership), "hb-ipfail KILLED");
    ipfail_.reset();
    ipfail_back_ = now + back;
    ipfail_news_.gone();
    node_.cluster().tell([&](Checker& c) { c.ipfail_is(node_.id(), false); });
    input(membership::IpfailGone{}, now);
}

void MembershipDaemon::to_ipfail(const ipfail::IpfailInput& in, MonoTime now) {
    std::vector<ipfail::IpfailAction> said;
    ipfail_->handle(in, now, said);
    ipfail_says(said, now);
}

void MembershipDaemon::ipfail_says(std::vector<ipfail::IpfailAction>& said, MonoTime now) {
    for (const ipfail::IpfailAction& action : said) {
        if (const auto* publish = std::get_if<ipc::IpfailPublish>(&action)) {
            ipfail_news_.published(publish->ping);
            input(membership::IpfailSays{publish->ping}, now);
        } else {
            act(std::get<Event>(action));
        }
    }
}

void MembershipDaemon::request(const ipc::Request& request) {
    to_resource(request);
}

void MembershipDaemon::carry_out() {
    std::vector<membership::MembershipAction> actions;
    actions.swap(out_);
    for (const membership::MembershipAction& action : actions) {
        if (!node_.before_action(Kind::kMembership)) return;
        std::visit([this](const auto& a) { act(a); }, action);
    }
    actions.clear();
    if (out_.empty()) out_.swap(actions);
}

void MembershipDaemon::act(const membership::PublishValues& a) {
    Cluster& cluster = node_.cluster();
    ipc::PublishTopics publish{
        .incarnation = a.incarnation, .topics = {}, .answers_gap = a.answers_gap};
    for (const auto& [version, value] : a.topics) {
        publish.topics.push_back({.topic = TopicStore::topic_of(value),
                                  .version = version,
                                  .bytes = cluster.topics().put(value)});
        if (const auto* ping = std::get_if<PingReport>(&value)) ping_ = *ping;
        const auto* view = std::get_if<ViewTopic>(&value);
        if (view == nullptr || !view->accepted || view->accepted == accepted_) continue;
        accepted_ = view->accepted;
        if (cluster.world().tracing()) {
            std::string members;
            for (const Member& m : accepted_->members)
                members += cluster.config().node_name(m.node);
            cluster.world().say(node_.who(Kind::kMembership), "accepts view {} of {{{}}}",
                                to_string(accepted_->id), members);
        }
        cluster.tell([&](Checker& c) { c.accepted(node_.id(), incarnation_, *accepted_); });
    }
    node_.send(Kind::kMembership, Kind::kComm, [publish](Daemon& d, MonoTime now) {
        static_cast<CommDaemon&>(d).input(publish, now);
    });
}

void MembershipDaemon::act(const ipc::MembershipHello& a) {
    node_.send(Kind::kMembership, Kind::kComm,
               [a](Daemon& d, MonoTime now) { static_cast<CommDaemon&>(d).input(a, now); });
}

void MembershipDaemon::to_resource(const ipc::MembershipToResource& message) {
    node_.send(Kind::kMembership, Kind::kResource, [message](Daemon& d, MonoTime now) {
        static_cast<ResourceDaemon&>(d).from_membership(message, now);
    });
}

void MembershipDaemon::act(const Event& a) {
    node_.cluster().world().say(node_.who(Kind::kMembership), "[{}] {}", a.id, a.text);
}

}  // namespace hb::sim
