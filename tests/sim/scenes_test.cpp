// The worked examples of docs/protocol.md section 10 and the figures of section 13, as scenes.
//
// Deadtime 1 s, keepalive 250 ms, every hop 5 ms, processes and agents quick: gaps are hops.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "tests/sim/checkers/rest_checker.hpp"
#include "tests/sim/checkers/view_checker.hpp"
#include "tests/sim/membership_daemon.hpp"
#include "tests/sim/resource_daemon.hpp"
#include "tests/sim/scenario.hpp"

namespace hb::sim {
namespace {

constexpr Duration kHop = 5ms;
constexpr Duration kStep = 3ms;  // a few messages between processes of one node

// When groups were released and begun, by node.
class Diary final : public Checker {
  public:
    explicit Diary(World& world) : world_(world) {}
    void starts(NodeId node, const GroupName&) override { started[node] = world_.now(); }
    void reported(NodeId node, const Report& report) override {
        for (const auto& [name, g] : report.groups) {
            if (g.state == GroupState::kStopped && before_[{node, name}] == GroupState::kStopping)
                released[node] = world_.now();
            before_[{node, name}] = g.state;
        }
    }
    std::map<NodeId, WorldTime> started, released;

  private:
    World& world_;
    std::map<std::pair<NodeId, GroupName>, GroupState> before_;
};

class Scene : public testing::Test {
  protected:
    void build(std::size_t nodes, const std::function<void(ClusterConfig&)>& change = {}) {
        ClusterConfig c;
        c.nodes = nodes;
        c.auto_failback = false;
        c.clocks_differ = false;
        c.channel = {20us, 60us, 0ns, 0};
        c.link.delay = {kHop, kHop, 0ns, 0};
        c.agents = {{1ms, 2ms, 0ns, 0}, {1ms, 2ms, 0ns, 0}, {1ms, 1ms, 0ns, 0}, 2s, 100ms, 2};
        c.groups.push_back({.name = "g", .address = IpAddress::v4(0x0a000064)});
        if (change) change(c);
        // HA_SIM_TRACE=1 tells the scene, one line per event.
        if (std::getenv("HA_SIM_TRACE") != nullptr)
            world_.trace_to([](std::string_view line) {
                std::fwrite(line.data(), 1, line.size(), stdout);
                std::fputc('\n', stdout);
            });
        cluster_ = std::make_unique<Cluster>(world_, c);
        add_checkers(*cluster_);
        cluster_->add(std::make_unique<ViewChecker>(*cluster_));
        auto diary = std::make_unique<Diary>(world_);
        diary_ = diary.get();
        cluster_->add(std::move(diary));
    }
    void run_for(Duration length) { world_.run_until(world_.now() + length); }
    void settled(std::size_t nodes, const std::function<void(ClusterConfig&)>& change = {}) {
        build(nodes, change);
        cluster_->boot_all();
        run_for(4s);
        ASSERT_EQ(not_at_rest(*cluster_), std::nullopt);
        diary_->started.clear();
        diary_->released.clear();
    }
    Node& node(char name) { return cluster_->node(static_cast<std::size_t>(name - 'a')); }
    static NodeId id(char name) { return node_id(static_cast<std::size_t>(name - 'a')); }
    [[nodiscard]] std::string owner() const { return cluster_->holders(0); }
    std::string gate_reason(char name) {
        const auto& report = node(name).resource()->published();
        return report ? report->groups.at("g").gate_reason : "";
    }
    std::size_t members(char name) { return node(name).membership()->accepted()->members.size(); }
    // Views from now on. The checker belongs to the cluster.
    void count_views() {
        auto views = std::make_unique<ViewChecker>(*cluster_);
        views_ = views.get();
        cluster_->add(std::move(views));
    }
    // For 60 deadtimes: away for longer than a deadtime, and back for less than two.
    static constexpr unsigned kFlaps = 20;
    void flap(LinkId link, bool both_ways) {
        count_views();
        for (unsigned i = 0; i < 2 * kFlaps; i++) {
            const bool cut = i % 2 == 0;
            cluster_->network().set_cut(id('a'), id('b'), link, cut);
            if (both_ways) cluster_->network().set_cut(id('b'), id('a'), link, cut);
            run_for(cut ? 1300ms : 1700ms);
        }
    }
    void nothing_moved() {
        EXPECT_EQ(owner(), "a");
        EXPECT_TRUE(diary_->released.empty());
        EXPECT_TRUE(diary_->started.empty());
    }
    void standby(char name) {
        cluster_->wish(id(name), ipc::RequestKind::kStandby, ipc::Scope::kAll);
    }
    void split() {
        for (std::size_t a = 0; a < cluster_->size(); a++)
            for (std::size_t b = a + 1; b < cluster_->size(); b++)
                cluster_->network().cut_both(node_id(a), node_id(b));
    }
    Duration gap(char from, char to) {
        return diary_->started.at(id(to)) - diary_->released.at(id(from));
    }
    void TearDown() override {
        if (cluster_) {
            EXPECT_FALSE(cluster_->violation())
                << cluster_->violation()->property << ": " << cluster_->violation()->detail;
        }
    }

    World world_{1};
    std::unique_ptr<Cluster> cluster_;
    Diary* diary_ = nullptr;
    ViewChecker* views_ = nullptr;
};

TEST_F(Scene, BothColdNeedNoGateAndAFewHops) {
    build(2);
    cluster_->boot_all();
    run_for(300ms);
    EXPECT_EQ(owner(), "a");
    EXPECT_EQ(members('a'), 2U);
    EXPECT_EQ(members('b'), 2U);
}

TEST_F(Scene, OneAloneWaitsForInitdead) {
    build(2);
    node('a').boot();
    run_for(1900ms);
    EXPECT_EQ(owner(), "");
    run_for(600ms);
    EXPECT_EQ(owner(), "a");
}

TEST_F(Scene, OrderlyStopOfTheOwnerIsOneHop) {
    settled(2);
    node('a').stop_suite();
    run_for(500ms);
    EXPECT_EQ(owner(), "b");
    EXPECT_LE(gap('a', 'b'), kHop + kStep);
}

TEST_F(Scene, OrderlyStopOfAnOwnerThatDoesNotCoordinateIsOneHop) {
    settled(2, [](ClusterConfig& c) { c.groups[0].preferred = node_id(1); });
    ASSERT_EQ(owner(), "b");
    node('b').stop_suite();
    run_for(500ms);
    EXPECT_EQ(owner(), "a");
    EXPECT_LE(gap('b', 'a'), kHop + kStep);
}

TEST_F(Scene, StandbyIsOneHop) {
    settled(2);
    standby('a');
    run_for(500ms);
    EXPECT_EQ(owner(), "b");
    EXPECT_LE(gap('a', 'b'), kHop + kStep);
    EXPECT_EQ(not_at_rest(*cluster_), std::nullopt);
}

TEST_F(Scene, StandbyToAThirdNodesRowIsOneHopToo) {
    settled(3, [](ClusterConfig& c) { c.groups[0].preferred = node_id(2); });
    standby('c');
    run_for(500ms);
    EXPECT_NE(owner(), "c");
    EXPECT_LE(gap('c', owner()[0]), kHop + kStep);
}

TEST_F(Scene, FailbackIsTwoHopsAndOneOfGap) {
    settled(2, [](ClusterConfig& c) { c.auto_failback = true; });
    node('a').power_off();
    run_for(2s);
    ASSERT_EQ(owner(), "b");
    node('a').boot();
    run_for(5s);
    EXPECT_EQ(owner(), "a");
    EXPECT_LE(gap('b', 'a'), kHop + kStep);
}

TEST_F(Scene, PowerOffBeginsTheTakeoverAtDeadtime) {
    settled(2);
    const WorldTime off = world_.now();
    node('a').power_off();
    run_for(3s);
    EXPECT_EQ(owner(), "b");
    const Duration took = diary_->started.at(id('b')) - off;
    EXPECT_GE(took, 750ms - kHop);  // the last frame may be a keepalive old
    EXPECT_LE(took, 1s + kHop + 20ms);
}

TEST_F(Scene, PowerOffOfOneOfThree) {
    settled(3, [](ClusterConfig& c) { c.quorum = true; });
    const WorldTime off = world_.now();
    node('a').power_off();
    run_for(3s);
    ASSERT_EQ(owner().size(), 1U);
    EXPECT_LE(diary_->started.at(id(owner()[0])) - off, 1s + 5 * kHop + 20ms);
}

TEST_F(Scene, SplitWithTheServiceNetWholeIsRefusedAndHealsWithoutAMove) {
    settled(2);
    split();
    run_for(5s);
    EXPECT_EQ(owner(), "a");
    EXPECT_NE(gate_reason('b').find("held by 52:54:00:00:00:01"), std::string::npos);
    cluster_->network().heal_all();
    run_for(1s);
    EXPECT_EQ(owner(), "a");
    EXPECT_EQ(members('b'), 2U);
    EXPECT_TRUE(diary_->released.empty());
    EXPECT_TRUE(diary_->started.empty());
}

TEST_F(Scene, SplitWithPingNodesMovesFromTheIsolated) {
    settled(2, [](ClusterConfig& c) {
        c.ping_nodes = true;
        c.keepalive = 200ms;
    });
    const WorldTime out = world_.now();
    cluster_->set_all_cables(id('a'), false);
    run_for(4s);
    EXPECT_EQ(owner(), "b");
    EXPECT_LE(diary_->released.at(id('a')) - out, 1s);
    EXPECT_GE(diary_->started.at(id('b')), diary_->released.at(id('a')));
}

// One link of two, in both directions or in one: the membership does not notice.
TEST_F(Scene, AFlappingLinkOfTwoMakesNoView) {
    settled(2);
    flap(link_id(1), true);
    EXPECT_EQ(views_->views_accepted(), 0U);
    nothing_moved();
}

TEST_F(Scene, AFlappingDirectionOfOneLinkOfTwoMakesNoView) {
    settled(2);
    flap(link_id(1), false);
    EXPECT_EQ(views_->views_accepted(), 0U);
    nothing_moved();
}

// A third of what one node sends is lost on one link of two.
TEST_F(Scene, AnAsymmetricLinkOfTwoMakesNoView) {
    settled(2);
    count_views();
    for (int i = 0; i < 2000; i++) {
        cluster_->network().set_cut(id('a'), id('b'), link_id(1), i % 3 == 0);
        run_for(30ms);
    }
    EXPECT_EQ(views_->views_accepted(), 0U);
    nothing_moved();
}

// The only link: each loss that is longer than deadtime is, for each of the two, a view without the
// other and one with it, no more, and moves nothing (decision 18).
TEST_F(Scene, AFlappingOnlyLinkMakesTwoViewsEachTimeAndMovesNothing) {
    settled(2, [](ClusterConfig& c) {
        c.links = 1;
        c.auto_failback = true;
    });
    flap(link_id(0), true);
    EXPECT_EQ(views_->views_accepted(), kFlaps * 4);
    nothing_moved();
}

// b hears nothing of a for a while: it makes views of its own, and a takes it back.
TEST_F(Scene, AFlappingDirectionOfTheOnlyLinkMovesNothing) {
    settled(2, [](ClusterConfig& c) {
        c.links = 1;
        c.auto_failback = true;
    });
    flap(link_id(0), false);
    EXPECT_LE(views_->views_accepted(), kFlaps * 4);
    nothing_moved();
}

// T4: not later than the carrier and the word of it need, and the moment for the others' word.
TEST_F(Scene, LossOfCarrierMovesAtOnce) {
    settled(2, [](ClusterConfig& c) {
        c.ping_nodes = true;
        c.keepalive = 200ms;
    });
    const WorldTime out = world_.now();
    cluster_->set_service_cable(id('a'), false, false, true);
    run_for(500ms);
    EXPECT_EQ(owner(), "b");
    EXPECT_LE(diary_->released.at(id('a')) - out, 10ms + 2 * kStep);
    EXPECT_LE(gap('a', 'b'), kHop + kStep);
}

// ... or deadping, from the last request that was answered on.
TEST_F(Scene, FewerPingNodesMoveAfterDeadping) {
    settled(2, [](ClusterConfig& c) {
        c.ping_nodes = true;
        c.keepalive = 200ms;
    });
    const WorldTime out = world_.now();
    cluster_->set_service_cable(id('a'), false, false);
    run_for(2s);
    EXPECT_EQ(owner(), "b");
    EXPECT_LE(diary_->released.at(id('a')) - out, 1s + 2 * kStep);
    EXPECT_LE(gap('a', 'b'), kHop + kStep);
}

TEST_F(Scene, BothBlindMovesNothing) {
    settled(2, [](ClusterConfig& c) {
        c.ping_nodes = true;
        c.keepalive = 200ms;
        c.auto_failback = true;
    });
    for (const bool carrier_follows : {false, true}) {
        for (const char name : {'a', 'b'}) {
            cluster_->set_service_cable(id(name), false, false, carrier_follows);
            run_for(2ms);
        }
        run_for(3s);
        for (const char name : {'a', 'b'}) {
            cluster_->set_service_cable(id(name), true, true, true);
            run_for(300ms);
        }
        run_for(3s);
        EXPECT_TRUE(diary_->released.empty());
        EXPECT_TRUE(diary_->started.empty());
    }
}

TEST_F(Scene, ThreeNodesAndOneCutOff) {
    settled(3, [](ClusterConfig& c) {
        c.quorum = true;
        c.keepalive = 200ms;
    });
    ASSERT_EQ(owner(), "a");
    const WorldTime out = world_.now();
    cluster_->set_all_cables(id('a'), false);
    run_for(4s);
    EXPECT_EQ(owner(), "b");
    EXPECT_LE(diary_->released.at(id('a')) - out, 800ms);
}

TEST_F(Scene, ADeafStandbyStartsNothingUntilTheOwnerIsReallyGone) {
    settled(2);
    cluster_->network().cut(id('a'), id('b'));
    run_for(5s);
    EXPECT_EQ(owner(), "a");
    node('a').power_off();
    run_for(3s);
    EXPECT_EQ(owner(), "b");
}

TEST_F(Scene, HearingThatIsNotTransitive) {
    settled(3);
    cluster_->network().cut_both(id('a'), id('c'));
    run_for(5s);
    EXPECT_EQ(owner(), "a");
    EXPECT_EQ(members('a'), 2U);
    EXPECT_EQ(members('b'), 2U);
    EXPECT_EQ(members('c'), 1U);
    EXPECT_FALSE(gate_reason('c').empty());
}

TEST_F(Scene, KillOfEverythingOnTheOwner) {
    settled(2);
    node('a').kill_all(3s);
    run_for(2900ms);
    EXPECT_EQ(owner(), "a");  // its kernel
    EXPECT_NE(gate_reason('b').find("held by"), std::string::npos);
    run_for(4s);
    EXPECT_EQ(owner().size(), 1U);
    EXPECT_EQ(not_at_rest(*cluster_), std::nullopt);
}

TEST_F(Scene, DeathOfAnyProcessMovesNothing) {
    settled(2);
    for (Kind k : kKinds)
        for (char n : {'a', 'b'}) {
            node(n).kill(k);
            run_for(3s);
            EXPECT_EQ(owner(), "a") << to_string(k) << " of " << n;
            EXPECT_TRUE(diary_->released.empty()) << to_string(k) << " of " << n;
        }
    EXPECT_EQ(not_at_rest(*cluster_), std::nullopt);
}

TEST_F(Scene, HbResourceDiesWhileItStarts) {
    build(2, [](ClusterConfig& c) { c.agents.start = {50ms, 60ms, 0ns, 0}; });
    cluster_->boot_all();
    while (!node('a').kernel().start_under_way(0))
        run_for(1ms);
    node('a').kill(Kind::kResource);
    run_for(1s);
    EXPECT_EQ(owner(), "a");
    EXPECT_EQ(not_at_rest(*cluster_), std::nullopt);
}

TEST_F(Scene, APausedMachineLetsGoWhenItComesBack) {
    settled(2);
    node('a').freeze(Freeze::kMachine);
    run_for(3s);
    EXPECT_EQ(owner(), "ab");  // a's kernel stands still with it
    split();
    node('a').thaw();
    run_for(100ms);
    EXPECT_EQ(owner(), "b");
}

TEST_F(Scene, TheMastersDeathIsAHandOver) {
    settled(2);
    node('a').kill_master(5s);
    run_for(1s);
    EXPECT_EQ(owner(), "b");
    EXPECT_LE(gap('a', 'b'), kHop + kStep);
}

// ---- fencing: a call takes up to 400 ms

void with_fencing(ClusterConfig& c) {
    c.fencing = true;
    c.fence = {100ms, 400ms, 0ns, 0};
}

TEST_F(Scene, ATakeoverWaitsForTheConfirmation) {
    settled(2, with_fencing);
    split();
    while (node('a').powered())
        run_for(1ms);
    EXPECT_EQ(owner(), "") << "b waits for what the device says";
    run_for(3s);
    EXPECT_EQ(owner(), "b");
    EXPECT_TRUE(node('b').powered());
}

TEST_F(Scene, ARaceOfTwoHasOneSurvivor) {
    settled(2, [](ClusterConfig& c) {
        with_fencing(c);
        c.groups.push_back(
            {.name = "h", .preferred = node_id(1), .address = IpAddress::v4(0x0a000065)});
    });
    ASSERT_EQ(cluster_->holders(1), "b");
    split();
    run_for(20s);
    EXPECT_TRUE(node('a').powered()) << "the later one waited";
    EXPECT_FALSE(node('b').powered());
    EXPECT_EQ(cluster_->holders(0) + cluster_->holders(1), "aa");
}

TEST_F(Scene, ANodeWhoseStopFailsIsSwitchedOff) {
    settled(2, with_fencing);
    node('a').kernel().faults(0).stop_fails = true;
    standby('a');
    run_for(20s);
    EXPECT_FALSE(node('a').powered());
    EXPECT_EQ(owner(), "b");
}

TEST_F(Scene, DevicesThatDoNotAnswerBlockTheTakeoverUntilAHumanConfirms) {
    settled(2, with_fencing);
    cluster_->fence().set_dead(true);
    node('a').power_off();
    run_for(30s);
    EXPECT_EQ(owner(), "");
    EXPECT_NE(gate_reason('b').find("fencing a (try "), std::string::npos) << gate_reason('b');
    cluster_->wish(id('b'), ipc::RequestKind::kFenceConfirm, ipc::Scope::kAll, {}, false, id('a'));
    run_for(2s);
    EXPECT_EQ(owner(), "b");
}

TEST_F(Scene, DevicesThatDoNotAnswerGiveWayToANodeThatReturns) {
    settled(2, with_fencing);
    cluster_->fence().set_dead(true);
    split();
    run_for(10s);
    EXPECT_EQ(owner(), "a");
    cluster_->network().heal_all();
    cluster_->fence().set_dead(false);
    run_for(20s);
    EXPECT_EQ(owner(), "a");
    EXPECT_TRUE(node('a').powered() && node('b').powered());
}

TEST_F(Scene, ADeadHbFenceIsAskedAgain) {
    settled(2, with_fencing);
    split();
    run_for(1100ms);
    cluster_->fence_of(id('b')).kill();
    run_for(5s);
    EXPECT_FALSE(node('a').powered());
    EXPECT_EQ(owner(), "b");
}

TEST_F(Scene, TheMinorityOfThreeShootsNobody) {
    settled(3, [](ClusterConfig& c) {
        with_fencing(c);
        c.quorum = true;
        c.keepalive = 150ms;
    });
    for (const char other : {'b', 'c'})
        cluster_->network().cut_both(id('a'), id(other));
    run_for(10s);
    EXPECT_FALSE(node('a').powered());
    EXPECT_TRUE(node('b').powered() && node('c').powered());
    EXPECT_EQ(owner(), "b");
}

}  // namespace
}  // namespace hb::sim
