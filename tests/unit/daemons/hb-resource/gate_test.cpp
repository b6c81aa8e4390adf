// Rules G1 to G11 as scenes: a gate that would open, with one thing wrong at a time.
#include "daemons/hb-resource/gate.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace hb::resource {
namespace {

constexpr NodeId kB = node_id(1), kC = node_id(2);
constexpr Duration kDead = 1s;

ipc::ProbeStatus quiet(MonoTime now) {
    ipc::ProbeStatus p;
    p.where = {*IpAddress::parse("10.77.0.100"), "eth0"};
    p.carrier = true;
    p.window_complete = now - 10ms;
    p.control_heard = true;
    return p;
}

// Node A of A, B, C is alone in its view; B and C are silent; the address is free.
GateInput open_gate() {
    GateInput in;
    in.group = "g";
    in.self = node_id(0);
    in.now = MonoTime{} + 100s;
    in.nodes = 3;
    in.deadtime = kDead;
    in.view = View{.id = {.number = 4}, .members = {{node_id(0), {1, 1}}}};
    for (NodeId n : {kB, kC}) {
        GatePeer p;
        p.name = n == kB ? "nodeb" : "nodec";
        p.status.peer = n;
        p.status.hearing = ipc::Hearing::kSilent;
        p.status.judged = true;
        p.status.generation = 7;
        p.report = {.leaving = false, .generation = 7, .state = GroupState::kRunning};
        in.peers.push_back(p);
    }
    in.probes = {quiet(in.now)};
    return in;
}

GatePeer& b(GateInput& in) {
    return in.peers[0];
}
GatePeer& c(GateInput& in) {
    return in.peers[1];
}
void be_heard(GatePeer& p) {
    p.status.hearing = ipc::Hearing::kHeard;
}
void be_deaf(GatePeer& p) {
    be_heard(p);
    p.status.deaf = true;
    p.report->state = GroupState::kStopped;
    p.status.accepted = View{.id = {}, .members = {{p.status.peer, {7, 1}}}};
}

struct Case {
    const char* name;
    std::function<void(GateInput&)> change;
    const char* rule;  // "": open
};

TEST(Gate, Table) {
    const std::vector<Case> cases = {
        {"open", [](GateInput&) {}, ""},
        {"nobody outside",
         [](GateInput& in) {
             in.view.members.push_back({kB, {7, 1}});
             in.view.members.push_back({kC, {7, 1}});
             in.probes.clear();
             be_heard(b(in));
         },
         ""},
        {"still runs Heartbeat", [](GateInput& in) { b(in).old_heartbeat = true; }, "G11"},
        {"still runs Heartbeat, and is not judged",
         [](GateInput& in) {
             b(in).old_heartbeat = true;
             b(in).status.judged = false;
         },
         "G11"},
        {"listened for less than d", [](GateInput& in) { in.listens_since = in.now - kDead + 1ms; },
         "G11"},
        {"listened for d", [](GateInput& in) { in.listens_since = in.now - kDead; }, ""},
        {"not judged", [](GateInput& in) { b(in).status.judged = false; }, "G1"},
        {"heard", [](GateInput& in) { be_heard(b(in)); }, "G2"},
        {"deaf, alone, stopped", [](GateInput& in) { be_deaf(b(in)); }, ""},
        {"deaf but runs it",
         [](GateInput& in) {
             be_deaf(b(in));
             b(in).report->state = GroupState::kRunning;
         },
         "G2"},
        {"deaf but our lease is good",
         [](GateInput& in) {
             be_deaf(b(in));
             b(in).lease_over = false;
         },
         "G2"},
        {"deaf but not alone",
         [](GateInput& in) {
             be_deaf(b(in));
             b(in).status.accepted->members.push_back({kC, {7, 1}});
         },
         "G2"},
        {"C, in our view, hears B",
         [](GateInput& in) {
             in.view.members.push_back({kC, {7, 1}});
             be_heard(c(in));
             c(in).status.hears = {kB};
         },
         "G3"},
        {"B's view of several decides",
         [](GateInput& in) {
             be_heard(b(in));
             b(in).status.connected = true;
             b(in).status.accepted = View{.id = {}, .members = {{kB, {}}, {kC, {}}}};
         },
         "G4"},
        {"B kept it in maintenance", [](GateInput& in) { b(in).keeps = true; }, "G10"},
        {"B kept it, and is heard",
         [](GateInput& in) {
             b(in).keeps = true;
             be_heard(b(in));
         },
         "G2"},
        {"B kept it: no device is asked for that",
         [](GateInput& in) { b(in).keeps = b(in).fence_covered = true; }, "G10"},
        {"B kept it, and its watchdog would have fired: it is fed, or rests",
         [](GateInput& in) {
             in.view.members.push_back({kC, {7, 1}});
             in.quorum_applies = true;
             in.watchdog = 1s;
             b(in).lost_since = in.now - 60s;
             b(in).keeps = true;
         },
         "G10"},
        {"B may still be stopping what it has to let go of",
         [](GateInput& in) {
             in.ping_nodes = true;
             in.handover = 5s;
             b(in).lost_since = in.now - 4999ms;
         },
         "L4"},
        {"and nobody knows since when it is lost",
         [](GateInput& in) {
             in.view.members.push_back({kC, {7, 1}});
             in.quorum_applies = true;
             in.handover = 5s;
         },
         "L4"},
        {"B had the time to stop it",
         [](GateInput& in) {
             in.handover = 5s;
             in.view.members.push_back({kC, {7, 1}});
             in.quorum_applies = true;
             b(in).lost_since = in.now - 5s;
         },
         ""},
        {"B may be stopping it, but is known to be off",
         [](GateInput& in) {
             in.handover = 5s;
             in.view.members.push_back({kC, {7, 1}});
             in.quorum_applies = true;
             b(in).fenced_generation = 7;
         },
         ""},
        {"nobody is bound to let go: nothing to wait for", [](GateInput& in) { in.handover = 5s; },
         ""},
        {"B kept it and is known to be off",
         [](GateInput& in) {
             b(in).keeps = true;
             b(in).fenced_generation = 7;
         },
         ""},
        {"not fenced", [](GateInput& in) { b(in).fence_covered = true; }, "G5"},
        {"fenced in an older life",
         [](GateInput& in) {
             b(in).fence_covered = true;
             b(in).fenced_generation = 6;
         },
         "G5"},
        {"fenced",
         [](GateInput& in) {
             b(in).fence_covered = true;
             b(in).fenced_generation = 7;
         },
         ""},
        {"left in order needs no fencing",
         [](GateInput& in) {
             b(in).fence_covered = true;
             b(in).report->leaving = true;
             b(in).report->state = GroupState::kStopped;
         },
         ""},
        {"left, but started again",
         [](GateInput& in) {
             be_heard(b(in));
             b(in).report->leaving = true;
             b(in).report->state = GroupState::kStopped;
             b(in).status.generation = 8;
         },
         "G2"},
        {"left, but somebody answers for the address",
         [](GateInput& in) {
             for (GatePeer& p : in.peers) {
                 p.report->leaving = true;
                 p.report->state = GroupState::kStopped;
             }
             in.probes[0].answered = in.now - 300ms;
         },
         "G8"},
        {"no quorum", [](GateInput& in) { in.quorum_applies = true; }, "G7"},
        {"quorum ignored",
         [](GateInput& in) {
             in.quorum_applies = true;
             in.quorum_ignored = true;
         },
         ""},
        {"isolated", [](GateInput& in) { in.ping_nodes = true; }, "G7"},
        {"ping answered",
         [](GateInput& in) {
             in.ping_nodes = true;
             in.ping_answered = in.now - 100ms;
             in.asked_since = in.now - 500ms;
         },
         ""},
        {"with ping nodes: asked for less than d/2",
         [](GateInput& in) {
             in.ping_nodes = true;
             in.ping_answered = in.now - 100ms;
             in.asked_since = in.now - 499ms;
         },
         "G8"},
        {"answered just now", [](GateInput& in) { in.probes[0].answered = in.now - 1ms; }, "G8"},
        {"answered less than d ago", [](GateInput& in) { in.probes[0].answered = in.now - 999ms; },
         "G8"},
        {"answered d ago", [](GateInput& in) { in.probes[0].answered = in.now - 1s; }, ""},
        {"no window yet", [](GateInput& in) { in.probes[0].window_complete.reset(); }, "G8"},
        {"an old window", [](GateInput& in) { in.probes[0].window_complete = in.now - 401ms; },
         "G8"},
        {"no carrier", [](GateInput& in) { in.probes[0].carrier = false; }, "G8"},
        {"crossing probes", [](GateInput& in) { in.probes[0].crossed = true; }, "G8"},
        {"isolated until a moment ago",
         [](GateInput& in) {
             in.ping_nodes = true;
             in.ping_answered = in.now - 100ms;
             in.pings_whole_since = in.now - 999ms;
             in.asked_since = in.now - 1s;
         },
         "G7"},
        {"silence proves nothing with ping nodes",
         [](GateInput& in) {
             in.ping_nodes = true;
             in.ping_answered = in.now;
             in.asked_since = in.now - 1s;
             in.probes[0].control_heard = false;
         },
         "G8"},
        {"one of two addresses is held",
         [](GateInput& in) {
             in.probes.push_back(in.probes[0]);
             in.probes[1].answered = in.now;
         },
         "G8"},
        {"no address at all", [](GateInput& in) { in.probes.clear(); }, ""},
    };
    for (const Case& k : cases) {
        GateInput in = open_gate();
        k.change(in);
        const GateVerdict v = ask_gate(in, {});
        EXPECT_EQ(v.rule, k.rule) << k.name << ": " << v.reason;
        EXPECT_EQ(v.reason.empty(), v.open()) << k.name;
    }
}

TEST(Gate, StartsOnWeakEvidenceWithoutAControlAndSaysSo) {
    GateInput in = open_gate();
    in.probes[0].control_heard = false;
    const GateVerdict v = ask_gate(in, {});
    EXPECT_TRUE(v.open());
    EXPECT_TRUE(v.weak);
}

TEST(Gate, NamesTheHolder) {
    GateInput in = open_gate();
    in.probes[0].answered = in.now - 1ms;
    in.probes[0].by = MacAddress::parse("52:54:00:12:34:56");
    EXPECT_EQ(ask_gate(in, {}).reason, "address 10.77.0.100 is held by 52:54:00:12:34:56");
}

// Whichever of many addresses is still asked for, the reason is one, and logged once.
TEST(Gate, AsksForManyAddressesInTheSameWords) {
    GateInput in = open_gate();
    in.probes.push_back(quiet(in.now));
    in.probes.push_back(quiet(in.now));
    in.probes[1].where.address = *IpAddress::parse("10.77.0.101");
    in.probes[2].where.address = *IpAddress::parse("10.77.0.102");
    EXPECT_TRUE(ask_gate(in, {}).open());
    for (const std::size_t missing : {0U, 1U, 2U}) {
        GateInput asking = in;
        asking.probes[missing].window_complete.reset();
        EXPECT_EQ(ask_gate(asking, {}).reason, "asking who has 10.77.0.100 and 2 more");
    }
}

}  // namespace
}  // namespace hb::resource
