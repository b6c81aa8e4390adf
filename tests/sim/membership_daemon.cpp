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
    s.keepalive = config.keepalive;
    s.warntime = config.warntime;
    s.deadtime = config.deadtime;
    s.initdead = config.initdead;
    s.respawned = node.respawns(Kind::kMembership) > 1;
    s.dropped = config.drop_membership;
    return s;
}

MembershipDaemon::MembershipDaemon(Node& node)
    : node_(node),
      incarnation_(settings(node).incarnation),
      core_(settings(node), node.local_now()) {}

void MembershipDaemon::born(MonoTime now) {
    if (node_.cluster().config().ping_nodes)
        next_look_ = now + node_.cluster().config().deadtime / 4;
}

void MembershipDaemon::on_deadline(MonoTime now) {
    if (core_.next_deadline() <= now) {
        core_.on_deadline(now, out_);
        carry_out();
    }
    if (next_look_ <= now) look_at_pings(now);
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
        return;
    }
    membership::PeerFrame frame{.seen = *seen, .topics = {}};
    frame.seen.topics.clear();
    for (const TopicUpdate& update : seen->topics) {
        auto value = node_.cluster().topics().get(update.topic, update.bytes);
        if (value) frame.topics.emplace_back(update.version, std::move(*value));
    }
    input(frame, now);
}

void MembershipDaemon::look_at_pings(MonoTime now) {
    const Duration d = node_.cluster().config().deadtime;
    next_look_ = now + d / 2;
    const bool reachable = now - node_.last_pong() < d;
    if (reachable == reachable_) return;
    reachable_ = reachable;
    PingReport report;
    if (reachable) report.reachable.emplace_back("gateway");
    input(membership::IpfailSays{report}, now);
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
