#include <fmt/format.h>

#include "common/base/limits.hpp"
#include "tests/unit/daemons/hb-comm/comm_net.hpp"

namespace hb::comm {
namespace {

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

// A thousand addresses are judged once, not a thousand times.
TEST_F(Net, WindowsThatEndTogetherAreToldTogether) {
    add(settings_of(kB), false);
    input(kB, ResourceHere{});
    ipc::Watch watch;
    for (unsigned n = 0; n < limits::kProbesPerMessage + 1; ++n)
        watch.probes.push_back(
            {*IpAddress::parse(fmt::format("10.1.{}.{}", n / 250, 1 + n % 250)), "eth0"});
    input(kB, watch);
    clear();
    run(200ms);
    std::vector<std::size_t> sizes;
    for (const auto& message : of<ipc::ProbeStatuses>(kB))
        sizes.push_back(message.probes.size());
    EXPECT_EQ(sizes, (std::vector<std::size_t>{limits::kProbesPerMessage, 1}));
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
    EXPECT_TRUE(probes_told_to(kB).back().window_complete);
    EXPECT_TRUE(probes_told_to(kB).back().control_heard);
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
}

// A frame of a peer is a control for G8 on the interface that it came in by.
TEST_F(Net, FramesAreControls) {
    two_nodes();
    run(1s);
    input(kB, ipc::Watch{{}, {kVip, {kVip.address, "eth7"}}});
    run(200ms);
    for (const auto& s : probes_told_to(kB))
        if (s.window_complete) {
            EXPECT_EQ(s.control_heard, s.where.interface == "eth0");
        }
}

// Proxy ARP: who is named by gate_ignore answers in vain, and is named in the log, once.
TEST_F(Net, WhoIsDisregardedAnswersNothing) {
    const MacAddress proxy{{2, 0, 0, 0, 0, 1}}, other{{2, 0, 0, 0, 0, 2}};
    CommSettings settings = settings_of(kB);
    settings.gate_ignore = {proxy};
    add(settings);
    input(kB, ResourceHere{});
    input(kB, ipc::Watch{{}, {kVip}});
    const auto answer = [&](const MacAddress& mac) {
        input(kB, ArpSeen{.interface = "eth0",
                          .sender_mac = mac,
                          .sender = kVip.address,
                          .target = kVip.address});
    };
    for (int i = 0; i < 5; ++i) {
        run(45ms);
        answer(proxy);
    }
    EXPECT_TRUE(probes_told_to(kB).back().window_complete);
    EXPECT_FALSE(probes_told_to(kB).back().answered);
    EXPECT_TRUE(probes_told_to(kB).back().control_heard);
    EXPECT_EQ(std::ranges::count(of<Event>(kB), "gate-ignored", &Event::id), 1);
    answer(other);
    run(100ms);
    EXPECT_EQ(probes_told_to(kB).back().by, other);
    // Nor is there a conflict with it.
    input(kB, ipc::Watch{{kVip}, {}});
    answer(proxy);
    EXPECT_TRUE(of<ipc::AddressConflict>(kB).empty());
    answer(other);
    EXPECT_EQ(of<ipc::AddressConflict>(kB).size(), 1U);
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
    const auto told = probes_told_to(kB);
    ASSERT_FALSE(told.empty());
    for (const auto& s : told)
        EXPECT_FALSE(s.window_complete);
}

TEST_F(Net, EachLinkIsMeasuredOnceASecond) {
    two_nodes();
    run(30s);
    works = [](NodeId from, NodeId, LinkId link) { return from != kB || link != kEth1; };
    run(10s);
    clear();
    run(10s);
    const auto measured = of<ipc::LinkMeasured>(kA);
    EXPECT_GE(measured.size(), 18U);
    EXPECT_LE(measured.size(), 22U);
    const ipc::LinkMeasured& eth0 = measured[measured.size() - 2];
    const ipc::LinkMeasured& eth1 = measured.back();
    EXPECT_EQ(eth0.link, kEth0);
    EXPECT_EQ(eth0.judged, 100U);
    EXPECT_EQ(eth0.lost, 0U);
    EXPECT_EQ(eth0.lost_there, 0U);
    ASSERT_TRUE(eth0.round_trip);
    EXPECT_EQ(*eth0.round_trip, 2 * delay);
    EXPECT_EQ(eth1.link, kEth1);
    EXPECT_GE(eth1.lost, 80U);
    EXPECT_EQ(eth1.lost_there, 0U) << "the other way it works";
    EXPECT_LE(*eth1.heard, now - 19s);
}

TEST_F(Net, ARepairedLinkIsNoBadCable) {
    two_nodes();
    run(30s);
    for (const LinkId cut : {kEth1, kEth0}) {
        works = [cut](NodeId, NodeId, LinkId link) { return link != cut; };
        run(30s);
        works = [](NodeId, NodeId, LinkId) { return true; };
        run(1s);
        clear();
        run(60s);
        for (const NodeId n : {kA, kB}) {
            EXPECT_EQ(event_ids(nodes[n].actions), std::vector<std::string>{});
            for (const auto& m : of<ipc::LinkMeasured>(n)) {
                EXPECT_EQ(m.lost, 0U);
                EXPECT_EQ(m.lost_there.value_or(0), 0U);
                EXPECT_EQ(m.trouble, "");
            }
        }
    }
}

// A large frame becomes whole on one link only; its parts show that the other brings it too.
TEST_F(Net, AFrameOfSeveralPartsIsLostOnNoLinkThatBroughtAPartOfIt) {
    two_nodes();
    run(1s);
    works = [](NodeId from, NodeId, LinkId link) { return from != kB || link == kEth0; };
    clear();
    for (int i = 0; i < 1500; ++i) {
        const std::size_t before = sent_by(kB).size();
        run(20ms);
        const auto frames = sent_by(kB);
        for (std::size_t n = before; n < frames.size(); ++n) {
            FrameHeader part = frames[n].header;
            part.parts = 3;
            input(kA, PartHeard{kEth1, part});
        }
    }
    const auto measured = of<ipc::LinkMeasured>(kA);
    ASSERT_GE(measured.size(), 2U);
    for (const LinkId link : {kEth0, kEth1}) {
        const ipc::LinkMeasured& m = measured[measured.size() - 2 + index(link)];
        EXPECT_EQ(m.link, link);
        EXPECT_EQ(m.judged, 100U);
        EXPECT_EQ(m.lost, 0U);
    }
}

}  // namespace
}  // namespace hb::comm
