// L8: leases and waits around a change of deadtime.
#include "daemons/hb-resource/lease_book.hpp"
#include "tests/unit/daemons/hb-resource/ownership_scene.hpp"

namespace hb::resource::test {
namespace {

TEST(LeaseBook, AShorterDeadtimeHoldsAtOnceALongerOneOnceItIsAcknowledged) {
    const MonoTime t = MonoTime{} + 1000s;
    LeaseBook book(20s);
    book.acknowledged(kB, t, 20s);
    EXPECT_EQ(book.until(kB), t + 15s);
    book.set_deadtime(10s);
    EXPECT_EQ(book.until(kB), t + 7500ms);
    book.set_deadtime(40s);
    EXPECT_EQ(book.until(kB), t + 7500ms);  // the peer may have read the shorter one
    book.acknowledged(kB, t, 40s);
    EXPECT_EQ(book.until(kB), t + 7500ms);
    book.acknowledged(kB, t + 1s, 10s);  // a frame of before
    EXPECT_EQ(book.until(kB), t + 8500ms);
    book.acknowledged(kB, t + 2s, 40s);
    EXPECT_EQ(book.until(kB), t + 32s);
}

TEST(LeaseBook, OfWhomNothingIsSaidOurOwnCounts) {
    const MonoTime t = MonoTime{} + 1000s;
    LeaseBook book(20s);
    book.acknowledged(kB, t);
    EXPECT_EQ(book.until(kB), t + 15s);
}

// Node a owns g by its row; b says stopped. With deadtime 1 s a lease is good for 750 ms.
class OwnershipReload : public ::testing::Test {
  protected:
    void SetUp() override {
        scene.both_up();
        scene.peer_reports(GroupState::kStopped);
    }
    void reload(Duration deadtime) {
        OwnershipSettings to = settings(kA);
        to.deadtime = deadtime;
        scene.tell(NewSettings{to});
    }
    void acknowledged(Duration ago, Duration announced) {
        scene.tell(ipc::Acknowledged{kB, scene.now() - ago, announced});
        scene.tell(ipc::Lease{kB, scene.now() - ago, announced});
    }
    Scene scene{kA};
};

TEST_F(OwnershipReload, NoStartOnALeaseThatWasPromisedShorter) {
    reload(4s);
    acknowledged(800ms, 1s);  // b had heard of 1 s only
    EXPECT_FALSE(scene.did<StartGroup>());
    acknowledged(700ms, 4s);
    EXPECT_TRUE(scene.did<StartGroup>());
}

TEST_F(OwnershipReload, AShorterDeadtimeHoldsBeforeAnybodyHeardOfIt) {
    reload(200ms);
    acknowledged(160ms, 1s);
    EXPECT_FALSE(scene.did<StartGroup>());
    acknowledged(100ms, 1s);
    EXPECT_TRUE(scene.did<StartGroup>());
}

// L3: ping nodes that nobody asked yet are no reason to let go.
TEST_F(OwnershipReload, AloneItWaitsForNewPingNodesBeforeItCallsItselfIsolated) {
    acknowledged(0s, 1s);
    ASSERT_TRUE(scene.did<StartGroup>());
    scene.kernel_says(GroupAnswer::kRunning, true);
    scene.run(2s);  // the peer falls silent
    OwnershipSettings to = settings(kA);
    to.ping_nodes = true;
    to.deadping = 3s;
    scene.tell(NewSettings{.to = to, .other_ping_nodes = true});
    scene.run(2900ms);
    EXPECT_FALSE(scene.did<StopGroup>());
    scene.run(200ms);
    EXPECT_TRUE(scene.did<StopGroup>());
}

TEST_F(OwnershipReload, InTouchItLetsGoAsEverWhenItLosesThat) {
    acknowledged(0s, 1s);
    scene.kernel_says(GroupAnswer::kRunning, true);
    OwnershipSettings to = settings(kA);
    to.ping_nodes = true;
    to.deadping = 3s;
    scene.tell(NewSettings{.to = to, .other_ping_nodes = true});
    scene.run(700ms);
    EXPECT_FALSE(scene.did<StopGroup>());
    scene.run(100ms);  // 3/4 d after the last acknowledgement
    EXPECT_TRUE(scene.did<StopGroup>());
}

}  // namespace
}  // namespace hb::resource::test
