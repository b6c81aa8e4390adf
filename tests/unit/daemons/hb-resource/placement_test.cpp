// Rules T3, T4, T5 as tables: everybody's report in, the next row out.
#include "daemons/hb-resource/placement.hpp"

#include <gtest/gtest.h>

namespace hb::resource {
namespace {

constexpr NodeId kA = node_id(0), kB = node_id(1), kC = node_id(2);

Candidate node(NodeId n, GroupState state = GroupState::kStopped, std::uint64_t bar = 0) {
    Candidate c;
    c.node = n;
    c.state = state;
    c.bar = bar;
    return c;
}
Candidate with(Candidate c, bool Candidate::*flag, bool value = true) {
    c.*flag = value;
    return c;
}

Candidate moves(Candidate c, NodeId to) {
    c.move_to = to;
    return c;
}

Candidate sees(Candidate c, Connection connection) {
    c.connection = connection;
    return c;
}
const Connection kCut{.opinion = true, .no_carrier = true, .blind = true},
    kOnePing{.opinion = true, .reached = 1, .sure = 1},
    kTwoPings{.opinion = true, .reached = 2, .sure = 2},
    kUnsurePings{.opinion = true, .reached = 2, .sure = 0};

Candidate better(Candidate c) {
    c.better_reach = "it reaches more ping nodes";
    return c;
}

constexpr int kStays = -1;
struct Case {
    const char* name;
    std::vector<Candidate> members;
    std::optional<Row> row;
    bool auto_failback;
    int owner;  // kStays: no new row
    bool pinned = false;
};

std::vector<Case> cases() {
    const auto run = GroupState::kRunning, start = GroupState::kStarting,
               unk = GroupState::kUnknown, failed = GroupState::kFailed;
    const Row a{.version = 1, .owner = kA}, b{.version = 1, .owner = kB};
    const Row b_pinned{.version = 1, .owner = kB, .pinned = true, .pinned_generation = 5};
    const auto standby = &Candidate::standby, away = &Candidate::move_away,
               sfail = &Candidate::start_failed, wanted = &Candidate::wanted;
    return {
        {"first: cold, preferred", {node(kA), node(kB)}, {}, true, 0},
        {"first: where it runs", {node(kA), node(kB, run)}, {}, true, 1},
        {"first: where it starts", {node(kA), node(kB, start)}, {}, false, 1},
        {"first: both run, preferred", {node(kA, run), node(kB, run)}, {}, true, 0},
        {"first: preferred on standby", {with(node(kA), standby), node(kB)}, {}, true, 1},
        {"first: holder on standby, other eligible",
         {with(node(kA, run), standby), node(kB)},
         {},
         true,
         1},
        {"first: holder on standby, nobody eligible",
         {with(node(kA, run), standby), with(node(kB), sfail)},
         {},
         true,
         0},
        {"first: nobody eligible, nobody holds",
         {with(node(kA), sfail), with(node(kB), sfail)},
         {},
         true,
         kStays},
        {"first: failed blocks", {node(kA), node(kB, failed)}, {}, true, 1},
        {"first: unknown gets nothing", {node(kA, unk), node(kB)}, {}, true, 1},
        {"first: a half done standby stays an explicit move",
         {with(node(kA), away), node(kB, run)},
         {},
         true,
         1,
         true},
        {"stay", {node(kA, run), node(kB)}, a, true, kStays},
        {"stay: older reports of others move nothing", {node(kA), node(kB, run)}, a, false, kStays},
        {"failback", {node(kA), node(kB, run)}, b, true, 0},
        {"failback off", {node(kA), node(kB, run)}, b, false, kStays},
        {"failback: pinned", {node(kA), node(kB, run)}, b_pinned, true, kStays},
        {"failback: start failed there", {with(node(kA), sfail), node(kB, run)}, b, true, kStays},
        {"failback: preferred node is worse off",
         {with(node(kA), &Candidate::no_worse_reach, false), node(kB, run)},
         b,
         true,
         kStays},
        {"failback: preferred node unknown", {node(kA, unk), node(kB, run)}, b, true, kStays},
        {"owner on standby", {with(node(kA, run), standby), node(kB)}, a, true, 1},
        {"owner gives it away: pinned", {with(node(kA, run), away), node(kB)}, a, true, 1, true},
        {"owner on standby, nobody else",
         {with(node(kA, run), standby), with(node(kB), standby)},
         a,
         true,
         kStays},
        {"owner unknown after a respawn keeps it", {node(kA, unk), node(kB)}, a, true, kStays},
        {"start failed: elsewhere", {with(node(kA), sfail), node(kB)}, a, true, 1},
        {"start failed everywhere: the row stays",
         {with(node(kA), sfail), with(node(kB), sfail)},
         a,
         true,
         kStays},
        {"takeover", {node(kA, run), with(node(kB), wanted)}, a, true, 1, true},
        {"takeover by two: no to and fro",
         {with(node(kA), wanted), with(node(kB), wanted), node(kC, run)},
         Row{.version = 2, .owner = kA, .pinned = true, .pinned_generation = 5},
         true,
         kStays},
        {"takeover asked for where it is for another reason: an explicit move all the same",
         {with(node(kA), wanted), node(kB, run)},
         Row{.version = 2, .owner = kA},
         true,
         0,
         true},
        {"moves to each other: one after the other",
         {moves(node(kA), kB), moves(node(kB), kA), node(kC, run)},
         Row{.version = 2, .owner = kA, .pinned = true, .pinned_generation = 5},
         true,
         kStays},
        {"spent: let go by itself", {node(kA, GroupState::kStopped, 1), node(kB)}, a, true, 0},
        {"not spent: bar below the row",
         {node(kA, GroupState::kStopped, 0), node(kB)},
         a,
         true,
         kStays},
        {"failed at the owner: blocked there", {node(kA, failed), node(kB)}, a, true, kStays},
        {"better reach", {node(kA, run), better(node(kB))}, a, false, 1},
        {"better reach, but its start failed",
         {node(kA, run), better(with(node(kB), sfail))},
         a,
         false,
         kStays},
        {"of several better ones the best",
         {node(kA, run), sees(better(node(kB)), kOnePing), sees(better(node(kC)), kTwoPings)},
         a,
         false,
         2},
        {"free: where clients reach it", {sees(node(kA), kCut), node(kB)}, {}, true, 1},
        {"free: nobody is reached", {sees(node(kA), kCut), sees(node(kB), kCut)}, {}, true, 0},
        {"free: where more is reached",
         {sees(node(kA), kOnePing), sees(node(kB), kTwoPings)},
         {},
         true,
         1},
        {"free: where more is surely reached",
         {sees(node(kA), kOnePing), sees(node(kB), kUnsurePings)},
         {},
         true,
         0},
        {"free: without an opinion nobody is worse",
         {node(kA), sees(node(kB), kTwoPings)},
         {},
         true,
         0},
    };
}

TEST(Placement, Table) {
    for (const Case& c : cases()) {
        PlacementInput in;
        in.preferred = kA;
        in.preferred_generation = 5;
        in.members = c.members;
        in.row = c.row;
        in.auto_failback = c.auto_failback;
        const auto p = choose(in, {});
        if (c.owner == kStays) {
            EXPECT_FALSE(p) << c.name << ": got a row for " << rank(p->owner) << ", " << p->reason;
            continue;
        }
        ASSERT_TRUE(p) << c.name;
        EXPECT_EQ(rank(p->owner), static_cast<std::size_t>(c.owner)) << c.name;
        EXPECT_EQ(p->pinned, c.pinned) << c.name;
        EXPECT_FALSE(p->reason.empty()) << c.name;
    }
}

TEST(Placement, ANewerGenerationOfThePreferredNodeEndsAPin) {
    PlacementInput in;
    in.preferred = kA;
    in.preferred_generation = 6;
    in.members = {node(kA), node(kB, GroupState::kRunning)};
    in.row = Row{.version = 1, .owner = kB, .pinned = true, .pinned_generation = 5};
    in.auto_failback = true;
    const auto p = choose(in, {});
    ASSERT_TRUE(p);
    EXPECT_EQ(p->owner, kA);
}

// M1: the row says who has it, and moves for nothing.
TEST(Placement, InMaintenance) {
    const auto run = GroupState::kRunning;
    const Row a{.version = 1, .owner = kA};
    struct {
        const char* name;
        std::vector<Candidate> members;
        std::optional<Row> row;
        int owner;
    } const cases[] = {
        {"nobody has it", {node(kA), node(kB)}, {}, kStays},
        {"it runs there", {node(kA), node(kB, run)}, {}, 1},
        {"it runs there, eligible or not",
         {node(kA), with(node(kB, run), &Candidate::standby)},
         {},
         1},
        {"of two the eligible one",
         {with(node(kA, run), &Candidate::standby), node(kB, run)},
         {},
         1},
        {"owner on standby", {with(node(kA, run), &Candidate::standby), node(kB)}, a, kStays},
        {"owner let go", {node(kA, GroupState::kStopped, 1), node(kB)}, a, kStays},
        {"start failed", {with(node(kA), &Candidate::start_failed), node(kB)}, a, kStays},
        {"wanted elsewhere", {node(kA, run), with(node(kB), &Candidate::wanted)}, a, kStays},
        {"better reach", {node(kA, run), better(node(kB))}, a, kStays},
        {"stop failed elsewhere", {node(kA, run), node(kB, GroupState::kFailed)}, a, 1},
    };
    for (const auto& c : cases) {
        PlacementInput in;
        in.preferred = kA;
        in.members = c.members;
        in.row = c.row;
        in.auto_failback = in.maintenance = true;
        const auto p = choose(in, {});
        EXPECT_EQ(p ? static_cast<int>(rank(p->owner)) : kStays, c.owner) << c.name;
    }
}

TEST(Placement, NotReissuedWhileTheCauseLasts) {
    PlacementInput in;
    in.preferred = kA;
    in.members = {node(kA, GroupState::kStopped, 1), node(kB)};
    in.row = Row{.version = 1, .owner = kA};
    in.may_reissue = false;
    EXPECT_FALSE(choose(in, {}));
}

}  // namespace
}  // namespace hb::resource
