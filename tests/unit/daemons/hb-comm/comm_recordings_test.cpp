// Frames that are old, repeated, forged or of somebody else (section 8 of docs/protocol.md).
#include "tests/unit/daemons/hb-comm/comm_net.hpp"

namespace hb::comm {
namespace {

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

}  // namespace
}  // namespace hb::comm
