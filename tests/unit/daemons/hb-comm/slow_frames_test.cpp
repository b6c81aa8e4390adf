// Topics over a slow line: cut up, and put together again at the other end.
#include "daemons/hb-comm/slow_frames.hpp"

#include <gtest/gtest.h>

#include "common/base/line_budget.hpp"
#include "common/wire/line_framing.hpp"
#include "daemons/hb-comm/peer_topics.hpp"
#include "proto/codec_node.hpp"

namespace hb::comm {
namespace {

constexpr Incarnation kLife{1'790'000'000, 3};
constexpr MonoTime kStart{10s};

TopicUpdate topic(Topic which, std::uint64_t counter, std::size_t size) {
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i)
        bytes.push_back(static_cast<char>(i * 7 + counter));
    return {which, {kLife, counter}, bytes};
}

class SlowLine : public ::testing::Test {
  protected:
    void offer(std::vector<TopicUpdate> topics) {
        frames_.offer({.sequence = ++sequence_}, {{.incarnation = kLife}, std::move(topics), {}},
                      now_);
    }
    std::optional<SlowFrame> take(std::size_t room) {
        auto frame = frames_.take(room, now_);
        if (!frame) return frame;
        std::size_t cost = 0;
        for (const TopicUpdate& update : frame->body.topics)
            cost += update.bytes.size() + SlowFrames::kTopicCost;
        if (frame->body.slice) cost += frame->body.slice->bytes.size() + SlowFrames::kSliceCost;
        EXPECT_LE(cost, room);
        return frame;
    }
    // As the receiver does it.
    bool arrive(const SlowFrame& frame) {
        bool newer = false;
        for (const TopicUpdate& update : frame.body.topics)
            newer = there_.keep(update) || newer;
        if (frame.body.slice) newer = there_.keep(*frame.body.slice) || newer;
        return newer;
    }

    SlowFrames frames_{1s};
    PeerTopics there_;
    std::uint64_t sequence_ = 0;
    MonoTime now_ = kStart;
};

TEST_F(SlowLine, carries_small_topics_whole_and_the_newest_frame_only) {
    EXPECT_EQ(take(500), std::nullopt);
    offer({topic(Topic::kView, 1, 50)});
    offer({topic(Topic::kReport, 2, 90)});
    const auto frame = take(500);
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->header.sequence, 2U);
    EXPECT_EQ(frame->body.topics,
              (std::vector{topic(Topic::kView, 1, 50), topic(Topic::kReport, 2, 90)}));
    EXPECT_EQ(frame->body.slice, std::nullopt);
    EXPECT_FALSE(frames_.more());
    EXPECT_EQ(take(500), std::nullopt);
}

TEST_F(SlowLine, cuts_up_what_is_large_and_the_small_ones_go_on) {
    const TopicUpdate table = topic(Topic::kTable, 5, 3000);
    unsigned frames = 0;
    bool came = false;
    while (!came && frames < 100) {
        offer({topic(Topic::kView, 1, 50), table});
        const auto frame = take(300);
        ASSERT_TRUE(frame);
        EXPECT_TRUE(frames_.more());
        EXPECT_EQ(frame->body.topics.size(), 1U);
        came = arrive(*frame) && frames > 0;
        ++frames;
    }
    EXPECT_EQ(frames, 20U);  // 3000 bytes, 154 at a time
    const auto has = there_.take_undelivered();
    ASSERT_EQ(has.size(), 2U);
    EXPECT_EQ(has[1], table);
}

TEST_F(SlowLine, repeats_until_lost_pieces_came_too) {
    const TopicUpdate table = topic(Topic::kTable, 5, 1000);
    bool came = false;
    unsigned frames = 0;
    while (!came && frames < 100) {
        offer({table});
        const auto frame = take(200);
        ASSERT_TRUE(frame);
        if (++frames % 3 != 0) came = arrive(*frame);
    }
    EXPECT_TRUE(came);
    EXPECT_LE(frames, 14U);
}

TEST_F(SlowLine, a_newer_version_takes_the_place_of_an_older_one) {
    offer({topic(Topic::kTable, 5, 1000)});
    EXPECT_FALSE(arrive(*take(300)));
    const TopicUpdate newer = topic(Topic::kTable, 6, 400);
    bool came = false;
    for (int i = 0; i < 2; ++i) {
        offer({newer});
        came = arrive(*take(300));
    }
    EXPECT_TRUE(came);
    EXPECT_EQ(there_.has(), (std::vector{TopicAck{Topic::kTable, {kLife, 6}}}));
    // And a piece of the older one is nothing any more.
    EXPECT_FALSE(there_.keep(TopicSlice{Topic::kTable, {kLife, 5}, 1, 0, "x"}));
}

TEST_F(SlowLine, several_large_ones_take_turns) {
    offer({topic(Topic::kReport, 1, 400), topic(Topic::kTable, 2, 500)});
    std::vector<Topic> order;
    for (int i = 0; i < 8; ++i) {
        offer({});
        const auto frame = take(300);
        ASSERT_TRUE(frame->body.slice);
        order.push_back(frame->body.slice->topic);
        arrive(*frame);
    }
    EXPECT_EQ(there_.has().size(), 2U);
    EXPECT_EQ(order[0], order[1]) << "one is brought to its end first";
}

TEST_F(SlowLine, what_rides_no_more_is_forgotten) {
    offer({topic(Topic::kTable, 5, 3000)});
    take(300);
    now_ += 3s;
    offer({});
    EXPECT_EQ(take(300)->body.slice, std::nullopt);
    EXPECT_FALSE(frames_.more());
}

TEST_F(SlowLine, sends_the_head_alone_when_there_is_no_room) {
    offer({topic(Topic::kView, 5, 300)});
    const auto frame = take(40);
    ASSERT_TRUE(frame);
    EXPECT_TRUE(frame->body.topics.empty());
    EXPECT_EQ(frame->body.slice, std::nullopt);
}

TEST(SlowFrames, costs_are_not_less_than_what_the_codec_writes) {
    const Incarnation other{~std::uint64_t{0}, ~std::uint32_t{0}};
    const FrameBody empty{{.incarnation = kLife, .deadtime = 1s}, {}, {}};
    FrameBody body = empty;
    for (const std::uint32_t size : {1U, 100U, 1000U, 20000U}) {
        body = empty;
        body.topics = {{Topic::kTable, {other, ~std::uint64_t{0}}, std::string(size, 'x')}};
        EXPECT_LE(proto::encode(body).size() - proto::encode(empty).size(),
                  size + SlowFrames::kTopicCost);
        body = empty;
        body.slice = TopicSlice{Topic::kTable,
                                {other, ~std::uint64_t{0}},
                                limits::kBodyBytes,
                                static_cast<std::uint32_t>(limits::kBodyBytes) - size,
                                std::string(size, 'x')};
        EXPECT_LE(proto::encode(body).size() - proto::encode(empty).size(),
                  size + SlowFrames::kSliceCost);
    }
}

// A heartbeat as it leaves: head, header, tag, framing, with figures of every link.
TEST(SlowFrames, a_heartbeat_is_not_longer_than_the_budget_says) {
    for (const std::size_t nodes : {2U, 3U, 5U, 16U})
        for (const std::size_t links : {1U, 2U, 4U}) {
            FrameHead head{.incarnation = kLife, .deadtime = 30s, .own = {}, .heard = {}};
            std::vector<TopicAck> versions;
            for (const Topic each : kAllTopics)
                versions.push_back({each, {kLife, 100'000}});
            head.own = versions;
            for (std::size_t i = 1; i < nodes; ++i)
                head.heard.push_back({node_id(i),
                                      (1U << links) - 1,
                                      {3, 0x89abcdef},
                                      100'000'000,
                                      9s,
                                      versions,
                                      std::vector<HeardOnLink>(links, {100U, 900ms})});
            const std::size_t datagram = wire::kHeaderBytes + wire::kNonceBytes + 16 +
                                         proto::encode(FrameBody{head, {}, {}}).size();
            EXPECT_LE(datagram + wire::line_overhead(datagram), line_heartbeat_bytes(nodes, links))
                << nodes << " nodes, " << links << " links";
        }
}

TEST(SlowFrames, the_budget_in_figures) {
    EXPECT_EQ(line_time(1920, 19200), 1s);
    EXPECT_EQ(line_heartbeat_bytes(2, 2), 230U);
    EXPECT_LT(line_frame_time(2, 2, 19200), 190ms);
    // An eighth of deadtime, or most of a keepalive, whichever is shorter; never less than the
    // least.
    EXPECT_EQ(line_room(1s, 30s, 230, 19200), 1000U);
    EXPECT_EQ(line_room(250ms, 2s, 230, 19200), 190U);
    EXPECT_EQ(line_room(250ms, 1s, 230, 19200), kLineRoom);
    EXPECT_EQ(line_room(1s, 30s, 230, 115200), kMostLineRoom);
}

}  // namespace
}  // namespace hb::comm
