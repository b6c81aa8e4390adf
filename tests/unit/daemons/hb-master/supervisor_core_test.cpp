#include "daemons/hb-master/supervisor_core.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace hb::master {
namespace {

// One word per action; events only when asked for.
struct Words {
    std::string operator()(const StartProgram& a) const {
        return fmt::format("start {} {}", to_string(a.program), a.respawn);
    }
    std::string operator()(const Connect& a) const {
        return fmt::format("connect {} {}", to_string(a.a), to_string(a.b));
    }
    std::string operator()(const KillProgram& a) const {
        return fmt::format("kill {}", to_string(a.program));
    }
    std::string operator()(const TellStop& a) const {
        return fmt::format("stop {}", to_string(a.program));
    }
    std::string operator()(const StartClient& a) const {
        return fmt::format("start-client {}", a.client);
    }
    std::string operator()(const EndClient& a) const {
        return fmt::format("end-client {}", a.client);
    }
    std::string operator()(const KillGroup& a) const {
        return fmt::format("kill-group {}", a.group);
    }
    std::string operator()(const SuiteReady&) const { return "ready"; }
    std::string operator()(const ResourcesEnded& a) const {
        return a.rest == ResourcesEnded::Rest::kNothing    ? "nothing is left"
               : a.rest == ResourcesEnded::Rest::kNeverRan ? "hb-resource never ran"
                                                           : "something may be left";
    }
    std::string operator()(const SuiteEnded& a) const {
        return fmt::format("ended {}", a.exit_code);
    }
    std::string operator()(const Event&) const { return ""; }
};

using Lines = std::vector<std::string>;
const Exit kKilled{.signalled = true, .code = 9, .text = "killed by signal 9 (Killed)"};
const Exit kEnded{.signalled = false, .code = 0, .text = "exited with return code 0"};

class Supervisor : public testing::Test {
  protected:
    Lines take(std::vector<SupervisorAction> out) {
        Lines lines;
        for (const SupervisorAction& action : out) {
            const std::string line = std::visit(Words{}, action);
            if (!line.empty()) lines.push_back(line);
            if (const Event* event = std::get_if<Event>(&action)) said_.push_back(event->text);
        }
        return lines;
    }
    Lines begin() {
        std::vector<SupervisorAction> out;
        core_.start(now_, out);
        return take(std::move(out));
    }
    Lines feed(const SupervisorInput& input) {
        std::vector<SupervisorAction> out;
        core_.handle(input, now_, out);
        return take(std::move(out));
    }
    // To the core's next deadline, not beyond `most`.
    Lines wait(Duration most) {
        const MonoTime end = now_ + most;
        Lines all;
        while (core_.next_deadline() <= end) {
            now_ = std::max(now_, core_.next_deadline());
            std::vector<SupervisorAction> out;
            core_.on_deadline(now_, out);
            for (std::string& line : take(std::move(out)))
                all.push_back(std::move(line));
        }
        now_ = end;
        return all;
    }
    void all_ready() {
        begin();
        for (const Program p : kStartOrder)
            if ((p != Program::kIpfail || settings_.ipfail) &&
                (p != Program::kFence || settings_.fence))
                feed(ProgramReady{p});
        now_ += 1min;
    }
    void use(SupervisorSettings settings) {
        settings_ = settings;
        core_ = SupervisorCore(std::move(settings));
    }

    MonoTime now_ = MonoTime(1000s);
    SupervisorSettings settings_{.ipfail = true, .deadtime = 800ms};
    SupervisorCore core_{settings_};
    Lines said_;
};

TEST_F(Supervisor, StartsAllInOrderWithTheirChannels) {
    EXPECT_EQ(begin(),
              (Lines{"start hb-comm 1", "start hb-membership 1", "connect hb-membership hb-comm",
                     "start hb-ipfail 1", "connect hb-ipfail hb-membership", "start hb-resource 1",
                     "connect hb-resource hb-comm", "connect hb-resource hb-membership"}));
}

TEST_F(Supervisor, WithoutTheRespawnLineNoIpfail) {
    use({.deadtime = 800ms});
    for (const std::string& line : begin())
        EXPECT_EQ(line.find("ipfail"), std::string::npos) << line;
}

TEST_F(Supervisor, ReadyOnceAllAreThenClients) {
    use({.clients = {{"nobody", "/bin/one"}, {"nobody", "/bin/two"}}, .deadtime = 800ms});
    begin();
    EXPECT_EQ(feed(ProgramReady{Program::kComm}), Lines{});
    EXPECT_EQ(feed(ProgramReady{Program::kResource}), Lines{});
    EXPECT_EQ(feed(ProgramReady{Program::kMembership}),
              (Lines{"ready", "start-client 0", "start-client 1"}));
}

TEST_F(Supervisor, ADeadDaemonIsRespawnedAtOnceWithFreshChannels) {
    all_ready();
    EXPECT_EQ(
        feed(ProgramExited{Program::kComm, kKilled}),
        (Lines{"start hb-comm 2", "connect hb-comm hb-membership", "connect hb-comm hb-resource"}));
    EXPECT_EQ(said_.back(), "hb-comm killed by signal 9 (Killed), respawning it");
}

TEST_F(Supervisor, RepeatedShortLivesBackOffToAnEighthOfDeadtimeForEver) {
    all_ready();
    std::vector<std::int64_t> pauses;
    for (int life = 0; life < 100; ++life) {
        if (feed(ProgramExited{Program::kIpfail, kKilled}).empty()) {
            pauses.push_back(to_ms(core_.next_deadline() - now_));
            EXPECT_FALSE(wait(100ms).empty());
        } else {
            pauses.push_back(0);
        }
    }
    EXPECT_EQ(std::vector(pauses.begin(), pauses.begin() + 8),
              (std::vector<std::int64_t>{0, 0, 10, 20, 40, 80, 100, 100}));
    EXPECT_EQ(pauses.back(), 100);
    // A long life is forgiven.
    feed(ProgramReady{Program::kIpfail});
    now_ += 2s;
    EXPECT_FALSE(feed(ProgramExited{Program::kIpfail, kKilled}).empty());
}

TEST_F(Supervisor, AnUnlistedSystemCallIsNamedAsTheCause) {
    all_ready();
    feed(ProgramExited{Program::kComm,
                       {.signalled = true, .code = 31, .text = "killed by signal 31"}});
    EXPECT_NE(said_.back().find("a system call that is not in its list"), std::string::npos);
}

// docs/protocol.md, section 8: agents of the dead are gone first.
TEST_F(Supervisor, NoNewResourceBeforeUnfinishedCallsAreGone) {
    all_ready();
    feed(CallStarted{500});
    feed(CallStarted{600});
    feed(CallStarted{700});
    feed(CallFinished{600});
    EXPECT_EQ(feed(ProgramExited{Program::kResource, kKilled}),
              (Lines{"kill-group 500", "kill-group 700"}));
    EXPECT_EQ(feed(GroupGone{700}), Lines{});
    EXPECT_EQ(wait(30s), Lines{});
    EXPECT_NE(said_.back().find("1 unfinished resource operation of the dead"), std::string::npos);
    EXPECT_EQ(feed(GroupGone{500}), (Lines{"start hb-resource 2", "connect hb-resource hb-comm",
                                           "connect hb-resource hb-membership"}));
}

TEST_F(Supervisor, BothDeadMembershipIsFirst) {
    all_ready();
    // Back-off holds hb-membership back; hb-resource has to wait for it.
    feed(ProgramExited{Program::kMembership, kKilled});
    feed(ProgramExited{Program::kMembership, kKilled});
    feed(ProgramExited{Program::kMembership, kKilled});
    EXPECT_EQ(feed(ProgramExited{Program::kResource, kKilled}), Lines{});
    const Lines both = wait(1s);
    ASSERT_FALSE(both.empty());
    EXPECT_EQ(both.front(), "start hb-membership 4");
    EXPECT_NE(std::ranges::find(both, "start hb-resource 2"), both.end());
    EXPECT_EQ(both.back(), "connect hb-resource hb-membership");
}

TEST_F(Supervisor, ADaemonThatHangsAtItsStartIsReplaced) {
    begin();
    feed(ProgramReady{Program::kComm});
    feed(ProgramReady{Program::kMembership});
    feed(ProgramReady{Program::kIpfail});
    EXPECT_EQ(wait(59s), Lines{});
    EXPECT_EQ(wait(2s), (Lines{"kill hb-resource"}));
}

TEST_F(Supervisor, TheFaultyIsKilledNotWhoFoundIt) {
    all_ready();
    EXPECT_EQ(feed(FaultFound{Program::kComm, Program::kMembership, "malformed"}),
              (Lines{"kill hb-comm"}));
    EXPECT_EQ(said_.back(), "hb-comm is killed and respawned: hb-membership found: malformed");
    // Whoever accuses a stranger is at fault.
    EXPECT_EQ(feed(FaultFound{Program::kResource, Program::kIpfail, "?"}),
              (Lines{"kill hb-ipfail"}));
    EXPECT_EQ(feed(FaultFound{Program::kMaster, Program::kComm, "?"}), (Lines{"kill hb-comm"}));
}

TEST_F(Supervisor, AStartWithoutPrivilegesIsGivenUp) {
    begin();
    const Lines lines =
        feed(ProgramExited{Program::kComm, {.code = 4, .text = "exited with return code 4"}});
    EXPECT_EQ(lines, (Lines{"stop hb-resource"}));
    // It ran, and said nothing: what a suite before us left may still be here.
    EXPECT_EQ(feed(ProgramExited{Program::kResource, kEnded}),
              (Lines{"something may be left", "stop hb-ipfail"}));
    feed(ProgramExited{Program::kIpfail, kEnded});
    EXPECT_EQ(feed(ProgramExited{Program::kMembership, kEnded}), (Lines{"ended 4"}));
}

// ---- the end

TEST_F(Supervisor, TheOrderlyEnd) {
    use({.ipfail = true,
         .clients = {{"nobody", "/bin/one"}, {"nobody", "/bin/two"}},
         .deadtime = 800ms});
    all_ready();
    EXPECT_EQ(feed(StopAsked{}), (Lines{"stop hb-resource"}));
    EXPECT_EQ(feed(StopAsked{}), Lines{});
    EXPECT_EQ(feed(Left{}), Lines{});
    EXPECT_EQ(feed(ProgramExited{Program::kResource, kEnded}),
              (Lines{"nothing is left", "end-client 1"}));
    EXPECT_EQ(feed(ClientExited{1, kKilled}), (Lines{"end-client 0"}));
    EXPECT_EQ(feed(ClientExited{0, kKilled}), (Lines{"stop hb-ipfail"}));
    EXPECT_EQ(feed(ProgramExited{Program::kIpfail, kEnded}), (Lines{"stop hb-membership"}));
    EXPECT_EQ(feed(ProgramExited{Program::kMembership, kEnded}), (Lines{"stop hb-comm"}));
    EXPECT_EQ(feed(ProgramExited{Program::kComm, kEnded}), (Lines{"ended 0"}));
    EXPECT_EQ(core_.next_deadline(), kForever);
}

// What a watchdog goes by.
TEST_F(Supervisor, WhatIsLeftWhenTheResourcesHaveEnded) {
    all_ready();
    feed(StopAsked{});
    feed(Left{.all_stopped = false});
    EXPECT_EQ(feed(ProgramExited{Program::kResource, kEnded}).front(), "something may be left");

    use({.deadtime = 800ms});
    all_ready();
    feed(StopAsked{});
    feed(CallStarted{77});
    feed(Left{});
    // Its last call is not gone yet.
    const Lines ended = feed(ProgramExited{Program::kResource, kKilled});
    EXPECT_EQ(std::ranges::count(ended, "nothing is left"), 0);
    EXPECT_EQ(feed(GroupGone{77}).front(), "nothing is left");

    use({.deadtime = 800ms});
    EXPECT_EQ(feed(StopAsked{}).front(), "hb-resource never ran");
}

TEST_F(Supervisor, UntilItHasLeftEverythingIsRespawned) {
    all_ready();
    feed(StopAsked{});
    EXPECT_EQ(feed(ProgramExited{Program::kComm, kKilled}).front(), "start hb-comm 2");
    EXPECT_EQ(feed(ProgramExited{Program::kResource, kKilled}),
              (Lines{"start hb-resource 2", "connect hb-resource hb-comm",
                     "connect hb-resource hb-membership", "stop hb-resource"}));
    feed(Left{});
    feed(ProgramExited{Program::kResource, kEnded});
    // From here on nobody comes back.
    EXPECT_EQ(feed(ProgramExited{Program::kComm, kKilled}), Lines{});
    EXPECT_EQ(feed(ProgramExited{Program::kIpfail, kEnded}), (Lines{"stop hb-membership"}));
    EXPECT_EQ(feed(ProgramExited{Program::kMembership, kEnded}), (Lines{"ended 0"}));
}

TEST_F(Supervisor, AResourceThatCannotLeaveIsGivenUpLoudly) {
    all_ready();
    feed(StopAsked{});
    for (int death = 1; death < 5; ++death) {
        feed(ProgramExited{Program::kResource, kKilled});
        wait(100ms);
    }
    EXPECT_EQ(feed(ProgramExited{Program::kResource, kKilled}),
              (Lines{"something may be left", "stop hb-ipfail"}));
    EXPECT_NE(std::ranges::find_if(said_,
                                   [](const std::string& s) {
                                       return s.find("dies again and again") != std::string::npos;
                                   }),
              said_.end());
}

TEST_F(Supervisor, ADaemonThatDoesNotEndIsKilled) {
    all_ready();
    feed(StopAsked{});
    feed(Left{});
    feed(ProgramExited{Program::kResource, kEnded});
    EXPECT_EQ(wait(4s), Lines{});
    EXPECT_EQ(wait(2s), (Lines{"kill hb-ipfail"}));
    EXPECT_EQ(feed(ProgramExited{Program::kIpfail, kKilled}), (Lines{"stop hb-membership"}));
}

TEST_F(Supervisor, ASlowStopIsWaitedFor) {
    all_ready();
    feed(StopAsked{});
    // Each call takes its whole minute, for hours: it goes on.
    for (int call = 2; call < 1000; ++call) {
        feed(CallStarted{call});
        EXPECT_EQ(wait(66s), Lines{});
        feed(CallFinished{call});
        EXPECT_EQ(wait(1s), Lines{});
    }
}

TEST_F(Supervisor, AHangingStopIsNotWaitedForForEver) {
    all_ready();
    feed(StopAsked{});
    feed(CallStarted{4711});
    for (int death = 1; death <= 5; ++death) {
        EXPECT_EQ(wait(2min + 1s).back(), "kill hb-resource");
        if (death == 5) break;
        feed(ProgramExited{Program::kResource, kKilled});
        feed(GroupGone{4711});
    }
    EXPECT_EQ(feed(ProgramExited{Program::kResource, kKilled}),
              (Lines{"something may be left", "stop hb-ipfail"}));
}

// ---- clients, as Heartbeat

class Clients : public Supervisor {
  protected:
    void SetUp() override {
        use({.clients = {{"nobody", "/bin/x"}}, .deadtime = 800ms});
        all_ready();
    }
};

TEST_F(Clients, ExitCode100IsTheLast) {
    now_ += 1h;
    EXPECT_EQ(feed(ClientExited{0, {.code = 100, .text = "exited with return code 100"}}), Lines{});
    EXPECT_EQ(wait(24h), Lines{});
    EXPECT_EQ(said_.back(), "Client /bin/x exited with return code 100.");
}

TEST_F(Clients, AfterALongLifeAtOnceAfterAShortOneASecondLater) {
    EXPECT_EQ(feed(ClientExited{0, kEnded}), (Lines{"start-client 0"}));  // lived for a minute
    EXPECT_EQ(feed(ClientExited{0, kEnded}), Lines{});
    EXPECT_EQ(wait(999ms), Lines{});
    EXPECT_EQ(wait(2ms), (Lines{"start-client 0"}));
}

TEST_F(Clients, TheEleventhShortLifeIsTheLast) {
    feed(ClientExited{0, kEnded});
    for (int life = 1; life <= 10; ++life) {
        EXPECT_EQ(feed(ClientExited{0, kKilled}), Lines{});
        EXPECT_EQ(wait(1s), (Lines{"start-client 0"})) << life;
    }
    EXPECT_EQ(feed(ClientExited{0, kKilled}), Lines{});
    EXPECT_EQ(said_.back(), "Client /bin/x \"respawning too fast\"");
    EXPECT_EQ(wait(24h), Lines{});
}

TEST_F(Clients, ALongLifeResetsTheCount) {
    feed(ClientExited{0, kEnded});
    for (int life = 1; life <= 10; ++life) {
        feed(ClientExited{0, kKilled});
        wait(1s);
    }
    now_ += 30s;
    EXPECT_EQ(feed(ClientExited{0, kKilled}), (Lines{"start-client 0"}));
    feed(ClientExited{0, kKilled});
    EXPECT_EQ(wait(1s), (Lines{"start-client 0"}));
}

TEST_F(Clients, NoneIsRespawnedWhileTheSuiteEnds) {
    feed(StopAsked{});
    EXPECT_EQ(feed(ClientExited{0, kEnded}), Lines{});
    EXPECT_EQ(wait(1min), Lines{});
}

TEST_F(Supervisor, HbFenceIsThereWhereADeviceIs) {
    use({.fence = true, .deadtime = 800ms});
    const Lines lines = begin();
    const auto fence = std::ranges::find_if(
        lines, [](const std::string& l) { return l.starts_with("start hb-fence"); });
    const auto resource = std::ranges::find_if(
        lines, [](const std::string& l) { return l.starts_with("start hb-resource"); });
    EXPECT_TRUE(fence < resource && resource != lines.end());
}

TEST_F(Supervisor, AReloadStartsAndEndsTheProgramsOfChangedLinesOnly) {
    use({.clients = {{"root", "one"}, {"root", "two"}}, .deadtime = 10s});
    all_ready();
    std::vector<SupervisorAction> out;
    EXPECT_EQ(core_.set_clients({{"root", "three"}, {"root", "two"}}, now_, out),
              (std::vector<std::size_t>{2, 1}));
    EXPECT_EQ(take(std::move(out)), (Lines{"end-client 0", "start-client 2"}));
    EXPECT_EQ(feed(ClientExited{0, kEnded}), Lines{});
    EXPECT_EQ(wait(1min), Lines{});
    // The same program again is a new line; a line that was given up stays so.
    feed(ClientExited{1, {.code = 100, .text = "exited with return code 100"}});
    out.clear();
    EXPECT_EQ(core_.set_clients({{"root", "one"}, {"root", "two"}, {"root", "three"}}, now_, out),
              (std::vector<std::size_t>{3, 1, 2}));
    EXPECT_EQ(take(std::move(out)), Lines{"start-client 3"});
}

TEST_F(Supervisor, ADaemonThatIsReplacedHasNotFailed) {
    use({.clients = {}, .deadtime = 10s});
    all_ready();
    said_.clear();
    core_.expect_replacement(Program::kComm);
    EXPECT_EQ(feed(ProgramExited{Program::kComm, kKilled}).front(), "start hb-comm 2");
    ASSERT_FALSE(said_.empty());
    EXPECT_EQ(said_.front(), "hb-comm is started anew, with the new settings");
    // The next death is one.
    feed(ProgramReady{Program::kComm});
    feed(ProgramExited{Program::kComm, kKilled});
    EXPECT_EQ(said_.back(), "hb-comm killed by signal 9 (Killed), respawning it");
}

}  // namespace
}  // namespace hb::master
