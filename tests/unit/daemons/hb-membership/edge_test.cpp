// Topics in and out as bytes, and the news of groups.
#include "daemons/hb-membership/edge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemons/hb-membership/group_news.hpp"
#include "tests/unit/daemons/hb-membership/bench.hpp"

namespace hb::membership::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const MonoTime kNow{std::chrono::seconds(1000)};

PublishValues all_topics() {
    const Incarnation i{100, 1};
    PublishValues values{i, {}};
    values.topics.emplace_back(TopicVersion{i, 1}, ViewTopic{i, kA, view_of(3, kA, i, {{kA, i}}),
                                                             true, 1s, NodeStatus::kActive});
    values.topics.emplace_back(TopicVersion{i, 2}, report(ViewId{3, kA, i}, GroupState::kRunning));
    values.topics.emplace_back(TopicVersion{i, 3}, Table{ViewId{3, kA, i}, {}});
    values.topics.emplace_back(TopicVersion{i, 4}, PingReport{{"10.0.0.1"}});
    return values;
}

TEST(TopicEdge, WhatWePublishIsWhatAPeerReads) {
    PublishValues values = all_topics();
    values.answers_gap = kNow;
    const ipc::PublishTopics message = Edge::encode(values);
    EXPECT_EQ(message.incarnation, values.incarnation);
    EXPECT_EQ(message.answers_gap, kNow);
    ipc::FrameSeen seen;
    seen.peer = kB;
    seen.sequence = 5;
    seen.topics = message.topics;
    Edge edge({"node1", "node2"});
    std::vector<Event> events;
    const PeerFrame frame = edge.decode(seen, kNow, events);
    EXPECT_THAT(events, IsEmpty());
    EXPECT_EQ(frame.topics, values.topics);
    EXPECT_EQ(frame.seen.sequence, 5u);
    EXPECT_THAT(frame.seen.topics, IsEmpty());
}

TEST(TopicEdge, WhatDoesNotDecodeIsCountedSaidOnceAndDropped) {
    ipc::FrameSeen seen;
    seen.peer = kB;
    seen.topics = Edge::encode(all_topics()).topics;
    seen.topics[1].bytes = "\xff\xff nonsense";
    seen.topics[3].topic = static_cast<Topic>(9);
    Edge edge({"node1", "node2"});
    std::vector<Event> events;
    EXPECT_THAT(edge.decode(seen, kNow, events).topics, SizeIs(2)) << "the rest of it stands";
    ASSERT_THAT(events, SizeIs(1));
    EXPECT_EQ(events[0].id, "topic-unreadable");
    EXPECT_EQ(edge.undecodable(), 2u);
    (void)edge.decode(seen, kNow + 59s, events);
    EXPECT_THAT(events, SizeIs(1));
    (void)edge.decode(seen, kNow + 60s, events);
    EXPECT_THAT(events, SizeIs(2));
}

// T9.3: what did not decode must not count as passed on.
TEST(TopicEdge, NoLeaseOnAFrameWhoseReportDidNotDecode) {
    Bench t;
    t.hello_comm();
    t.hello_resource();
    FakePeer b = follower(kB);
    t.frame(b);
    b.publish(Topic::kReport, report({}, GroupState::kRunning));
    PeerFrame f = b.frame(t.now);
    f.seen.acknowledged_sent = t.now;
    PublishValues values{b.incarnation, f.topics};
    f.seen.topics = Edge::encode(values).topics;
    for (TopicUpdate& update : f.seen.topics)
        if (update.topic == Topic::kReport) update.bytes = "\xff";
    Edge edge({"node1", "node2"});
    std::vector<Event> events;
    t.handle(edge.decode(f.seen, t.now, events));
    EXPECT_FALSE(t.last<ipc::Lease>());
}

TEST(NewsOfGroups, OnlyChanges) {
    GroupNews news;
    const auto texts = [&](const Report& r) {
        std::vector<std::string> lines;
        for (const Event& e : news.see(kB, "node2", r))
            lines.push_back(e.text);
        return lines;
    };
    Report r = report({}, GroupState::kStarting);
    EXPECT_THAT(texts(r), ElementsAre("group g: starting on node2"));
    r.groups["g"].bar = 7;
    EXPECT_THAT(texts(r), IsEmpty());
    r.groups["g"].state = GroupState::kFailed;
    r.groups["g"].reason = "IPaddr::10.0.0.1 cannot be stopped";
    const auto events = news.see(kB, "node2", r);
    ASSERT_THAT(events, SizeIs(1));
    EXPECT_EQ(events[0].level, Level::kError);
    EXPECT_EQ(events[0].fields.back().second, "IPaddr::10.0.0.1 cannot be stopped");
}

}  // namespace
}  // namespace hb::membership::test
