// G2: when a peer that is heard counts as deaf to us.
#include <gmock/gmock.h>

#include "tests/unit/daemons/hb-membership/bench.hpp"

namespace hb::membership::test {
namespace {

using ipc::Hearing;

struct Deaf : testing::Test {
    Deaf() {
        t.hello_comm();
        t.hello_resource();
        b = follower(kB);
        b.publish(Topic::kReport, report({}, GroupState::kStopped));
        t.frame(b);
        t.clear();
        b.hears[kA] = false;
    }
    Bench t;
    FakePeer b;
};

TEST_F(Deaf, AfterADeadtimeOfFramesThatSaySo) {
    t.frame(b);
    EXPECT_FALSE(t.status_of(kB)->hears_us);
    EXPECT_FALSE(t.status_of(kB)->connected);
    t.pass_hearing(kDeadtime - kKeepalive, {&b});
    EXPECT_FALSE(t.status_of(kB)->deaf);
    t.pass_hearing(kKeepalive, {&b});
    EXPECT_TRUE(t.status_of(kB)->deaf);
    b.hears[kA] = true;
    t.frame(b);
    EXPECT_FALSE(t.status_of(kB)->deaf);
    EXPECT_TRUE(t.status_of(kB)->connected);
}

TEST_F(Deaf, NotWhenItsFramesPaused) {
    t.frame(b);
    t.pass(900ms);
    t.frame(b);
    t.pass(1200ms);  // silent, and back
    t.frame(b);
    EXPECT_FALSE(t.status_of(kB)->deaf);
}

TEST_F(Deaf, NotByFramesThatEchoNothing) {
    t.frame(b);
    t.pass(kDeadtime - kKeepalive, [&] { t.handle(b.frame(t.now, false)); });
    EXPECT_FALSE(t.status_of(kB)->deaf);
    EXPECT_EQ(t.status_of(kB)->hearing, Hearing::kHeard);
    t.pass(2 * kKeepalive);  // hb-comm drops the others
    EXPECT_FALSE(t.status_of(kB)->deaf);
    EXPECT_EQ(t.status_of(kB)->hearing, Hearing::kSilent);
}

TEST_F(Deaf, ANewLifeOfEitherSideBeginsAnew) {
    t.pass_hearing(1500ms, {&b});
    ASSERT_TRUE(t.status_of(kB)->deaf);
    t.handle(CommGone{});
    EXPECT_FALSE(t.status_of(kB)->deaf) << "it cannot hear what we do not send";
    t.hello_comm();
    t.pass_hearing(kDeadtime - kKeepalive, {&b});
    EXPECT_FALSE(t.status_of(kB)->deaf);
    t.pass_hearing(2 * kKeepalive, {&b});
    ASSERT_TRUE(t.status_of(kB)->deaf);
    b.session = {2, 9};
    t.frame(b);
    EXPECT_FALSE(t.status_of(kB)->deaf);
}

TEST_F(Deaf, NotWhileItsHeadNamesWhatWeWereNotGiven) {
    t.pass_hearing(1500ms, {&b});
    ASSERT_TRUE(t.status_of(kB)->deaf);
    b.publish(Topic::kReport, report({}, GroupState::kRunning));
    PeerFrame f = b.frame(t.now);
    f.topics.clear();  // too large for one frame, or it did not decode
    t.handle(f);
    EXPECT_FALSE(t.status_of(kB)->deaf);
}

// G2's exception must not see half of a frame.
TEST_F(Deaf, NotBetweenTheTopicsOfOneFrame) {
    t.pass_hearing(1500ms, {&b});
    ASSERT_TRUE(t.status_of(kB)->deaf);
    t.clear();
    b.publish(Topic::kReport, report({}, GroupState::kStopping));
    t.frame(b);
    const auto told = t.all<ipc::PeerStatus>();
    ASSERT_EQ(told.size(), 2u);
    EXPECT_FALSE(told[0].deaf);
    EXPECT_TRUE(told[1].deaf);
    ASSERT_EQ(t.out.size(), 3u);
    EXPECT_TRUE(std::holds_alternative<ipc::PeerReport>(t.out[1]));
}

}  // namespace
}  // namespace hb::membership::test
