// Two nodes of cores, with every message between them going through its codec: what the cores say
// can be said, and arrives as it was.
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <set>

#include "common/base/cluster_status.hpp"
#include "daemons/hb-comm/comm_core.hpp"
#include "daemons/hb-membership/membership_core.hpp"
#include "daemons/hb-resource/ownership_core.hpp"
#include "proto/codec_comm_membership.hpp"
#include "proto/codec_comm_resource.hpp"
#include "proto/codec_control.hpp"
#include "proto/codec_membership_resource.hpp"
#include "proto/codec_node.hpp"

namespace hb::proto {
namespace {

const GroupName kGroup = "10.0.0.5";
const PlacedAddress kPlace{IpAddress::v4(0x0a000005), "eth0"};
constexpr NodeId kA = node_id(0), kB = node_id(1);

template <class... Ts>
struct Overloaded : Ts... {
    using Ts::operator()...;
};

struct Node {
    NodeId id{};
    bool on = true;
    bool runs = false;  // the group, as the kernel would have it
    comm::CommCore comm;
    membership::MembershipCore membership;
    resource::OwnershipCore resource;
    std::vector<ipc::RequestAnswer> answers;
};

class Cluster {
  public:
    Cluster() {
        for (NodeId id : {kA, kB})
            nodes.push_back(make(id));
        for (auto& n : nodes) {
            Node& node = *n;
            to_comm(node, comm::CarrierChanged{"eth0", true});
            say(ipc::MembershipToComm(ipc::MembershipHello{{100, 1}}), &decode_membership_to_comm,
                [&](const auto& m) { to_comm(node, m); });
            to_comm(node, comm::ResourceHere{});
            to_resource(node, resource::MembershipHere{});
            to_resource(node, resource::GroupPlaces{kGroup, {kPlace}, {}});
        }
    }

    void run(Duration length) {
        const MonoTime end = now + length;
        drain();
        while (true) {
            MonoTime next = kForever;
            for (auto& n : nodes)
                if (n->on)
                    next = std::min({next, n->comm.next_deadline(), n->membership.next_deadline(),
                                     n->resource.next_deadline()});
            if (next > end) break;
            now = std::max(now, next);
            for (auto& n : nodes)
                if (n->on) tick(*n);
            drain();
        }
        now = end;
    }

    void ask(NodeId id, ipc::RequestKind kind) {
        Node& node = *nodes[rank(id)];
        say(ipc::MembershipToResource(
                ipc::Request{7, kind, ipc::Scope::kAll, {}, false, {}, false, "root (pid 1)"}),
            &decode_membership_to_resource, [&](const auto& m) { to_resource(node, m); });
        drain();
    }

    GroupSummary status(NodeId id) {
        const ClusterStatus status =
            compose_status(nodes[rank(id)]->membership.status(), {{kGroup, kA}}, now);
        say(ipc::MembershipToTool(ipc::Status{1, status}), &decode_membership_to_tool,
            [](const auto&) {});
        return status.groups.at(0);
    }

    std::vector<std::unique_ptr<Node>> nodes;
    MonoTime now{1000s};
    std::set<std::string> kinds;  // of messages that were carried

  private:
    std::unique_ptr<Node> make(NodeId id) {
        const std::vector<std::string> names = {"node1", "node2"};
        const Incarnation life{100, 1};
        comm::CommSettings c;
        c.self = id;
        c.node_names = names;
        c.link_interfaces = {"eth0"};
        c.keepalive = 100ms;
        c.deadtime = 1s;
        c.warntime = 500ms;
        c.cluster = 1;
        c.generation = life.generation;
        c.session = {1, static_cast<std::uint32_t>(1000 + rank(id))};
        membership::MembershipSettings m;
        m.self = id;
        m.node_names = names;
        m.incarnation = life;
        m.keepalive = 100ms;
        m.warntime = 500ms;
        m.deadtime = 1s;
        m.initdead = 2s;
        resource::OwnershipSettings r;
        r.self = id;
        r.node_names = names;
        r.incarnation = life;
        r.groups = {{kGroup, kA}};
        r.keepalive = 100ms;
        r.deadtime = 1s;
        r.warntime = 500ms;
        return std::make_unique<Node>(Node{id,
                                           true,
                                           false,
                                           comm::CommCore(c, now),
                                           membership::MembershipCore(m, now),
                                           resource::OwnershipCore(r, now),
                                           {}});
    }

    // Encodes, decodes, compares, and delivers later, in order.
    template <typename Value, typename Decode, typename Deliver>
    void say(const Value& value, Decode decode, Deliver deliver) {
        const std::string bytes = encode(value);
        Result<Value> back = decode(bytes);
        ASSERT_TRUE(back.has_value()) << back.error().text;
        ASSERT_EQ(*back, value);
        if constexpr (requires { value.index(); })
            kinds.insert(std::string(typeid(Value).name()) + std::to_string(value.index()));
        queue_.push_back([value = std::move(*back), deliver] { deliver(value); });
    }
    template <typename Value, typename Decode>
    void check(const Value& value, Decode decode) {
        const Result<Value> back = decode(encode(value));
        ASSERT_TRUE(back.has_value()) << back.error().text;
        ASSERT_EQ(*back, value);
    }
    void drain() {
        while (!queue_.empty()) {
            auto next = std::move(queue_.front());
            queue_.pop_front();
            next();
        }
    }
    void tick(Node& node) {
        std::vector<comm::CommAction> c;
        node.comm.on_deadline(now, c);
        act(node, c);
        std::vector<membership::MembershipAction> m;
        node.membership.on_deadline(now, m);
        act(node, m);
        std::vector<resource::OwnershipAction> r;
        node.resource.on_deadline(now, r);
        act(node, r);
    }

    // ---- into the cores

    template <typename Message>
    void to_comm(Node& node, const Message& message) {
        if (!node.on) return;
        std::vector<comm::CommAction> out;
        feed<comm::CommInput>(message, [&](const auto& in) { node.comm.handle(in, now, out); });
        act(node, out);
    }
    template <typename Message>
    void to_membership(Node& node, const Message& message) {
        if (!node.on) return;
        std::vector<membership::MembershipAction> out;
        feed<membership::MembershipInput>(
            message, [&](const auto& in) { node.membership.handle(in, now, out); });
        act(node, out);
    }
    template <typename Message>
    void to_resource(Node& node, const Message& message) {
        if (!node.on) return;
        std::vector<resource::OwnershipAction> out;
        feed<resource::OwnershipInput>(message,
                                       [&](const auto& in) { node.resource.handle(in, now, out); });
        act(node, out);
    }
    // A message of an interface, or an input as it is.
    template <typename Input, typename Message, typename Handle>
    void feed(const Message& message, Handle handle) {
        if constexpr (requires { message.index(); })
            std::visit(
                [&](const auto& m) {
                    if constexpr (std::is_constructible_v<Input, decltype(m)>) handle(Input(m));
                },
                message);
        else
            handle(Input(message));
    }

    void heard(Node& node, const ipc::CommToMembership& message) {
        const auto* seen = std::get_if<ipc::FrameSeen>(&message);
        if (seen == nullptr) return to_membership(node, message);
        membership::PeerFrame frame{*seen, {}};
        frame.seen.topics.clear();
        for (const TopicUpdate& t : seen->topics) {
            switch (t.topic) {
                case Topic::kView:
                    frame.topics.emplace_back(t.version, decode_view_topic(t.bytes).value());
                    break;
                case Topic::kReport:
                    frame.topics.emplace_back(t.version, decode_report(t.bytes).value());
                    break;
                case Topic::kTable:
                    frame.topics.emplace_back(t.version, decode_table(t.bytes).value());
                    break;
                case Topic::kIpfail:
                    frame.topics.emplace_back(t.version, decode_ping_report(t.bytes).value());
                    break;
            }
        }
        to_membership(node, frame);
    }

    // ---- out of the cores

    template <typename Deliver>
    void broadcast(const Node& from, Deliver deliver) {
        for (auto& n : nodes)
            if (n->id != from.id) deliver(*n);
    }
    static MacAddress mac(const Node& node) {
        return {{2, 0, 0, 0, 0, static_cast<std::uint8_t>(rank(node.id))}};
    }

    void act(Node& node, const std::vector<comm::CommAction>& actions) {
        for (const comm::CommAction& action : actions)
            std::visit(
                Overloaded{
                    [&](const comm::SendFrame& f) {
                        broadcast(node, [&](Node& to) {
                            say(f.body, &decode_frame_body,
                                [this, &to, header = f.header](const FrameBody& body) {
                                    to_comm(to, comm::FrameArrived{link_id(0), header, body});
                                });
                        });
                    },
                    [&](const comm::SendArpProbe& p) {
                        broadcast(node, [&](Node& to) {
                            to_comm(to, comm::ArpSeen{p.where.interface,
                                                      true,
                                                      mac(node),
                                                      {},
                                                      p.where.address,
                                                      false});
                        });
                    },
                    [&](const comm::SendArpAnswer& a) {
                        broadcast(node, [&](Node& to) {
                            to_comm(to, comm::ArpSeen{a.where.interface, false, mac(node),
                                                      a.where.address, a.to_ip, false});
                        });
                    },
                    [&](const comm::AskControl& c) {  // the gateway answers
                        queue_.push_back([this, &node, interface = c.interface] {
                            to_comm(node, comm::ControlHeard{interface});
                        });
                    },
                    [](const comm::SendPing&) {},
                    [](const comm::RememberGeneration&) {},
                    [&](const ipc::CommToMembership& m) {
                        say(m, &decode_comm_to_membership,
                            [this, &node](const auto& message) { heard(node, message); });
                    },
                    [&](const ipc::CommToResource& m) {
                        say(m, &decode_comm_to_resource,
                            [this, &node](const auto& message) { to_resource(node, message); });
                    },
                    [&](const Event& e) { told(e); },
                },
                action);
    }

    void act(Node& node, const std::vector<membership::MembershipAction>& actions) {
        for (const membership::MembershipAction& action : actions)
            std::visit(
                Overloaded{
                    [&](const membership::PublishValues& p) {
                        ipc::PublishTopics topics{p.incarnation, {}, p.answers_gap};
                        for (const auto& [version, value] : p.topics)
                            std::visit(
                                Overloaded{
                                    [&](const ViewTopic& v) {
                                        check(v, &decode_view_topic);
                                        topics.topics.push_back({Topic::kView, version, encode(v)});
                                    },
                                    [&](const Report& v) {
                                        check(v, &decode_report);
                                        topics.topics.push_back(
                                            {Topic::kReport, version, encode(v)});
                                    },
                                    [&](const Table& v) {
                                        check(v, &decode_table);
                                        topics.topics.push_back(
                                            {Topic::kTable, version, encode(v)});
                                    },
                                    [&](const PingReport& v) {
                                        check(v, &decode_ping_report);
                                        topics.topics.push_back(
                                            {Topic::kIpfail, version, encode(v)});
                                    },
                                },
                                value);
                        say(ipc::MembershipToComm(topics), &decode_membership_to_comm,
                            [this, &node](const auto& m) { to_comm(node, m); });
                    },
                    [&](const Event& e) { told(e); },
                    [&](const auto& message) {
                        say(ipc::MembershipToResource(message), &decode_membership_to_resource,
                            [this, &node](const auto& m) { to_resource(node, m); });
                    },
                },
                action);
    }

    void act(Node& node, const std::vector<resource::OwnershipAction>& actions) {
        const auto done = [&](resource::GroupAnswer answer, bool after_start) {
            queue_.push_back([this, &node, answer, after_start] {
                to_resource(node, resource::GroupDone{kGroup, answer, after_start, {}});
            });
        };
        for (const resource::OwnershipAction& action : actions)
            std::visit(Overloaded{
                           [&](const resource::StartGroup&) {
                               node.runs = true;
                               done(resource::GroupAnswer::kRunning, true);
                           },
                           [&](const resource::StopGroup&) {
                               node.runs = false;
                               done(resource::GroupAnswer::kStopped, false);
                           },
                           [&](const resource::AskGroup&) {
                               done(node.runs ? resource::GroupAnswer::kRunning
                                              : resource::GroupAnswer::kStopped,
                                    false);
                           },
                           [](const resource::ForgetRestarts&) {},
                           [](const resource::GroupReleased&) {},
                           [](const resource::CompleteGroup&) {},
                           [](const resource::LeaveAlone&) {},
                           [](const resource::Remember&) {},
                           [](const resource::AnnounceGroup&) {},
                           [](const resource::LeaveDone&) {},
                           // No fence device: nobody is there to be told.
                           [](const ipc::FenceWishes&) {},
                           [](const ipc::FenceRequest&) {},
                           [&](const ipc::Watch& w) {
                               say(ipc::ResourceToComm(w), &decode_resource_to_comm,
                                   [this, &node](const auto& m) { to_comm(node, m); });
                           },
                           [&](const ipc::RequestAnswer& a) {
                               say(ipc::ResourceToMembership(a), &decode_resource_to_membership,
                                   [&node](const auto& m) {
                                       node.answers.push_back(std::get<ipc::RequestAnswer>(m));
                                   });
                           },
                           [&](const Event& e) { told(e); },
                           [&](const auto& message) {
                               say(ipc::ResourceToMembership(message),
                                   &decode_resource_to_membership,
                                   [this, &node](const auto& m) { to_membership(node, m); });
                           },
                       },
                       action);
    }

    void told(const Event& event) {
        check(ipc::MembershipToTool(ipc::EventNote{event}), &decode_membership_to_tool);
    }

    std::deque<std::function<void()>> queue_;
};

TEST(Cluster, EverythingThatTheCoresSayIsCarried) {
    Cluster cluster;
    Node& a = *cluster.nodes[0];
    Node& b = *cluster.nodes[1];

    cluster.run(5s);
    ASSERT_TRUE(a.runs);
    ASSERT_FALSE(b.runs);
    for (NodeId id : {kA, kB}) {
        const GroupSummary status = cluster.status(id);
        EXPECT_EQ(status.owner, kA);
        EXPECT_EQ(status.state, GroupState::kRunning);
        EXPECT_TRUE(status.reason.starts_with("table of node1: ")) << status.reason;
    }

    cluster.ask(kA, ipc::RequestKind::kStandby);
    cluster.run(1s);
    ASSERT_EQ(a.answers.size(), 1U);
    EXPECT_TRUE(a.answers[0].ok) << a.answers[0].text;
    EXPECT_FALSE(a.runs);
    ASSERT_TRUE(b.runs);
    EXPECT_EQ(cluster.status(kA).owner, kB);
    EXPECT_EQ(cluster.status(kB).owner, kB);

    b.on = false;
    cluster.run(890ms);  // deadtime, counted from the last heartbeat: at most a keepalive ago
    EXPECT_FALSE(a.runs);
    cluster.run(130ms);
    EXPECT_TRUE(a.runs) << "not at once: " << cluster.status(kA).reason;
    cluster.run(1s);
    const GroupSummary after = cluster.status(kA);
    EXPECT_EQ(after.owner, kA);
    EXPECT_EQ(after.state, GroupState::kRunning);
    EXPECT_EQ(after.by_node.size(), 1U);

    // Most kinds of messages came to pass.
    EXPECT_GE(cluster.kinds.size(), 18U);
}

}  // namespace
}  // namespace hb::proto
