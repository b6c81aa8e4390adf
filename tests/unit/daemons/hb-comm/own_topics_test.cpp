#include "daemons/hb-comm/own_topics.hpp"

#include <gtest/gtest.h>

#include "daemons/hb-comm/peer_topics.hpp"

namespace hb::comm {
namespace {

constexpr NodeId kB = node_id(1), kC = node_id(2);
const MonoTime t0{100s};

TopicUpdate topic(Topic t, std::uint64_t counter, std::size_t bytes = 10, std::uint32_t life = 1) {
    return {t, {{7, life}, counter}, std::string(bytes, 'x')};
}
std::vector<Topic> names(const std::vector<TopicUpdate>& updates) {
    std::vector<Topic> names;
    for (const TopicUpdate& u : updates)
        names.push_back(u.topic);
    return names;
}
using Names = std::vector<Topic>;

TEST(OwnTopics, KeepsTheNewestOfEach) {
    OwnTopics own;
    EXPECT_EQ(own.incarnation(), Incarnation{});
    EXPECT_TRUE(own.publish({{7, 1}, {topic(Topic::kView, 1), topic(Topic::kReport, 2)}}));
    EXPECT_FALSE(own.publish({{7, 1}, {topic(Topic::kView, 1)}}));
    EXPECT_FALSE(own.publish({{7, 1}, {topic(Topic::kReport, 1)}}));
    EXPECT_TRUE(own.publish({{7, 2}, {topic(Topic::kView, 1, 10, 2)}}));
    EXPECT_EQ(own.incarnation(), (Incarnation{7, 2}));
    EXPECT_EQ(own.versions(),
              (std::vector<TopicAck>{{Topic::kView, {{7, 2}, 1}}, {Topic::kReport, {{7, 1}, 2}}}));
}

TEST(OwnTopics, RidesWhatSomeHeardPeerLacks) {
    OwnTopics own;
    own.publish({{7, 1}, {topic(Topic::kView, 1), topic(Topic::kReport, 2)}});
    const NodeSet heard{kB, kC};
    EXPECT_EQ(names(own.riding(heard, {}, false, 2ms, t0)), (Names{Topic::kView, Topic::kReport}));
    own.peer_has(kB, {{Topic::kView, {{7, 1}, 1}}, {Topic::kReport, {{7, 1}, 2}}});
    EXPECT_FALSE(own.lacks(kB));
    EXPECT_TRUE(own.lacks(kC));
    own.peer_has(kC, {{Topic::kView, {{7, 1}, 1}}, {Topic::kReport, {{7, 1}, 1}}});
    EXPECT_EQ(names(own.riding(heard, {}, false, 2ms, t0 + 5ms)), (Names{Topic::kReport}));
    EXPECT_EQ(names(own.riding({kB}, {}, false, 2ms, t0 + 9ms)), Names{});
    own.peer_has(kC, {{Topic::kView, {{7, 1}, 1}}, {Topic::kReport, {{7, 1}, 2}}});
    EXPECT_FALSE(own.any_lacks(heard));
    own.peer_has(kC, {});  // it was respawned and says so
    EXPECT_TRUE(own.any_lacks(heard));
}

// Frames overtake each other, and the older is dropped: what is small is in both.
TEST(OwnTopics, SmallOnesRideUntilEverybodyHasThem) {
    OwnTopics own;
    own.publish({{7, 1}, {topic(Topic::kReport, 1, OwnTopics::kAlwaysBytes)}});
    EXPECT_EQ(own.riding({kB}, {}, false, 2ms, t0).size(), 1U);
    EXPECT_EQ(own.riding({kB}, {}, false, 2ms, t0 + 1us).size(), 1U);
    own.peer_has(kB, {{Topic::kReport, {{7, 1}, 1}}});
    EXPECT_TRUE(own.riding({kB}, {}, false, 2ms, t0 + 2us).empty());
}

TEST(OwnTopics, LargeOnesDoNotRideAgainAtOnce) {
    constexpr std::size_t kLarge = OwnTopics::kAlwaysBytes + 1;
    OwnTopics own;
    own.publish({{7, 1}, {topic(Topic::kReport, 1, kLarge)}});
    EXPECT_EQ(own.riding({kB}, {}, false, 2ms, t0).size(), 1U);
    EXPECT_TRUE(own.riding({kB}, {}, false, 2ms, t0 + 1ms).empty());
    EXPECT_EQ(own.riding({kB}, {}, false, 2ms, t0 + 2ms).size(), 1U);
    own.publish({{7, 1}, {topic(Topic::kReport, 2, kLarge)}});
    EXPECT_EQ(own.riding({kB}, {}, false, 2ms, t0 + 2ms).size(), 1U);
}

TEST(OwnTopics, UnheardPeersGetASmallViewWithKeepalives) {
    OwnTopics own;
    own.publish({{7, 1}, {topic(Topic::kView, 1), topic(Topic::kReport, 1)}});
    EXPECT_TRUE(own.riding({}, {kB}, false, 2ms, t0).empty());
    EXPECT_EQ(names(own.riding({}, {kB}, true, 2ms, t0)), (Names{Topic::kView}));
    EXPECT_EQ(names(own.riding({}, {kB}, true, 2ms, t0 + 1s)), (Names{Topic::kView}));
    own.publish({{7, 1}, {topic(Topic::kView, 2, OwnTopics::kUnheardBytes + 1)}});
    EXPECT_TRUE(own.riding({}, {kB}, true, 2ms, t0).empty());
}

TEST(OwnTopics, WhatDoesNotFitRidesNext) {
    OwnTopics own;
    own.publish(
        {{7, 1},
         {topic(Topic::kReport, 1, OwnTopics::kRidingBytes - 10), topic(Topic::kTable, 2, 1000)}});
    EXPECT_EQ(names(own.riding({kB}, {}, false, 2ms, t0)), (Names{Topic::kReport}));
    EXPECT_EQ(names(own.riding({kB}, {}, false, 2ms, t0 + 2ms)), (Names{Topic::kTable}));
    EXPECT_EQ(names(own.riding({kB}, {}, false, 2ms, t0 + 4ms)), (Names{Topic::kReport}));
}

TEST(PeerTopics, NewestOnceUntilHbMembershipIsAnother) {
    PeerTopics topics;
    EXPECT_TRUE(topics.keep(topic(Topic::kReport, 2)));
    EXPECT_FALSE(topics.keep(topic(Topic::kReport, 1)));
    EXPECT_FALSE(topics.keep(topic(Topic::kReport, 2)));
    EXPECT_TRUE(topics.keep(topic(Topic::kView, 1)));
    EXPECT_EQ(names(topics.take_undelivered()), (Names{Topic::kView, Topic::kReport}));
    EXPECT_TRUE(topics.take_undelivered().empty());
    EXPECT_TRUE(topics.keep(topic(Topic::kView, 3)));
    EXPECT_EQ(names(topics.take_undelivered()), (Names{Topic::kView}));
    topics.forget_deliveries();
    EXPECT_EQ(names(topics.take_undelivered()), (Names{Topic::kView, Topic::kReport}));
    EXPECT_EQ(topics.has(),
              (std::vector<TopicAck>{{Topic::kView, {{7, 1}, 3}}, {Topic::kReport, {{7, 1}, 2}}}));
    topics.clear();
    EXPECT_TRUE(topics.has().empty());
}

}  // namespace
}  // namespace hb::comm
