#include "daemons/hb-master/reload_core.hpp"

#include <gmock/gmock.h>

namespace hb::master {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Reload : testing::Test {
    // What was done since the last question, in words.
    std::vector<std::string> did() {
        std::vector<std::string> words;
        for (const ReloadAction& action : std::exchange(out, {})) {
            struct {
                std::string operator()(const SendSettings& a) {
                    return "ask " + to_string(a.program);
                }
                std::string operator()(const SendCommit& a) {
                    return "commit " + to_string(a.program);
                }
                std::string operator()(const SendAbandon& a) {
                    return "abandon " + to_string(a.program);
                }
                std::string operator()(const SettingsInForce&) { return "in force"; }
                std::string operator()(const Replace& a) {
                    return "replace " + to_string(a.program);
                }
                std::string operator()(const KillSlow& a) { return "kill " + to_string(a.program); }
                std::string operator()(const ReloadEnded& a) {
                    return a.ok ? "done" : "refused: " + a.why;
                }
                static std::string to_string(Program p) { return std::string(ipc::to_string(p)); }
            } word;
            words.push_back(std::visit(word, action));
        }
        return words;
    }
    void begin() {
        core.begin({Program::kComm, Program::kMembership, Program::kResource}, replaced, now, out);
        ASSERT_THAT(did(), ElementsAre("ask hb-comm", "ask hb-membership", "ask hb-resource"));
    }
    void all_can() {
        for (const Program p : {Program::kComm, Program::kResource, Program::kMembership})
            core.prepared(p, "", now, out);
    }

    MonoTime now{std::chrono::seconds(1000)};
    std::set<Program> replaced;
    ReloadCore core;
    ReloadCore::Out out;
};

TEST_F(Reload, WhoeverOnlyAsksChangesNothing) {
    for (const char* problem : {"", "g is in maintenance"}) {
        core.ask_only({Program::kComm, Program::kResource}, now, out);
        EXPECT_THAT(did(), ElementsAre("ask hb-comm", "ask hb-resource"));
        core.prepared(Program::kComm, "", now, out);
        core.prepared(Program::kResource, problem, now, out);
        EXPECT_THAT(did(), ElementsAre("abandon hb-comm", "abandon hb-resource",
                                       *problem == 0 ? "done"
                                                     : "refused: hb-resource cannot have it: g is "
                                                       "in maintenance"));
        EXPECT_FALSE(core.busy());
    }
    begin();  // and the next one is a real one
    all_can();
    EXPECT_THAT(did(), ElementsAre("commit hb-resource"));
}

TEST_F(Reload, AllAreAskedThenHbResourceHasItThenTheOthers) {
    begin();
    core.prepared(Program::kComm, "", now, out);
    core.prepared(Program::kResource, "", now, out);
    EXPECT_THAT(did(), IsEmpty());
    EXPECT_FALSE(core.has_new_settings(Program::kResource));
    core.prepared(Program::kMembership, "", now, out);
    EXPECT_THAT(did(), ElementsAre("commit hb-resource"));
    EXPECT_TRUE(core.has_new_settings(Program::kResource));
    EXPECT_FALSE(core.has_new_settings(Program::kComm));
    core.adopted(Program::kResource, now, out);
    EXPECT_THAT(did(), ElementsAre("in force", "commit hb-comm", "commit hb-membership"));
    core.adopted(Program::kMembership, now, out);
    EXPECT_THAT(did(), IsEmpty());
    core.adopted(Program::kComm, now, out);
    EXPECT_THAT(did(), ElementsAre("done"));
    EXPECT_FALSE(core.busy());
    EXPECT_EQ(core.next_deadline(), kForever);
}

TEST_F(Reload, OneThatCannotHaveItEndsItForAll) {
    begin();
    core.prepared(Program::kComm, "", now, out);
    core.prepared(Program::kResource, "no room", now, out);
    EXPECT_THAT(did(),
                ElementsAre("abandon hb-comm", "abandon hb-membership", "abandon hb-resource",
                            "refused: hb-resource cannot have it: no room"));
    core.prepared(Program::kMembership, "", now, out);  // too late
    EXPECT_THAT(did(), IsEmpty());
    begin();
}

TEST_F(Reload, WhoDiesBeforeEndsItForAll) {
    begin();
    core.died(Program::kComm, now, out);
    EXPECT_THAT(did(), ElementsAre("abandon hb-membership", "abandon hb-resource",
                                   "refused: hb-comm died meanwhile"));
}

TEST_F(Reload, WhoDoesNotAnswerEndsItForAll) {
    begin();
    core.prepared(Program::kComm, "", now, out);
    core.prepared(Program::kResource, "", now, out);
    now = core.next_deadline();
    core.on_deadline(now, out);
    EXPECT_EQ(did().back(), "refused: hb-membership does not answer");
}

// What was given up is answered later, and is no answer to the next attempt.
TEST_F(Reload, ALateAnswerBelongsToItsOwnAttempt) {
    begin();
    core.prepared(Program::kComm, "", now, out);
    core.prepared(Program::kResource, "", now, out);
    now = core.next_deadline();
    core.on_deadline(now, out);
    did();
    begin();
    core.prepared(Program::kMembership, "", now, out);  // of the first
    core.prepared(Program::kComm, "", now, out);
    core.prepared(Program::kResource, "", now, out);
    EXPECT_THAT(did(), IsEmpty());
    core.prepared(Program::kMembership, "no room", now, out);
    EXPECT_EQ(did().back(), "refused: hb-membership cannot have it: no room");
}

TEST_F(Reload, HbResourceThatDiesOverItHasItInItsNextLife) {
    begin();
    all_can();
    did();
    core.died(Program::kResource, now, out);
    EXPECT_THAT(did(), ElementsAre("in force", "commit hb-comm", "commit hb-membership"));
}

TEST_F(Reload, WhoWasRespawnedWithTheOldOnesIsReplaced) {
    begin();
    all_can();
    did();
    core.died(Program::kComm, now, out);  // its successor is started before they are in force
    EXPECT_THAT(did(), IsEmpty());
    core.adopted(Program::kResource, now, out);
    EXPECT_THAT(did(), ElementsAre("in force", "kill hb-comm", "commit hb-membership"));
    core.adopted(Program::kMembership, now, out);
    EXPECT_THAT(did(), ElementsAre("done"));
}

TEST_F(Reload, WhoHangsWhenItIsCommittedIsKilled) {
    begin();
    all_can();
    core.adopted(Program::kResource, now, out);
    core.adopted(Program::kMembership, now, out);
    did();
    now = core.next_deadline();
    core.on_deadline(now, out);
    EXPECT_THAT(did(), ElementsAre("kill hb-comm"));
    core.died(Program::kComm, now, out);
    EXPECT_THAT(did(), ElementsAre("done"));
}

TEST_F(Reload, AStopOfTheSuiteEndsWhatIsOnlyPrepared) {
    begin();
    core.stop(out);
    EXPECT_EQ(did().back(), "refused: the suite is stopping");
    all_can();  // late: of the first
    begin();
    all_can();
    did();
    core.stop(out);  // under way: it goes to its end
    EXPECT_THAT(did(), IsEmpty());
    EXPECT_TRUE(core.busy());
}

TEST_F(Reload, WhoIsStartedAnewIsSoWhenAllOthersKnow) {
    replaced = {Program::kComm, Program::kIpfail};  // the latter does not run
    begin();
    all_can();
    core.adopted(Program::kResource, now, out);
    EXPECT_THAT(did(), ElementsAre("commit hb-resource", "in force", "commit hb-membership"));
    core.adopted(Program::kMembership, now, out);
    EXPECT_THAT(did(), ElementsAre("replace hb-comm"));
    core.died(Program::kComm, now, out);
    EXPECT_THAT(did(), IsEmpty());
    core.ready(Program::kComm, out);
    EXPECT_THAT(did(), ElementsAre("done"));
}

TEST_F(Reload, WhoDiedMeanwhileIsNotStartedAnewTwice) {
    replaced = {Program::kComm};
    begin();
    all_can();
    core.adopted(Program::kResource, now, out);
    did();
    core.died(Program::kComm, now, out);  // its successor has them: they are in force
    core.adopted(Program::kMembership, now, out);
    EXPECT_THAT(did(), ElementsAre("done"));
}

}  // namespace
}  // namespace hb::master
