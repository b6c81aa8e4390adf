// A bench for one MembershipCore: virtual time, peers made by hand, actions sorted by kind.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemons/hb-membership/membership_core.hpp"

namespace hb::membership::test {

inline constexpr NodeId kA = node_id(0), kB = node_id(1), kC = node_id(2);
inline constexpr Duration kKeepalive = 200ms, kWarntime = 500ms, kDeadtime = 1s, kInitdead = 5s;

// A peer as its frames show it. Change a member, then say frame().
struct FakePeer {
    NodeId node{};
    std::uint64_t generation = 100;
    Session session{1, 7};
    std::uint64_t sequence = 0;
    Incarnation incarnation{100, 1};
    Duration deadtime = kDeadtime;
    ConfigDigests config;
    std::map<NodeId, bool> hears;  // whom it hears
    std::uint64_t counter = 0;
    std::map<Topic, std::pair<TopicVersion, TopicValue>> topics;

    template <typename T>
    void publish(Topic topic, T value) {
        topics[topic] = {TopicVersion{incarnation, ++counter}, std::move(value)};
    }
    void publish_view(NodeId follows, std::optional<View> accepted = {}, bool installed = false) {
        publish(Topic::kView, ViewTopic{incarnation, follows, std::move(accepted), installed,
                                        deadtime, NodeStatus::kActive, config});
    }
    // All processes of the node began anew.
    void reboot() {
        ++generation;
        session = {1, session.nonce + 1};
        sequence = 0;
        incarnation = {generation, 1};
        counter = 0;
        topics.clear();
    }
    void respawn_membership() {
        ++incarnation.respawn;
        counter = 0;
        topics.clear();
    }

    [[nodiscard]] PeerFrame frame(MonoTime received, bool fresh = true) {
        PeerFrame f;
        f.seen.peer = node;
        f.seen.generation = generation;
        f.seen.session = session;
        f.seen.sequence = ++sequence;
        f.seen.received = received;
        f.seen.fresh = fresh;
        if (!fresh) return f;
        f.seen.head.incarnation = incarnation;
        f.seen.head.deadtime = deadtime;
        for (const auto& [peer, heard] : hears)
            f.seen.head.heard.push_back({peer, heard ? 1u : 0u, {1, 1}, 1, {}, {}});
        for (const auto& [topic, held] : topics) {
            f.seen.head.own.push_back({topic, held.first});
            f.topics.push_back(held);
        }
        return f;
    }
};

class Bench {
  public:
    bool comm_listens = true;  // and says so while time passes

    explicit Bench(std::size_t nodes = 2, NodeId self = kA) : Bench(settings(nodes, self)) {}
    explicit Bench(MembershipSettings s) : settings_(std::move(s)), core(settings_, now) {}

    static MembershipSettings settings(std::size_t nodes, NodeId self) {
        MembershipSettings s;
        s.self = self;
        for (std::size_t i = 0; i < nodes; ++i)
            s.node_names.push_back("node" + std::to_string(i + 1));
        s.incarnation = {50, 1};
        s.keepalive = kKeepalive;
        s.warntime = kWarntime;
        s.deadtime = kDeadtime;
        s.initdead = kInitdead;
        return s;
    }

    void hello_comm(std::vector<std::string> links = {"eth0", "eth1"}) {
        handle(ipc::CommHello{{1, 3}, std::move(links)});
    }
    void hello_resource() { handle(ipc::ResourceHello{{50, 1}, {}, {}}); }

    void handle(MembershipInput input) { core.handle(input, now, out); }
    void on_deadline() {
        core.on_deadline(now, out);
        EXPECT_GT(core.next_deadline(), now) << "a deadline that is never met";
    }
    void frame(FakePeer& peer) { handle(peer.frame(now)); }
    // A frame that acknowledges what we sent then.
    void acknowledged(FakePeer& peer, MonoTime sent) {
        PeerFrame f = peer.frame(now);
        f.seen.acknowledged_sent = sent;
        handle(f);
    }
    // Time passes, every deadline is met on time; `each` happens every keepalive.
    template <typename F>
    void pass(Duration time, F each) {
        const MonoTime end = now + time;
        MonoTime beat = now;
        while (now < end) {
            if (comm_listens) handle(ipc::CommListens{});
            if (core.next_deadline() <= now) on_deadline();
            const MonoTime next = std::min(core.next_deadline(), now + kDeadtime / 8);
            now = std::min({end, next, beat + kKeepalive});
            if (now == beat + kKeepalive) {
                beat = now;
                each();
            }
            if (core.next_deadline() <= now) on_deadline();
        }
    }
    void pass(Duration time) {
        pass(time, [] {});
    }
    void pass_hearing(Duration time, std::vector<FakePeer*> peers) {
        pass(time, [&] {
            for (FakePeer* p : peers)
                frame(*p);
        });
    }

    // All actions of one kind since the last clear().
    template <typename T>
    [[nodiscard]] std::vector<T> all() const {
        std::vector<T> found;
        for (const MembershipAction& a : out)
            if (const T* t = std::get_if<T>(&a)) found.push_back(*t);
        return found;
    }
    template <typename T>
    [[nodiscard]] std::optional<T> last() const {
        const auto found = all<T>();
        return found.empty() ? std::nullopt : std::optional<T>(found.back());
    }
    template <typename T>
    [[nodiscard]] std::optional<std::size_t> position() const {
        for (std::size_t i = 0; i < out.size(); ++i)
            if (std::holds_alternative<T>(out[i])) return i;
        return std::nullopt;
    }
    // The newest that we published of a topic.
    template <typename T>
    [[nodiscard]] std::optional<T> published() const {
        std::optional<T> found;
        for (const PublishValues& p : all<PublishValues>())
            for (const auto& [version, value] : p.topics)
                if (const T* t = std::get_if<T>(&value)) found = *t;
        return found;
    }
    [[nodiscard]] std::optional<ipc::PeerStatus> status_of(NodeId n) const {
        std::optional<ipc::PeerStatus> found;
        for (const auto& s : all<ipc::PeerStatus>())
            if (s.peer == n) found = s;
        return found;
    }
    [[nodiscard]] std::vector<std::string> lines() const {
        std::vector<std::string> texts;
        for (const Event& e : all<Event>())
            texts.push_back(e.text);
        return texts;
    }
    [[nodiscard]] std::optional<Event> event(const std::string& id) const {
        for (const Event& e : all<Event>())
            if (e.id == id) return e;
        return std::nullopt;
    }
    [[nodiscard]] std::size_t count(const std::string& id) const {
        const auto events = all<Event>();
        return static_cast<std::size_t>(
            std::ranges::count_if(events, [&](const Event& e) { return e.id == id; }));
    }
    void clear() { out.clear(); }
    [[nodiscard]] std::optional<View> accepted() const { return core.status().accepted; }
    [[nodiscard]] std::vector<NodeId> members() const {
        std::vector<NodeId> nodes;
        if (const auto view = accepted())
            for (const Member& m : view->members)
                nodes.push_back(m.node);
        return nodes;
    }

    MembershipSettings settings_;
    MonoTime now{std::chrono::seconds(1000)};
    MembershipCore core;
    std::vector<MembershipAction> out;
};

// B, who follows A and hears it.
[[nodiscard]] inline FakePeer follower(NodeId node, NodeId of = kA) {
    FakePeer p;
    p.node = node;
    p.hears[of] = true;
    p.publish_view(of);
    return p;
}
// A, who follows itself and is heard by us.
[[nodiscard]] inline FakePeer leader(NodeId node, NodeId us = kB) {
    FakePeer p;
    p.node = node;
    p.hears[us] = true;
    p.publish_view(node);
    return p;
}
// B accepts what we propose.
inline void accept(Bench& bench, FakePeer& peer) {
    peer.publish_view(bench.core.status().self, bench.accepted());
    bench.frame(peer);
}
[[nodiscard]] inline View view_of(std::uint64_t number, NodeId coordinator, Incarnation of,
                                  std::vector<Member> members) {
    return View{{number, coordinator, of}, std::move(members)};
}
[[nodiscard]] inline Report report(std::optional<ViewId> view, GroupState state,
                                   std::uint64_t bar = 0) {
    Report r;
    r.incarnation = {100, 1};
    r.view = view;
    r.groups["g"].state = state;
    r.groups["g"].bar = bar;
    return r;
}

}  // namespace hb::membership::test
