// The control socket's rules: who may ask what, whose answer it is, who is told.
#include "daemons/hb-membership/control_desk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/limits.hpp"

namespace hb::membership {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

const Identity kUs{.hacluster = 90, .haclient = 91, .lookers = {.uids = {500}, .gids = {600}}};
const Caller kRoot{.pid = 812, .uid = 0, .groups = {0}};
const Caller kMember{.pid = 813, .uid = 1000, .groups = {1000, 91}};
const Caller kHacluster{.pid = 814, .uid = 90, .groups = {5}};
const Caller kLooker{.pid = 816, .uid = 500, .groups = {500}};
const Caller kInLookersGroup{.pid = 817, .uid = 501, .groups = {501, 600}};
const Caller kStranger{.pid = 815, .uid = 1001, .groups = {1001}};

struct Desk : testing::Test {
    template <typename T>
    [[nodiscard]] std::vector<std::pair<ClientId, T>> told() const {
        std::vector<std::pair<ClientId, T>> found;
        for (const DeskAction& a : out)
            if (const auto* to = std::get_if<ToClient>(&a))
                if (const auto* m = std::get_if<T>(&to->message))
                    found.emplace_back(to->client, *m);
        return found;
    }
    [[nodiscard]] std::vector<ipc::Request> requests() const {
        std::vector<ipc::Request> found;
        for (const DeskAction& a : out)
            if (const auto* r = std::get_if<ipc::Request>(&a)) found.push_back(*r);
        return found;
    }
    [[nodiscard]] std::vector<ClientId> dropped() const {
        std::vector<ClientId> found;
        for (const DeskAction& a : out)
            if (const auto* d = std::get_if<DropClient>(&a)) found.push_back(d->client);
        return found;
    }
    void open(ClientId id, const Caller& who) { ASSERT_TRUE(desk.open(id, who, now)); }
    void said(ClientId id, const ipc::ToolToMembership& m) { desk.said(id, m, now, out); }
    void standby(ClientId id, std::uint64_t request) {
        said(id, ipc::AdminRequest{.id = request, .kind = ipc::RequestKind::kStandby});
    }

    MonoTime now{std::chrono::seconds(1000)};
    std::size_t composed = 0;
    ControlDesk desk{kUs,
                     [this](MonoTime) {
                         ++composed;
                         return ClusterStatus{};
                     },
                     [](const std::string& name) -> std::optional<std::string> {
                         if (name != "deadtime") return std::nullopt;
                         return "10";
                     },
                     [](const GroupName& group) -> std::optional<GroupStory> {
                         if (group != "web") return std::nullopt;
                         return GroupStory{.began_ns = 1, .words = {}, .moments = {}};
                     }};
    std::vector<DeskAction> out;
};

TEST(Permissions, PerOperation) {
    struct Case {
        const Caller& who;
        bool look, ask;
    };
    for (const Case& c : {Case{kRoot, true, true}, Case{kMember, true, true},
                          Case{kHacluster, true, false}, Case{kLooker, true, false},
                          Case{kInLookersGroup, true, false}, Case{kStranger, false, false}}) {
        EXPECT_EQ(may_look(c.who, kUs), c.look) << describe(c.who);
        EXPECT_EQ(may_ask(c.who, kUs), c.ask) << describe(c.who);
    }
    EXPECT_EQ(describe(kRoot), "root (pid 812)");
    EXPECT_EQ(describe(kMember), "uid 1000 (pid 813)");
}

TEST_F(Desk, StatusAtOnceWithTheSameId) {
    open(1, kHacluster);
    said(1, ipc::GetStatus{7});
    ASSERT_THAT(told<ipc::Status>(), SizeIs(1));
    EXPECT_EQ(told<ipc::Status>()[0].first, 1u);
    EXPECT_EQ(told<ipc::Status>()[0].second.id, 7u);
}

TEST_F(Desk, ParametersAtOnceWithTheSameId) {
    open(1, kHacluster);
    said(1, ipc::GetParameter{7, "deadtime"});
    said(1, ipc::GetParameter{8, "logfile"});
    ASSERT_THAT(told<ipc::Parameter>(), SizeIs(2));
    EXPECT_EQ(told<ipc::Parameter>()[0].second, (ipc::Parameter{7, "10"}));
    EXPECT_EQ(told<ipc::Parameter>()[1].second, (ipc::Parameter{8, std::nullopt}));
}

TEST_F(Desk, TheHistoryOfAGroupAtOnceWithTheSameId) {
    open(1, kHacluster);
    said(1, ipc::GetWhy{7, "web"});
    said(1, ipc::GetWhy{8, "other"});
    ASSERT_THAT(told<ipc::Why>(), SizeIs(2));
    EXPECT_EQ(told<ipc::Why>()[0].second.id, 7u);
    EXPECT_TRUE(told<ipc::Why>()[0].second.story);
    EXPECT_EQ(told<ipc::Why>()[1].second, (ipc::Why{8, std::nullopt}));
}

TEST_F(Desk, TheLogLevelIsAnsweredWhenEverybodyHasIt) {
    open(1, kHacluster);
    open(2, kMember);
    said(1, ipc::LogLevelRequest{.id = 3, .level = 1});
    ASSERT_THAT(told<ipc::AdminAnswer>(), SizeIs(1));
    EXPECT_FALSE(told<ipc::AdminAnswer>()[0].second.ok) << "it may look only";
    out.clear();
    said(2, ipc::LogLevelRequest{.id = 4, .level = 1});
    ASSERT_THAT(out, SizeIs(1));
    EXPECT_EQ(std::get<ipc::SetLogLevel>(out[0]), (ipc::SetLogLevel{1, "uid 1000 (pid 813)"}));
    out.clear();
    desk.log_level_is(1, out);
    ASSERT_THAT(told<ipc::AdminAnswer>(), SizeIs(1));
    EXPECT_EQ(told<ipc::AdminAnswer>()[0].first, 2u);
    EXPECT_EQ(told<ipc::AdminAnswer>()[0].second,
              (ipc::AdminAnswer{4, true, "debug level 1: lines for debugging are logged", {}}));
    out.clear();
    desk.log_level_is(0, out);
    EXPECT_THAT(out, IsEmpty()) << "a signal: nobody asked";
    said(1, ipc::LogLevelRequest{.id = 5, .level = std::nullopt});
    EXPECT_EQ(told<ipc::AdminAnswer>()[0].second.id, 5u);
}

TEST_F(Desk, StrangersAreNotLetIn) {
    EXPECT_FALSE(desk.open(1, kStranger, now));
    said(1, ipc::GetStatus{1});
    EXPECT_THAT(out, IsEmpty());
}

TEST_F(Desk, PlacesAreBoundedAndRootKeepsTwo) {
    ClientId id = 0;
    for (std::size_t i = 0; i < limits::kControlClients - ControlDesk::kForRoot; ++i)
        open(++id, kMember);
    EXPECT_FALSE(desk.open(++id, kMember, now));
    open(++id, kRoot);
    open(++id, kRoot);
    EXPECT_FALSE(desk.open(++id, kRoot, now));
    desk.closed(1);
    open(++id, kRoot);
}

TEST_F(Desk, SubscribersAreToldOfChangesButNotTooOften) {
    open(1, kMember);
    open(2, kMember);
    said(1, ipc::Subscribe{.id = 5, .status = true});
    ASSERT_THAT(told<ipc::Status>(), SizeIs(1));
    EXPECT_EQ(told<ipc::Status>()[0].second.id, 5u);
    out.clear();
    desk.changed(now);
    EXPECT_EQ(desk.next_deadline(), now);
    desk.on_deadline(now, out);
    ASSERT_THAT(told<ipc::Status>(), SizeIs(1));
    EXPECT_EQ(told<ipc::Status>()[0].second.id, 0u);
    for (int i = 0; i < 10; ++i) {
        now += 1ms;
        desk.changed(now);
        desk.on_deadline(now, out);
    }
    EXPECT_THAT(told<ipc::Status>(), SizeIs(1));
    now = desk.next_deadline();
    desk.on_deadline(now, out);
    EXPECT_THAT(told<ipc::Status>(), SizeIs(2));
    EXPECT_THAT(told<ipc::EventNote>(), IsEmpty());
}

TEST_F(Desk, ChangesAreLookedAtAlsoWhenNobodyListens) {
    desk.changed(now);
    desk.on_deadline(now, out);
    EXPECT_EQ(composed, 1u);
}

TEST_F(Desk, EventsForThoseWhoAsked) {
    open(1, kMember);
    open(2, kMember);
    said(1, ipc::Subscribe{.id = 1, .events = true});
    desk.tell(Event{"node-dead", Level::kWarn, "node node2: is dead", {}}, out);
    ASSERT_THAT(told<ipc::EventNote>(), SizeIs(1));
    EXPECT_EQ(told<ipc::EventNote>()[0].first, 1u);
    said(1, ipc::Subscribe{.id = 2});
    out.clear();
    desk.tell(Event{"node-dead", Level::kWarn, "node node2: is dead", {}}, out);
    EXPECT_THAT(out, IsEmpty());
}

TEST_F(Desk, RequestsGoOnWithOurIdsAndTheCallersName) {
    desk.resource_here();
    open(1, kRoot);
    open(2, kMember);
    standby(1, 9);
    said(2, ipc::AdminRequest{.id = 9,
                              .kind = ipc::RequestKind::kTakeover,
                              .scope = ipc::Scope::kGroup,
                              .group = "10.0.0.1"});
    ASSERT_THAT(requests(), SizeIs(2));
    const auto asked = requests();
    EXPECT_NE(asked[0].id, asked[1].id);
    EXPECT_EQ(asked[0].who, "root (pid 812)");
    EXPECT_EQ(asked[1].kind, ipc::RequestKind::kTakeover);
    EXPECT_EQ(asked[1].scope, ipc::Scope::kGroup);
    EXPECT_EQ(asked[1].group, "10.0.0.1");
    out.clear();
    desk.answered({asked[1].id, true, "done"}, out);
    desk.answered({asked[1].id, true, "twice"}, out);
    ASSERT_THAT(told<ipc::AdminAnswer>(), SizeIs(1));
    EXPECT_EQ(told<ipc::AdminAnswer>()[0].first, 2u);
    EXPECT_EQ(told<ipc::AdminAnswer>()[0].second, (ipc::AdminAnswer{9, true, "done"}));
}

TEST_F(Desk, RefusesAtOnce) {
    open(1, kHacluster);
    open(2, kRoot);
    standby(1, 1);
    standby(2, 2);
    ASSERT_THAT(told<ipc::AdminAnswer>(), SizeIs(2));
    EXPECT_FALSE(told<ipc::AdminAnswer>()[0].second.ok) << "hacluster may look only";
    EXPECT_FALSE(told<ipc::AdminAnswer>()[1].second.ok) << "no hb-resource";
    EXPECT_EQ(told<ipc::AdminAnswer>()[1].second.id, 2u);
    EXPECT_THAT(requests(), IsEmpty());
}

TEST_F(Desk, NobodyAsksTooMuchAtOnce) {
    desk.resource_here();
    open(1, kRoot);
    for (std::uint64_t i = 0; i <= ControlDesk::kRequestsAtOnce; ++i)
        standby(1, i);
    EXPECT_THAT(requests(), SizeIs(ControlDesk::kRequestsAtOnce));
    ASSERT_THAT(told<ipc::AdminAnswer>(), SizeIs(1));
    desk.answered({requests()[0].id, true, ""}, out);
    out.clear();
    standby(1, 99);
    EXPECT_THAT(requests(), SizeIs(1));
}

TEST_F(Desk, TheDeathOfHbResourceIsAnAnswer) {
    desk.resource_here();
    open(1, kRoot);
    open(2, kRoot);
    standby(1, 4);
    standby(2, 5);
    desk.closed(2);
    const auto asked = requests();
    out.clear();
    desk.resource_gone(out);
    ASSERT_THAT(told<ipc::AdminAnswer>(), SizeIs(1));
    EXPECT_EQ(told<ipc::AdminAnswer>()[0].second,
              (ipc::AdminAnswer{4, false, "hb-resource died; ask again"}));
    out.clear();
    desk.answered({asked[0].id, true, "late"}, out);
    EXPECT_THAT(out, IsEmpty());
}

TEST_F(Desk, WhoAsksForNothingIsDropped) {
    desk.resource_here();
    open(1, kRoot);
    open(2, kRoot);
    open(3, kRoot);
    said(2, ipc::Subscribe{.id = 1, .events = true});
    standby(3, 1);
    EXPECT_EQ(desk.next_deadline(), now + ControlDesk::kIdle);
    now += ControlDesk::kIdle;
    desk.on_deadline(now, out);
    EXPECT_THAT(dropped(), testing::ElementsAre(1));
    EXPECT_EQ(desk.next_deadline(), kForever);
}

TEST_F(Desk, AReloadIsHbMastersAffair) {
    open(1, kMember);
    open(2, kHacluster);
    said(1, ipc::ReloadWanted{7, true});
    said(2, ipc::ReloadWanted{8, false});
    const auto* asked = std::get_if<ipc::ReloadRequest>(&out.front());
    ASSERT_NE(asked, nullptr);
    EXPECT_TRUE(asked->dry_run);
    EXPECT_EQ(asked->who, "uid 1000 (pid 813)");
    auto answers = told<ipc::ReloadDone>();
    ASSERT_THAT(answers, SizeIs(1));  // who may look only
    EXPECT_EQ(answers[0].first, 2U);
    EXPECT_FALSE(answers[0].second.outcome.ok);

    const std::uint64_t ours = asked->id;
    out.clear();
    desk.resource_gone(out);  // not hb-resource's
    EXPECT_THAT(out, IsEmpty());
    desk.reloaded({ours, {.ok = true, .text = "1 change", .changes = {}, .findings = {}}}, out);
    desk.reloaded({ours, {}}, out);  // nobody's any more
    answers = told<ipc::ReloadDone>();
    ASSERT_THAT(answers, SizeIs(1));
    EXPECT_EQ(answers[0].first, 1U);
    EXPECT_EQ(answers[0].second.id, 7U);
    EXPECT_TRUE(answers[0].second.outcome.ok);
}

}  // namespace
}  // namespace hb::membership
