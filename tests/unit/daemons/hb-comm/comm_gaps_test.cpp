// hb-comm after it stood still (L5).
#include "tests/unit/daemons/hb-comm/comm_net.hpp"

namespace hb::comm {
namespace {

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
    ASSERT_FALSE(probes_told_to(kA).empty());
    for (const auto& s : probes_told_to(kA))
        EXPECT_FALSE(s.window_complete);
    EXPECT_EQ(of<SendArpProbe>(kA).size(), 4U);
    run(1ms);
    EXPECT_TRUE(probes_told_to(kA).back().window_complete);
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

}  // namespace
}  // namespace hb::comm
