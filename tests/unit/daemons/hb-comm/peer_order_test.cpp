#include "daemons/hb-comm/peer_order.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace hb::comm {
namespace {

using V = PeerOrder::Verdict;
constexpr LinkId kEth0 = link_id(0), kEth1 = link_id(1);
constexpr std::optional<std::uint64_t> kNoEcho;

struct Step {
    std::uint64_t generation;
    std::uint32_t session;
    std::uint64_t sequence;
    LinkId link;
    std::optional<std::uint64_t> echo;
    V verdict;
    bool link_works = true;
};

void play(std::uint64_t known, const std::vector<Step>& steps) {
    PeerOrder order(known);
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const Step& s = steps[i];
        const FrameHeader h{
            .generation = s.generation, .session = {s.session, 7}, .sequence = s.sequence};
        const auto judged = order.judge(h, s.link, s.echo);
        EXPECT_EQ(judged.verdict, s.verdict) << "step " << i;
        EXPECT_EQ(judged.link_works, s.link_works) << "step " << i;
    }
}

TEST(PeerOrder, NewerFramesAreGood) {
    play(0, {{5, 1, 1, kEth0, kNoEcho, V::kNewLife},
             {5, 1, 2, kEth0, kNoEcho, V::kNewest},
             {5, 1, 9, kEth0, kNoEcho, V::kNewest}});
}

TEST(PeerOrder, OlderThanTheNewestIsDropped) {
    play(0, {{5, 1, 5, kEth0, kNoEcho, V::kNewLife},
             {5, 1, 3, kEth0, kNoEcho, V::kLate, false},
             {5, 1, 3, kEth0, kNoEcho, V::kReplayed, false}});
}

TEST(PeerOrder, CopiesOverOtherLinksShowThatTheseWork) {
    play(0, {{5, 1, 1, kEth0, kNoEcho, V::kNewLife},
             {5, 1, 1, kEth1, kNoEcho, V::kCopy},
             {5, 1, 1, kEth1, kNoEcho, V::kReplayed, false},
             {5, 1, 2, kEth1, kNoEcho, V::kNewest},
             {5, 1, 3, kEth1, kNoEcho, V::kNewest},
             {5, 1, 2, kEth0, kNoEcho, V::kCopy},
             {5, 1, 3, kEth0, kNoEcho, V::kCopy}});
}

TEST(PeerOrder, ALateFrameOfASlowerLinkShowsThatItWorks) {
    play(0, {{5, 1, 1, kEth0, kNoEcho, V::kNewLife},
             {5, 1, 4, kEth0, kNoEcho, V::kNewest},
             {5, 1, 3, kEth1, kNoEcho, V::kLate}});
}

TEST(PeerOrder, ARecordingOnAnotherLinkDoesNot) {
    play(0, {{5, 1, 1, kEth0, kNoEcho, V::kNewLife},
             {5, 1, 100, kEth0, kNoEcho, V::kNewest},
             {5, 1, 20, kEth1, kNoEcho, V::kReplayed, false}});
}

TEST(PeerOrder, NewerSessionsAndGenerationsAreLetIn) {
    play(0, {{5, 1, 50, kEth0, kNoEcho, V::kNewLife},
             {5, 2, 1, kEth0, kNoEcho, V::kNewLife},
             {5, 1, 51, kEth0, kNoEcho, V::kOldLife, false},
             {6, 1, 1, kEth0, kNoEcho, V::kNewLife},
             {5, 2, 2, kEth0, kNoEcho, V::kRefused, false}});
}

TEST(PeerOrder, AnEndedSessionDoesNotComeBackWhateverItEchoes) {
    play(0, {{5, 2, 1, kEth0, 10, V::kNewLife}, {5, 1, 51, kEth0, 99, V::kOldLife, false}});
}

TEST(PeerOrder, BelowTheGenerationOnDiskOnlyWithAnEcho) {
    play(9, {{8, 1, 1, kEth0, kNoEcho, V::kRefused, false},
             {8, 1, 2, kEth0, 0, V::kRefused, false},
             {8, 1, 3, kEth0, 4, V::kLostDisk},
             {8, 1, 4, kEth0, 4, V::kNewest}});
    play(9, {{9, 1, 1, kEth0, kNoEcho, V::kNewLife}});
    play(9, {{10, 1, 1, kEth0, kNoEcho, V::kNewLife}});
}

// After a node came back with a lower generation, recordings of its higher one do not put it out.
TEST(PeerOrder, TheHigherGenerationThatEndedStaysOut) {
    play(0, {{9, 1, 70, kEth0, 20, V::kNewLife},
             {5, 1, 1, kEth0, kNoEcho, V::kRefused, false},
             {5, 1, 2, kEth0, 20, V::kRefused, false},  // echo no newer than the earlier life's
             {5, 1, 3, kEth0, 21, V::kLostDisk},
             {9, 1, 71, kEth0, 20, V::kOldLife, false},
             {9, 1, 71, kEth0, kNoEcho, V::kOldLife, false},
             {9, 2, 1, kEth0, kNoEcho, V::kOldLife, false},
             {5, 1, 4, kEth0, 22, V::kNewest}});
}

TEST(PeerOrder, AfterALostDiskItsNextSessionProvesItselfToo) {
    play(9, {{5, 1, 1, kEth0, 3, V::kLostDisk},
             {5, 2, 1, kEth0, kNoEcho, V::kRefused, false},
             {5, 2, 2, kEth0, 4, V::kNewLife},
             {10, 1, 1, kEth0, kNoEcho, V::kNewLife}});
}

TEST(PeerOrder, PartsShowALinkOnceEach) {
    PeerOrder order;
    FrameHeader h{.generation = 5, .session = {1, 7}, .sequence = 1, .parts = 3};
    EXPECT_FALSE(order.part_shows_link(h, kEth0));  // of a life not let in
    EXPECT_TRUE(order.judge(h, kEth0, kNoEcho).good());
    h.sequence = 2;
    EXPECT_TRUE(order.part_shows_link(h, kEth0));
    EXPECT_FALSE(order.part_shows_link(h, kEth0));
    EXPECT_TRUE(order.part_shows_link(h, kEth1));
    EXPECT_EQ(order.judge(h, kEth1, kNoEcho).verdict, V::kNewest);
    h.sequence = 200;
    EXPECT_TRUE(order.judge(h, kEth0, kNoEcho).good());
    h.sequence = 100;
    EXPECT_FALSE(order.part_shows_link(h, kEth1));  // too old
}

}  // namespace
}  // namespace hb::comm
