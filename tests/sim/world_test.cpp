// The simulated world itself: time, chance, clocks, networks, kernels, and what is promised.
#include <gtest/gtest.h>

#include "tests/sim/checkers/promise.hpp"
#include "tests/sim/clock.hpp"
#include "tests/sim/rules.hpp"
#include "tests/sim/service_net.hpp"
#include "tests/sim/sim_kernel.hpp"
#include "tests/sim/sim_network.hpp"

namespace hb::sim {
namespace {

const NodeId kA = node_id(0);
const NodeId kB = node_id(1);
const NodeId kC = node_id(2);
const LinkId kLink = link_id(0);

TEST(World, RunsEventsInOrderAndTiesAsAsked) {
    World world(1);
    std::string order;
    world.after(2ms, [&] { order += "c"; });
    world.after(1ms, [&] { order += "a"; });
    world.after(1ms, [&] { order += "b"; });
    world.run_until(1ms);
    EXPECT_EQ(order, "ab");
    EXPECT_EQ(world.now(), 1ms);
    world.run_until(5ms);
    EXPECT_EQ(order, "abc");
    EXPECT_EQ(world.now(), 5ms);
}

TEST(World, TheSameSeedIsTheSameChance) {
    Prng one(42);
    Prng two(42);
    Prng other(43);
    bool differs = false;
    for (int n = 0; n < 100; n++) {
        const std::uint64_t drawn = one.next();
        EXPECT_EQ(drawn, two.next());
        differs = differs || drawn != other.next();
    }
    EXPECT_TRUE(differs);
}

TEST(NodeClock, FindsTheFirstInstantThatShowsATime) {
    for (const std::int64_t ppm : {-9000, -1, 0, 1, 4900, 9000}) {
        NodeClock clock(5h, ppm);
        clock.pause(3s);
        for (const Duration shown : {Duration(1), Duration(1ms), Duration(17s), Duration(2h)}) {
            const MonoTime when(5h + shown);
            const WorldTime world = clock.world(when);
            EXPECT_GE(clock.local(world), when) << ppm;
            EXPECT_LT(clock.local(world - 2us), when) << ppm;
        }
    }
}

TEST(NodeClock, StandsStillWhilePaused) {
    NodeClock clock(0ns, 0);
    EXPECT_EQ(clock.local(10s), MonoTime(10s));
    clock.pause(4s);
    EXPECT_EQ(clock.local(10s), MonoTime(6s));
}

struct Wire {
    World world{7};
    std::vector<NodeId> got;
    SimNetwork network{world, 3, 1,
                       [this](NodeId to, LinkId, const FramePtr&) { got.push_back(to); }};
    std::size_t send(NodeId from, int frames = 1) {
        got.clear();
        for (int n = 0; n < frames; n++)
            network.send(from, kLink, std::make_shared<const Frame>());
        world.run_until(world.now() + 1s);
        return got.size();
    }
};

TEST(SimNetwork, ReachesEverybodyElse) {
    Wire wire;
    EXPECT_EQ(wire.send(kA), 2U);
    EXPECT_TRUE(wire.network.reaches(kA, kB));
}

TEST(SimNetwork, CutsOneWay) {
    Wire wire;
    wire.network.cut(kA, kB);
    EXPECT_EQ(wire.send(kA), 1U);
    EXPECT_EQ(wire.send(kB), 2U);
    EXPECT_FALSE(wire.network.reaches(kA, kB));
    EXPECT_TRUE(wire.network.reaches(kB, kA));
    wire.network.heal(kA, kB);
    EXPECT_TRUE(wire.network.whole());
}

TEST(SimNetwork, ACableOutSilencesBothWays) {
    Wire wire;
    wire.network.set_cable(kC, kLink, false);
    EXPECT_EQ(wire.send(kA), 1U);
    EXPECT_EQ(wire.send(kC), 0U);
}

TEST(SimNetwork, LosesAndDuplicates) {
    Wire wire;
    wire.network.set_quality(kLink, {.delay = {1ms, 2ms, 0ns, 0}, .loss_per_mille = 500});
    const std::size_t some = wire.send(kA, 1000);
    EXPECT_GT(some, 800U);
    EXPECT_LT(some, 1200U);
    wire.network.set_quality(kLink, {.delay = {1ms, 2ms, 0ns, 0}, .duplicate_per_mille = 1000});
    EXPECT_EQ(wire.send(kA, 10), 40U);
}

struct Segment {
    World world{7};
    std::vector<std::pair<NodeId, ArpPacket>> got;
    int pongs = 0;
    ServiceNet net{world, 2, [this](NodeId to, const ArpPacket& p) { got.emplace_back(to, p); },
                   [this](NodeId, const Pong&) { pongs++; }};
    void run() { world.run_until(world.now() + 1s); }
};

TEST(ServiceNet, TheGatewayAnswersWhoeverIsConnected) {
    Segment s;
    s.net.ask_gateway(kA);
    s.run();
    // B sees the broadcast, A gets the answer.
    ASSERT_EQ(s.got.size(), 2U);
    EXPECT_EQ(s.got[0].first == kA ? s.got[0].second.sender : s.got[1].second.sender,
              gateway_address());
    s.net.set_cable(kA, true, false);
    s.got.clear();
    s.net.ask_gateway(kA);
    s.net.ping(kA);
    s.run();
    EXPECT_EQ(s.got.size(), 1U);  // B saw it; A hears nothing
    EXPECT_EQ(s.pongs, 0);
}

TEST(ServiceNet, LosesOnePacketAtATime) {
    Segment s;
    ServiceQuality bad;
    bad.loss_per_mille = 1000;
    bad.between_losses = 1h;
    s.net.set_quality(bad);
    s.net.ping(kA);
    s.net.ping(kA);
    s.run();
    EXPECT_EQ(s.pongs, 1);
}

ClusterConfig one_group() {
    ClusterConfig c;
    c.groups.push_back({.name = "g", .resources = 2, .address = IpAddress::v4(1)});
    return c;
}

TEST(SimKernel, StartsStopsAndKeepsWhatKilledCallsDid) {
    World world(3);
    const ClusterConfig config = one_group();
    int changes = 0;
    SimKernel kernel(world, config, "a", [&](std::size_t) { changes++; });
    std::vector<resource::OperationDone::Outcome> outcomes;
    const auto run = [&](std::size_t resource, resource::Operation operation) {
        kernel.run(
            {.id = 1, .group = "g", .resource = resource, .operation = operation, .timeout = 1s},
            [&](const resource::OperationDone& d) { outcomes.push_back(d.outcome); });
    };
    run(0, resource::Operation::kStart);
    EXPECT_TRUE(kernel.holds(0));  // any moment now
    EXPECT_FALSE(kernel.address_up(0));
    world.run_until(1s);
    EXPECT_TRUE(kernel.address_up(0));
    EXPECT_TRUE(kernel.answers_for(IpAddress::v4(1)));
    EXPECT_FALSE(kernel.all_up(0));
    run(1, resource::Operation::kStart);
    kernel.kill_calls();
    world.run_until(2s);
    EXPECT_FALSE(kernel.up(0, 1));
    run(0, resource::Operation::kStop);
    world.run_until(3s);
    EXPECT_FALSE(kernel.holds(0));
    EXPECT_EQ(outcomes.size(), 2U);
    EXPECT_GT(changes, 3);
}

TEST(SimKernel, AFailedStopLeavesItUp) {
    World world(3);
    const ClusterConfig config = one_group();
    SimKernel kernel(world, config, "a", [](std::size_t) {});
    kernel.add_by_hand(0, 0);
    kernel.faults(0).stop_fails = true;
    auto outcome = resource::OperationDone::Outcome::kOk;
    kernel.run({.id = 1, .group = "g", .operation = resource::Operation::kStop, .timeout = 1s},
               [&](const resource::OperationDone& d) { outcome = d.outcome; });
    world.run_until(1s);
    EXPECT_EQ(outcome, resource::OperationDone::Outcome::kFailed);
    EXPECT_TRUE(kernel.address_up(0));
}

// The rows of docs/protocol.md section 11.
TEST(Promise, Table) {
    PromiseFacts healthy;
    healthy.holder_kernel_speaks = healthy.holder_claim_speaks = true;
    healthy.holder_can_let_go = healthy.service_whole = true;
    const auto with = [&](auto change) {
        PromiseFacts f = healthy;
        change(f);
        return promised(f);
    };
    using F = PromiseFacts;
    EXPECT_TRUE(promised(healthy)) << "heartbeat cut, service net whole";
    EXPECT_FALSE(with([](F& f) { f.service_whole = false; })) << "off all cables, ARP only";
    EXPECT_TRUE(with([](F& f) {
        f.service_whole = false;
        f.ping_nodes = true;
    })) << "off all cables, ping nodes";
    EXPECT_TRUE(with([](F& f) {
        f.service_whole = false;
        f.quorum = true;
    })) << "off all cables, quorum";
    EXPECT_FALSE(with([](F& f) {
        f.service_whole = f.stops_in_time = false;
        f.quorum = true;
    })) << "and a stop longer than d/4";
    EXPECT_TRUE(with([](F& f) { f.holder_claim_speaks = f.holder_can_let_go = false; }))
        << "kill of all, the kernel answers";
    EXPECT_FALSE(with([](F& f) {
        f.holder_claim_speaks = f.holder_can_let_go = f.holder_kernel_speaks = false;
    })) << "kill of all in the middle of a start";
    EXPECT_FALSE(with([](F& f) { f.either_stood_still = true; })) << "a paused machine";
    EXPECT_TRUE(with([](F& f) { f.either_stood_still = f.fencing = true; })) << "and fencing";
    EXPECT_FALSE(with([](F& f) { f.has_address = false; })) << "no address, nothing configured";
    EXPECT_TRUE(with([](F& f) {
        f.has_address = false;
        f.same_view = true;
    })) << "no address, in one view";
}

// A seed is a run, to the last event.
TEST(Scenario, ReplaysExactly) {
    for (std::uint64_t seed = 1; seed <= 5; seed++) {
        std::string runs[2];
        for (std::string& text : runs) {
            RunOptions options;
            options.seed = seed;
            options.trace = [&](std::string_view line) { (text += line) += '\n'; };
            EXPECT_FALSE(run_seed(options).violation);
        }
        EXPECT_EQ(runs[0], runs[1]) << "seed " << seed;
        EXPECT_GT(runs[0].size(), 1000U);
    }
}

}  // namespace
}  // namespace hb::sim
