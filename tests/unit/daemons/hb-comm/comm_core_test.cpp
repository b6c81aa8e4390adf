#include "daemons/hb-comm/comm_core.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>

#include "common/base/limits.hpp"

namespace hb::comm {
namespace {

constexpr NodeId kA = node_id(0), kB = node_id(1), kC = node_id(2);
constexpr LinkId kEth0 = link_id(0), kEth1 = link_id(1);
const MonoTime t0{1000s};
const PlacedAddress kVip{*IpAddress::parse("10.0.0.5"), "eth0"};

CommSettings settings_of(NodeId self, std::size_t nodes = 2, std::uint32_t start = 1) {
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

TopicUpdate topic(Topic t, std::uint64_t counter, Incarnation incarnation = {100, 1}) {
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

std::vector<std::string> event_ids(const std::vector<CommAction>& actions) {
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

TEST_F(Net, TwoNodesHearEachOtherWithinAFewHops) {
    two_nodes();
    run(5ms);
    for (const auto& [n, peer] : {std::pair{kA, kB}, std::pair{kB, kA}}) {
        const auto seen = of<ipc::FrameSeen>(n);
        ASSERT_FALSE(seen.empty());
        EXPECT_TRUE(seen.back().fresh);
        EXPECT_EQ(seen.back().peer, peer);
        ASSERT_NE(says_of(n, peer), nullptr);
        EXPECT_NE(says_of(n, peer)->links, 0U);
        EXPECT_EQ(of<ipc::LinkChanged>(n).size(), 2U);
        EXPECT_LE(sent_by(n).size(), 4U);
        EXPECT_EQ(of<RememberGeneration>(n).size(), 1U);
    }
}

TEST_F(Net, FramesCarryAHeadBeforeThereIsAnyState) {
    add(settings_of(kA), false);
    add(settings_of(kB), false);
    run(1s);
    const auto frames = sent_by(kA);
    ASSERT_GE(frames.size(), 5U);
    EXPECT_EQ(frames[0].header.sequence, 1U);
    EXPECT_EQ(frames[1].header.sequence, 2U);
    EXPECT_EQ(frames.back().body.head.incarnation, Incarnation{});
    EXPECT_EQ(frames.back().body.head.deadtime, 1s);
    EXPECT_TRUE(frames.back().body.topics.empty());
    EXPECT_EQ(says_of(kA, kB)->links, 3U);
    EXPECT_TRUE(of<ipc::FrameSeen>(kA).empty());  // nobody there to be told
    EXPECT_TRUE(of<ipc::Acknowledged>(kA).empty());
}

TEST_F(Net, AChangedTopicLeavesAtOnceAndIsRepeatedUntilAcknowledged) {
    two_nodes();
    run(1s);
    clear();
    works = [](NodeId from, NodeId, LinkId) { return from != kA; };  // A's frames are lost
    publish(kA, {topic(Topic::kView, 1), topic(Topic::kReport, 2)});
    ASSERT_EQ(sent_by(kA).size(), 1U);
    EXPECT_EQ(sent_by(kA)[0].body.topics.size(), 2U);  // one message, one frame
    run(31ms);
    const auto frames = sent_by(kA);
    EXPECT_GE(frames.size(), 5U);  // 0, 2, 6, 14, 30 ms
    for (const SendFrame& f : frames)
        if (!f.body.topics.empty()) {
            EXPECT_EQ(f.body.topics.size(), 2U);
        }
    works = [](NodeId, NodeId, LinkId) { return true; };
    run(200ms);
    clear();
    run(1s);
    EXPECT_LE(sent_by(kA).size(), 6U);  // only keepalives now
    for (const SendFrame& f : sent_by(kA))
        EXPECT_TRUE(f.body.topics.empty());
}

TEST_F(Net, TopicsAreAcknowledgedAtOnceWithoutARepeat) {
    two_nodes();
    run(1s);
    clear();
    publish(kA, {topic(Topic::kReport, 1)});
    run(20ms);
    EXPECT_EQ(sent_by(kA).size(), 1U);
    EXPECT_EQ(sent_by(kB).size(), 1U);
    EXPECT_EQ(of<ipc::FrameSeen>(kB).at(0).topics.size(), 1U);
    const auto seen = of<ipc::FrameSeen>(kA);
    ASSERT_EQ(seen.size(), 1U);
    ASSERT_EQ(seen[0].head.heard.size(), 1U);
    EXPECT_EQ(seen[0].head.heard[0].has, (std::vector<TopicAck>{{Topic::kReport, {{100, 1}, 1}}}));
}

TEST_F(Net, AnUnheardPeerCostsNoRepeats) {
    add(settings_of(kA));
    run(1s);
    clear();
    publish(kA, {topic(Topic::kReport, 1)});
    run(1s);
    EXPECT_LE(sent_by(kA).size(), 8U);
    for (const SendFrame& f : sent_by(kA))
        EXPECT_TRUE(f.body.topics.empty());
}

TEST_F(Net, AnUnheardPeerGetsTheViewWithKeepalives) {
    add(settings_of(kA));
    publish(kA, {topic(Topic::kView, 1), topic(Topic::kReport, 1)});
    run(1s);
    const auto frames = sent_by(kA);
    ASSERT_GE(frames.size(), 6U);
    for (std::size_t i = 2; i < frames.size(); ++i) {
        ASSERT_EQ(frames[i].body.topics.size(), 1U);
        EXPECT_EQ(frames[i].body.topics[0].topic, Topic::kView);
    }
}

TEST_F(Net, AcknowledgedSendTimesGoToBothNeighbours) {
    two_nodes();
    run(5s);
    clear();
    run(2s);
    const auto acks = of<ipc::Acknowledged>(kA);
    EXPECT_GE(acks.size(), 9U);
    for (std::size_t i = 1; i < acks.size(); ++i)
        EXPECT_GT(acks[i].sent, acks[i - 1].sent);
    std::vector<MonoTime> passed_on;
    for (const auto& seen : of<ipc::FrameSeen>(kA))
        if (seen.acknowledged_sent) passed_on.push_back(*seen.acknowledged_sent);
    ASSERT_EQ(passed_on.size(), acks.size());
    for (const auto& ack : acks) {
        EXPECT_EQ(ack.peer, kB);
        EXPECT_TRUE(std::any_of(sent.begin(), sent.end(),
                                [&](const auto& s) {
                                    return s.first == ack.sent && s.second.header.sender == kA;
                                }) ||
                    ack.sent < now - 2s);
    }
}

TEST_F(Net, ANewbornHbResourceLearnsWhatWasAcknowledged) {
    two_nodes();
    run(5s);
    const auto before = of<ipc::Acknowledged>(kA);
    ASSERT_FALSE(before.empty());
    input(kA, ResourceGone{});
    clear();
    input(kA, ResourceHere{});
    const auto told = of<ipc::Acknowledged>(kA);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].peer, kB);
    EXPECT_EQ(told[0].sent, before.back().sent);
}

TEST_F(Net, CopiesOverTheSecondLinkAreRemovedButKeepItUp) {
    two_nodes();
    run(3s);
    const CommStats& stats = nodes[kA].core->stats();
    EXPECT_EQ(stats.received, 2 * stats.duplicates);
    EXPECT_EQ(of<ipc::FrameSeen>(kA).size(), stats.duplicates);
    EXPECT_EQ(stats.replayed, 0U);
    for (const auto& change : of<ipc::LinkChanged>(kA))
        EXPECT_TRUE(change.up);
    // The faster link breaks: nothing else changes.
    clear();
    works = [](NodeId, NodeId, LinkId link) { return link == kEth1; };
    run(2s);
    const auto changes = of<ipc::LinkChanged>(kA);
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(changes[0].link, kEth0);
    EXPECT_EQ(changes[0].fault, ipc::LinkFault::kSilent);
    EXPECT_EQ(says_of(kA, kB)->links, 2U);
}

TEST_F(Net, OneWayIsSeenByTheSideThatStillHears) {
    two_nodes();
    run(1s);
    clear();
    works = [](NodeId from, NodeId, LinkId link) { return from != kA || link == kEth0; };
    run(3s);
    const auto a = of<ipc::LinkChanged>(kA);
    ASSERT_EQ(a.size(), 1U);
    EXPECT_EQ(a[0].fault, ipc::LinkFault::kOneWayOut);
    EXPECT_EQ(a[0].detail, "node2 does not hear us on eth1: is udp/694 open in node2's firewall?");
    EXPECT_EQ(of<ipc::LinkChanged>(kB).at(0).fault, ipc::LinkFault::kSilent);
    works = [](NodeId, NodeId, LinkId) { return true; };
    clear();
    run(1s);
    EXPECT_TRUE(of<ipc::LinkChanged>(kA).at(0).up);
    EXPECT_TRUE(of<ipc::LinkChanged>(kB).at(0).up);
}

// A deaf peer's head goes on naming our session: we see that it does not hear us, and how long.
TEST_F(Net, ADeafPeerStaysFreshAndSaysThatItHearsNothing) {
    two_nodes();
    run(1s);
    works = [](NodeId from, NodeId, LinkId) { return from != kA; };
    run(3s);
    const auto seen = of<ipc::FrameSeen>(kA).back();
    EXPECT_TRUE(seen.fresh);
    EXPECT_EQ(seen.head.heard.at(0).links, 0U);
    EXPECT_GE(seen.head.heard.at(0).age, 2800ms);
    EXPECT_FALSE(seen.acknowledged_sent);
    EXPECT_EQ(of<ipc::CommGap>(kA).size(), 0U);
}

TEST_F(Net, CarrierLostIsToldAtOnceAndTheNextHeadIsHonest) {
    two_nodes();
    run(1s);
    clear();
    input(kA, CarrierChanged{"eth1", false});
    ASSERT_EQ(of<ipc::LinkChanged>(kA).size(), 1U);
    EXPECT_EQ(of<ipc::LinkChanged>(kA)[0].fault, ipc::LinkFault::kNoCarrier);
    works = [](NodeId, NodeId, LinkId link) { return link == kEth0; };
    run(200ms);
    EXPECT_EQ(says_of(kA, kB)->links, 1U);
}

TEST_F(Net, PartsKeepALinkUp) {
    two_nodes();
    run(1s);
    works = [](NodeId from, NodeId, LinkId link) { return from == kA || link == kEth0; };
    clear();
    for (int i = 0; i < 20; ++i) {
        run(100ms);
        FrameHeader h = sent_by(kB).empty() ? FrameHeader{} : sent_by(kB).back().header;
        h.parts = 5;
        if (h.sequence != 0) input(kA, PartHeard{kEth1, h});
    }
    EXPECT_TRUE(of<ipc::LinkChanged>(kA).empty());
    run(2s);
    EXPECT_EQ(of<ipc::LinkChanged>(kA).size(), 1U);
}

TEST_F(Net, HeartbeatsGoOnWithTheLastStateWithoutHbMembership) {
    two_nodes();
    publish(kA, {topic(Topic::kView, 1)});
    run(1s);
    input(kA, MembershipGone{});
    clear();
    run(2s);
    EXPECT_TRUE(of<ipc::FrameSeen>(kA).empty());
    EXPECT_GE(sent_by(kA).size(), 9U);
    EXPECT_EQ(sent_by(kA).back().body.head.incarnation, (Incarnation{100, 1}));
    EXPECT_EQ(sent_by(kA).back().body.head.own,
              (std::vector<TopicAck>{{Topic::kView, {{100, 1}, 1}}}));
    EXPECT_GE(of<ipc::Acknowledged>(kA).size(), 7U);  // L2 and L3 live on
    EXPECT_TRUE(of<ipc::LinkChanged>(kB).empty());
    // The next one is told all anew, with the next fresh frame.
    publish(kB, {topic(Topic::kReport, 1, {101, 1})});
    run(10ms);
    EXPECT_EQ(says_of(kA, kB)->has.size(), 1U);  // hb-comm has it, and says so
    clear();
    input(kA, ipc::MembershipHello{{100, 2}});
    ASSERT_EQ(of<ipc::CommHello>(kA).size(), 1U);
    EXPECT_EQ(of<ipc::CommHello>(kA)[0].links, (std::vector<std::string>{"eth0", "eth1"}));
    EXPECT_EQ(of<ipc::LinkChanged>(kA).size(), 2U);
    run(200ms);
    EXPECT_EQ(of<ipc::FrameSeen>(kA).at(0).topics.size(), 1U);
    clear();
    run(400ms);
    EXPECT_TRUE(of<ipc::FrameSeen>(kA).at(0).topics.empty());
    // Until the new one publishes, the head names the state of the old.
    EXPECT_EQ(sent_by(kA).back().body.head.incarnation, (Incarnation{100, 1}));
    publish(kA, {topic(Topic::kView, 1, {100, 2})}, 2);
    EXPECT_EQ(sent_by(kA).back().body.head.incarnation, (Incarnation{100, 2}));
}

TEST_F(Net, ARespawnedHbCommIsGivenEverythingAgain) {
    two_nodes();
    publish(kA, {topic(Topic::kReport, 5)});
    run(1s);
    clear();
    nodes[kB].core.reset();
    add(settings_of(kB, 2, 2));  // its next session
    run(20ms);
    const auto seen = of<ipc::FrameSeen>(kB);
    ASSERT_FALSE(seen.empty());
    EXPECT_TRUE(seen.back().fresh);
    std::size_t topics = 0;
    for (const auto& s : seen)
        topics += s.topics.size();
    EXPECT_EQ(topics, 1U);
    EXPECT_EQ(of<ipc::FrameSeen>(kA).back().session, settings_of(kB, 2, 2).session);
    EXPECT_FALSE(nodes[kA].core->stats().replayed);
}

// Topics came one by one; a new hb-membership needs all of them, in messages that its channel
// holds.
TEST_F(Net, ANewHbMembershipIsGivenLargeTopicsInPieces) {
    two_nodes();
    run(1s);
    for (const Topic t : kAllTopics) {
        publish(kB, {{t, {{100, 1}, 1}, std::string(300 * 1024, 'x')}});
        run(1s);
    }
    input(kA, MembershipGone{});
    clear();
    input(kA, ipc::MembershipHello{{100, 2}});
    run(1s);
    std::size_t topics = 0;
    for (const ipc::FrameSeen& seen : of<ipc::FrameSeen>(kA)) {
        std::size_t bytes = 0;
        for (const TopicUpdate& u : seen.topics)
            bytes += u.bytes.size();
        EXPECT_LE(bytes, limits::kBodyBytes);
        topics += seen.topics.size();
    }
    EXPECT_EQ(topics, std::size(kAllTopics));
}

TEST_F(Net, AFrozenHbCommTellsBeforeAnythingElse) {
    two_nodes();
    publish(kA, {topic(Topic::kReport, 1)});
    run(1s);
    nodes[kA].frozen = true;
    run(3s);
    const SendFrame last = sent_by(kB).back();
    clear();
    nodes[kA].frozen = false;
    input(kA, FrameArrived{kEth0, last.header, last.body});  // whatever comes first
    const auto& actions = nodes[kA].actions;
    ASSERT_GE(actions.size(), 2U);
    const auto* first = std::get_if<ipc::CommToMembership>(&actions[0]);
    ASSERT_NE(first, nullptr);
    ASSERT_TRUE(std::holds_alternative<ipc::CommGap>(*first));
    EXPECT_GE(std::get<ipc::CommGap>(*first).gap, 2800ms);
    const auto* second = std::get_if<ipc::CommToResource>(&actions[1]);
    ASSERT_NE(second, nullptr);
    ASSERT_TRUE(std::holds_alternative<ipc::CommStoodStill>(*second));
    EXPECT_FALSE(std::get<ipc::CommStoodStill>(*second).whole_host);
    // No frame leaves before the state is published.
    run(100ms);
    EXPECT_TRUE(sent_by(kA).empty());
    publish(kA, {topic(Topic::kView, 2)});
    EXPECT_TRUE(sent_by(kA).empty()) << "a view is not hb-resource's word";
    const MonoTime noticed = std::get<ipc::CommStoodStill>(*second).noticed;
    publish(kA, {topic(Topic::kReport, 2)});
    EXPECT_TRUE(sent_by(kA).empty()) << "it was on its way before the gap";
    publish_after(kA, noticed - 10s, {topic(Topic::kReport, 3)});
    EXPECT_TRUE(sent_by(kA).empty()) << "it answers an earlier gap";
    publish_after(kA, noticed, {topic(Topic::kReport, 4)});
    ASSERT_EQ(sent_by(kA).size(), 1U);
    EXPECT_EQ(sent_by(kA)[0].body.topics.at(1).version.counter, 4U);
    EXPECT_EQ(of<ipc::CommGap>(kA).size(), 1U);
}

// What was asked before the host stood still may have been answered into nothing, and who was away
// then may be back.
TEST_F(Net, AWindowBeginsAnewAfterAGap) {
    add(settings_of(kA));
    input(kA, ipc::Watch{{}, {kVip}});
    run(199ms);  // four probes have left
    nodes[kA].frozen = true;
    run(60s);
    nodes[kA].frozen = false;
    clear();
    run(199ms);
    ASSERT_FALSE(of<ipc::ProbeStatus>(kA).empty());
    for (const auto& s : of<ipc::ProbeStatus>(kA))
        EXPECT_FALSE(s.window_complete);
    EXPECT_EQ(of<SendArpProbe>(kA).size(), 4U);
    run(1ms);
    EXPECT_TRUE(of<ipc::ProbeStatus>(kA).back().window_complete);
}

// The frames of that time went by: that is our silence, not the peers'.
TEST_F(Net, LinksOutliveAGap) {
    two_nodes();
    run(3s);
    clear();
    nodes[kA].frozen = true;
    run(1100ms);
    nodes[kA].frozen = false;
    run(3s);
    EXPECT_TRUE(of<ipc::LinkChanged>(kA).empty());
    const auto events = event_ids(nodes[kA].actions);
    EXPECT_EQ(std::count(events.begin(), events.end(), "link-dead"), 0);
    EXPECT_EQ(std::count(events.begin(), events.end(), "link-up"), 0);
}

TEST_F(Net, LinksThatStayDeadAfterAGapAreToldADeadtimeLater) {
    two_nodes();
    run(3s);
    nodes[kA].frozen = nodes[kB].frozen = true;
    run(10s);
    wire.clear();
    clear();
    nodes[kA].frozen = false;
    run(999ms);
    EXPECT_TRUE(of<ipc::LinkChanged>(kA).empty());
    EXPECT_EQ(says_of(kA, kB)->links, 0U) << "the head claims nothing";
    run(2ms);
    EXPECT_EQ(of<ipc::LinkChanged>(kA).size(), 2U);
}

TEST_F(Net, AfterAGapFramesLeaveAtTheLatestAfterAnEighthOfDeadtime) {
    add(settings_of(kA));
    run(1s);
    nodes[kA].frozen = true;
    run(2s);
    clear();
    nodes[kA].frozen = false;
    run(124ms);
    EXPECT_TRUE(sent_by(kA).empty());
    run(1ms);
    EXPECT_EQ(sent_by(kA).size(), 1U);
}

TEST_F(Net, AGapThatTheLoopSawIsToldOnceToo) {
    add(settings_of(kA));
    run(1s);
    clear();
    input(kA, StoodStill{700ms});  // no longer than a lease lasts
    EXPECT_TRUE(of<ipc::CommGap>(kA).empty());
    input(kA, StoodStill{800ms});
    ASSERT_EQ(of<ipc::CommGap>(kA).size(), 1U);
    EXPECT_EQ(of<ipc::CommGap>(kA)[0].gap, 800ms);
    nodes[kA].frozen = true;
    run(3s);
    nodes[kA].frozen = false;
    clear();
    input(kA, StoodStill{3s});
    EXPECT_EQ(of<ipc::CommGap>(kA).size(), 1U);
    EXPECT_EQ(of<ipc::CommStoodStill>(kA).size(), 1U);
}

TEST_F(Net, AShortDelayIsNoGap) {
    add(settings_of(kA));
    run(1s);
    nodes[kA].frozen = true;
    run(750ms);
    nodes[kA].frozen = false;
    run(1s);
    EXPECT_TRUE(of<ipc::CommGap>(kA).empty());
}

// A paused virtual machine whose clock stood still with it: A's time goes on where it stopped.
TEST_F(Net, APausedMachineLearnsItFromThePeersHead) {
    two_nodes();
    run(1s);
    SendFrame from_b = sent_by(kB).back();
    clear();
    from_b.header.sequence += 20;
    for (Heard& h : from_b.body.head.heard)
        h.age = 3s;  // B heard us last three seconds ago; by our clock we sent just now
    input(kA, FrameArrived{kEth0, from_b.header, from_b.body});
    ASSERT_EQ(of<ipc::CommStoodStill>(kA).size(), 1U);
    EXPECT_TRUE(of<ipc::CommStoodStill>(kA)[0].whole_host);
    const auto* first = std::get_if<ipc::CommToMembership>(&nodes[kA].actions[0]);
    ASSERT_NE(first, nullptr);
    EXPECT_TRUE(std::holds_alternative<ipc::CommGap>(*first));
    EXPECT_TRUE(sent_by(kA).empty());
    EXPECT_EQ(event_ids(nodes[kA].actions), (std::vector<std::string>{"stood-still"}));
}

TEST_F(Net, RecordingsOfAnEarlierGenerationHaveNoEffect) {
    two_nodes();
    run(1s);
    const auto recorded = sent_by(kB);
    nodes[kB].core.reset();
    CommSettings next = settings_of(kB, 2, 1);
    next.generation = 500;
    next.session.nonce = 0x9999;
    add(next);
    run(1s);
    clear();
    for (const SendFrame& f : recorded)
        input(kA, FrameArrived{kEth0, f.header, f.body});
    EXPECT_TRUE(of<ipc::FrameSeen>(kA).empty());
    EXPECT_TRUE(of<ipc::Acknowledged>(kA).empty());
    EXPECT_EQ(nodes[kA].core->stats().replayed, recorded.size());
    EXPECT_EQ(event_ids(nodes[kA].actions), (std::vector<std::string>{"generation-refused"}));
}

TEST_F(Net, RepeatedFramesAreCountedAndToldOnce) {
    two_nodes();
    run(1s);
    const auto recorded = sent_by(kB);
    clear();
    for (const SendFrame& f : recorded)
        input(kA, FrameArrived{kEth0, f.header, f.body, IpAddress::parse("10.0.0.66").value()});
    EXPECT_EQ(nodes[kA].core->stats().replayed, recorded.size());
    EXPECT_TRUE(of<ipc::FrameSeen>(kA).empty());
    EXPECT_EQ(event_ids(nodes[kA].actions), (std::vector<std::string>{"frame-repeated"}));
    EXPECT_NE(of<Event>(kA)[0].text.find("(from 10.0.0.66)"), std::string::npos);
}

TEST_F(Net, RecordingsPlayedToARestartedReceiverCountAsHeardForDeadtimeAtMost) {
    two_nodes();
    publish(kB, {topic(Topic::kReport, 1, {101, 1})});
    run(5s);
    const auto recorded = sent_by(kB);
    nodes.erase(kB);
    nodes[kA].core.reset();
    wire.clear();
    add(settings_of(kA, 2, 2));
    clear();
    const MonoTime begin = now;
    for (const SendFrame& f : recorded) {
        run(200ms);
        input(kA, FrameArrived{kEth0, f.header, f.body});
    }
    const auto seen = of<ipc::FrameSeen>(kA);
    ASSERT_FALSE(seen.empty());
    for (const auto& s : seen) {
        EXPECT_FALSE(s.fresh);
        EXPECT_EQ(s.head, FrameHead{});
        EXPECT_TRUE(s.topics.empty());
        EXPECT_FALSE(s.acknowledged_sent);
        EXPECT_LE(s.received, begin + 200ms + 1s);
    }
    EXPECT_TRUE(of<ipc::Acknowledged>(kA).empty());
    EXPECT_GT(nodes[kA].core->stats().unproven, 0U);
    const auto ids = event_ids(nodes[kA].actions);
    EXPECT_EQ(std::count(ids.begin(), ids.end(), "frames-unproven"), 1);
}

// Also recordings of several lives, one after the other.
TEST_F(Net, RecordingsOfSeveralLivesCountAsHeardForDeadtimeAtMostTogether) {
    add(settings_of(kA));
    const MonoTime begin = now;
    for (std::uint32_t life = 1; life <= 5; ++life)
        for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
            run(200ms);
            const FrameHeader header{.cluster = 77,
                                     .sender = kB,
                                     .generation = 101,
                                     .session = {life, 9},
                                     .sequence = sequence};
            input(kA, FrameArrived{kEth0, header, {}});
        }
    const auto seen = of<ipc::FrameSeen>(kA);
    ASSERT_FALSE(seen.empty());
    for (const auto& s : seen)
        EXPECT_LE(s.received, begin + 200ms + 1s);
}

// G3: what we say of hearing a node keeps the gates of others closed.
TEST_F(Net, WhatMayBeARecordingIsNotSaidToBeHeard) {
    two_nodes();
    run(5s);
    const auto recorded = sent_by(kB);
    nodes.erase(kB);
    nodes[kA].core.reset();
    wire.clear();
    add(settings_of(kA, 2, 2));
    const MonoTime begin = now;
    for (const SendFrame& f : recorded) {
        run(200ms);
        input(kA, FrameArrived{kEth0, f.header, f.body});
        if (now > begin + 1500ms) {
            EXPECT_EQ(says_of(kA, kB)->links, 0U);
        }
    }
}

// A peer whose ears were closed from the beginning is heard as soon as it answers.
TEST_F(Net, ADeafPeerIsHeardWhenItAnswers) {
    works = [](NodeId, NodeId to, LinkId) { return to != kB; };
    two_nodes();
    run(5s);
    EXPECT_EQ(says_of(kA, kB)->links, 0U);
    clear();
    works = [](NodeId, NodeId, LinkId) { return true; };
    run(1s);
    EXPECT_TRUE(of<ipc::FrameSeen>(kA).back().fresh);
    EXPECT_EQ(says_of(kA, kB)->links, 3U);
}

TEST_F(Net, ANodeThatLostItsDiskIsLetInWhenItAnswersUs) {
    CommSettings a = settings_of(kA);
    a.known_generations[kB] = 5000;  // B comes with 101
    add(a);
    run(500ms);
    add(settings_of(kB));
    run(1s);
    EXPECT_EQ(
        event_ids(nodes[kA].actions),
        (std::vector<std::string>{"generation-refused", "generation-fell", "link-up", "link-up"}));
    EXPECT_TRUE(of<ipc::FrameSeen>(kA).back().fresh);
    for (const auto& s : of<ipc::FrameSeen>(kA))
        EXPECT_TRUE(s.fresh);
    EXPECT_TRUE(of<RememberGeneration>(kA).empty());  // the highest seen stays on disk
}

TEST_F(Net, TopicsOfAnEarlierLifeAreForgotten) {
    two_nodes();
    publish(kB, {topic(Topic::kReport, 9, {101, 1})});
    run(1s);
    EXPECT_EQ(says_of(kA, kB)->has.size(), 1U);
    nodes[kB].core.reset();
    CommSettings next = settings_of(kB);
    next.generation = 500;
    next.session.nonce = 0x9999;
    add(next);
    run(1s);
    EXPECT_TRUE(says_of(kA, kB)->has.empty());
    EXPECT_EQ(of<RememberGeneration>(kA).back().generation, 500U);
}

TEST_F(Net, ForeignAndImpossibleFramesAreCountedAndDropped) {
    two_nodes();
    run(1s);
    const SendFrame good = sent_by(kB).back();
    clear();
    const auto give = [&](auto change) {
        FrameArrived f{kEth0, good.header, good.body};
        f.header.sequence += 1000;
        change(f);
        input(kA, f);
    };
    const CommStats before = nodes[kA].core->stats();
    give([](FrameArrived& f) { f.header.cluster = 78; });
    give([](FrameArrived& f) { f.header.cluster = 78; });
    give([](FrameArrived& f) { f.header.sender = node_id(2); });
    give([](FrameArrived& f) { f.header.sender = kA; });
    give([](FrameArrived& f) { f.link = link_id(2); });
    give([](FrameArrived& f) { f.body.head.heard.at(0).sequence = 100000; });
    const CommStats& after = nodes[kA].core->stats();
    EXPECT_EQ(after.foreign_cluster, before.foreign_cluster + 2);
    EXPECT_EQ(after.own_echo, before.own_echo + 1);
    EXPECT_EQ(after.malformed, before.malformed + 3);
    EXPECT_TRUE(of<ipc::FrameSeen>(kA).empty());
    EXPECT_EQ(event_ids(nodes[kA].actions),  // once each
              (std::vector<std::string>{"foreign-cluster", "node-name-twice"}));
}

TEST_F(Net, OwnEchoesAreNoTwin) {
    add(settings_of(kA));
    run(1s);
    for (const SendFrame& f : sent_by(kA))
        input(kA, FrameArrived{kEth0, f.header, f.body});
    EXPECT_TRUE(event_ids(nodes[kA].actions).empty());
    EXPECT_TRUE(of<ipc::FrameSeen>(kA).empty());
}

TEST_F(Net, ThreeNodesAcknowledgeEachForItself) {
    add(settings_of(kA, 3));
    add(settings_of(kB, 3));
    add(settings_of(kC, 3));
    run(1s);
    clear();
    works = [](NodeId from, NodeId to, LinkId) { return from != kA || to != kC; };
    publish(kA, {topic(Topic::kTable, 1)});
    run(50ms);
    EXPECT_GE(sent_by(kA).size(), 5U);  // C is heard and lacks it
    works = [](NodeId, NodeId, LinkId) { return true; };
    run(300ms);
    EXPECT_EQ(of<ipc::FrameSeen>(kC).back().head.own.size(), 1U);
    clear();
    run(1s);
    for (const SendFrame& f : sent_by(kA))
        EXPECT_TRUE(f.body.topics.empty());
}

TEST_F(Net, ProbesAndClaimsGoThrough) {
    add(settings_of(kB), false);
    input(kB, ResourceHere{});
    ASSERT_EQ(of<ipc::CommReady>(kB).size(), 1U);
    input(kB, ipc::Watch{{}, {kVip}});
    EXPECT_EQ(of<SendArpProbe>(kB).size(), 1U);
    EXPECT_EQ(of<AskControl>(kB).size(), 1U);
    input(kB, ControlHeard{"eth0"});
    run(200ms);
    EXPECT_EQ(of<SendArpProbe>(kB).size(), 5U);
    EXPECT_TRUE(of<ipc::ProbeStatus>(kB).back().window_complete);
    EXPECT_TRUE(of<ipc::ProbeStatus>(kB).back().control_heard);
    const MacAddress mac{{2, 0, 0, 0, 0, 1}};
    const ArpSeen probe{.interface = "eth0",
                        .request = true,
                        .sender_mac = mac,
                        .sender = {},
                        .target = kVip.address};
    input(kB, ipc::Watch{{kVip}, {}});
    input(kB, ResourceGone{});
    clear();
    input(kB, probe);  // claims survive hb-resource
    EXPECT_EQ(of<SendArpAnswer>(kB).size(), 1U);
    EXPECT_TRUE(of<ipc::AddressConflict>(kB).empty());
    input(kB, ipc::PingAnswered{now});
    EXPECT_TRUE(of<ipc::PingAnswered>(kB).empty());
    input(kB, ResourceHere{});
    input(kB, ipc::PingAnswered{now});
    EXPECT_EQ(of<ipc::PingAnswered>(kB).size(), 1U);
}

// A frame of a peer is a control for G8 on the interface that it came in by.
TEST_F(Net, FramesAreControls) {
    two_nodes();
    run(1s);
    input(kB, ipc::Watch{{}, {kVip, {kVip.address, "eth7"}}});
    run(200ms);
    for (const auto& s : of<ipc::ProbeStatus>(kB))
        if (s.window_complete) {
            EXPECT_EQ(s.control_heard, s.where.interface == "eth0");
        }
}

// The window ends only when everything that was read has been taken in.
TEST_F(Net, AnAnswerThatWaitsToBeReadIsNoSilence) {
    add(settings_of(kB));
    input(kB, ipc::Watch{{}, {kVip}});
    run(199ms);
    clear();
    now += 10ms;  // woken late, with two packets to read
    input(kB, ControlHeard{"eth0"});
    input(kB, ArpSeen{.interface = "eth0",
                      .sender_mac = {{2, 0, 0, 0, 0, 1}},
                      .sender = kVip.address,
                      .target = kVip.address});
    run(0ms);
    const auto told = of<ipc::ProbeStatus>(kB);
    ASSERT_FALSE(told.empty());
    for (const auto& s : told)
        EXPECT_FALSE(s.window_complete);
}

}  // namespace
}  // namespace hb::comm
