// A network of CommCores for unit tests: virtual time, links that can be cut, and everything that
// the cores did. No socket and no clock.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>

#include "common/base/limits.hpp"
#include "daemons/hb-comm/comm_core.hpp"

namespace hb::comm {

constexpr NodeId kA = node_id(0), kB = node_id(1), kC = node_id(2);
constexpr LinkId kEth0 = link_id(0), kEth1 = link_id(1);
inline const MonoTime t0{1000s};
inline const PlacedAddress kVip{*IpAddress::parse("10.0.0.5"), "eth0"};

inline CommSettings settings_of(NodeId self, std::size_t nodes = 2, std::uint32_t start = 1) {
    CommSettings s{.self = self,
                   .nodes = nodes,
                   .node_names = {"node1", "node2", "node3"},
                   .link_interfaces = {"eth0", "eth1"},
                   .link_ports = {694, 694},
                   .keepalive = 200ms,
                   .deadtime = 1s,
                   .warntime = 500ms,
                   .cluster = 77,
                   .generation = 100 + rank(self),
                   .session = {start, static_cast<std::uint32_t>(0x1000 + 16 * rank(self)) + start},
                   .random_seed = 1 + rank(self)};
    s.node_names.resize(nodes);
    return s;
}

inline TopicUpdate topic(Topic t, std::uint64_t counter, Incarnation incarnation = {100, 1}) {
    return {t, {incarnation, counter}, "v" + std::to_string(counter)};
}

template <typename T>
std::vector<T> all_of(const std::vector<CommAction>& actions) {
    std::vector<T> of;
    for (const CommAction& action : actions) {
        if constexpr (std::is_constructible_v<ipc::CommToMembership, T> &&
                      !std::is_same_v<T, Event>) {
            if (const auto* m = std::get_if<ipc::CommToMembership>(&action))
                if (const T* t = std::get_if<T>(m)) of.push_back(*t);
        } else if constexpr (std::is_constructible_v<ipc::CommToResource, T> &&
                             !std::is_same_v<T, Event>) {
            if (const auto* m = std::get_if<ipc::CommToResource>(&action))
                if (const T* t = std::get_if<T>(m)) of.push_back(*t);
        } else {
            if (const T* t = std::get_if<T>(&action)) of.push_back(*t);
        }
    }
    return of;
}

inline std::vector<std::string> event_ids(const std::vector<CommAction>& actions) {
    std::vector<std::string> ids;
    for (const Event& e : all_of<Event>(actions))
        ids.push_back(e.id);
    return ids;
}

// Nodes with virtual time, and the links between them: what one sends the others get on every link
// that works, after `delay`.
class Net : public testing::Test {
  protected:
    struct Node {
        std::unique_ptr<CommCore> core;
        std::vector<CommAction> actions;  // of all time, until cleared
        bool frozen = false;
    };

    void add(const CommSettings& s, bool membership = true) {
        nodes[s.self].core = std::make_unique<CommCore>(s, now);
        for (const char* interface : {"eth0", "eth1", "eth7"})
            input(s.self, CarrierChanged{interface, true});
        if (membership) {
            input(s.self, ResourceHere{});
            input(s.self, ipc::MembershipHello{{s.generation, 1}});
        }
    }
    void two_nodes() {
        add(settings_of(kA));
        add(settings_of(kB));
    }
    void input(NodeId n, const CommInput& i) {
        std::vector<CommAction> out;
        nodes[n].core->handle(i, now, out);
        take(n, std::move(out));
    }
    void publish(NodeId n, std::vector<TopicUpdate> topics, std::uint32_t life = 1) {
        input(n, ipc::PublishTopics{{100 + rank(n), life}, std::move(topics), {}});
    }
    // What hb-resource said after it heard of a gap.
    void publish_after(NodeId n, MonoTime gap, std::vector<TopicUpdate> topics) {
        input(n, ipc::PublishTopics{{100 + rank(n), 1}, std::move(topics), gap});
    }
    void take(NodeId from, std::vector<CommAction> out) {
        for (CommAction& action : out) {
            if (const auto* frame = std::get_if<SendFrame>(&action)) {
                sent.push_back({now, *frame});
                for (const auto& [to, node] : nodes)
                    for (const LinkId link : {kEth0, kEth1})
                        if (to != from && works(from, to, link))
                            wire.emplace(
                                now + delay,
                                std::pair{to, FrameArrived{link, frame->header, frame->body}});
            }
            nodes[from].actions.push_back(std::move(action));
        }
    }
    void run(Duration how_long) {
        const MonoTime end = now + how_long;
        while (true) {
            MonoTime next = wire.empty() ? kForever : wire.begin()->first;
            for (const auto& [n, node] : nodes)
                if (!node.frozen) next = std::min(next, node.core->next_deadline());
            if (next > end) break;
            now = std::max(now, next);
            if (!wire.empty() && wire.begin()->first <= now) {
                const auto [to, arrived] = wire.begin()->second;
                wire.erase(wire.begin());
                if (!nodes[to].frozen) input(to, arrived);
                continue;
            }
            for (auto& [n, node] : nodes) {
                if (node.frozen || node.core->next_deadline() > now) continue;
                std::vector<CommAction> out;
                node.core->on_deadline(now, out);
                take(n, std::move(out));
            }
        }
        now = end;
    }
    void clear() {
        for (auto& [n, node] : nodes)
            node.actions.clear();
        sent.clear();
    }
    template <typename T>
    std::vector<T> of(NodeId n) {
        return all_of<T>(nodes.at(n).actions);
    }
    std::vector<ipc::ProbeStatus> probes_told_to(NodeId n) {
        std::vector<ipc::ProbeStatus> all;
        for (const auto& message : of<ipc::ProbeStatuses>(n))
            all.insert(all.end(), message.probes.begin(), message.probes.end());
        return all;
    }
    std::vector<SendFrame> sent_by(NodeId n) {
        std::vector<SendFrame> frames;
        for (const auto& [when, frame] : sent)
            if (frame.header.sender == n) frames.push_back(frame);
        return frames;
    }
    const Heard* says_of(NodeId sender, NodeId peer) {
        for (auto it = sent.rbegin(); it != sent.rend(); ++it) {
            if (it->second.header.sender != sender) continue;
            for (const Heard& h : it->second.body.head.heard)
                if (h.peer == peer) return &h;
            return nullptr;
        }
        return nullptr;
    }

    MonoTime now = t0;
    Duration delay = 100us;
    std::function<bool(NodeId, NodeId, LinkId)> works = [](NodeId, NodeId, LinkId) { return true; };
    std::map<NodeId, Node> nodes;
    std::multimap<MonoTime, std::pair<NodeId, FrameArrived>> wire;
    std::vector<std::pair<MonoTime, SendFrame>> sent;
};

}  // namespace hb::comm
