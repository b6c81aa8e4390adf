#include "common/runtime/child_process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hb::runtime {
namespace {

struct Program {
    EventLoop loop;
    std::unique_ptr<ChildProcess> child;
    std::vector<std::string> lines;
    std::optional<ExitStatus> status;

    Result<void> start(const ChildSpec& spec,
                       std::move_only_function<bool(pid_t) noexcept> before = nullptr) {
        auto made = ChildProcess::start(
            loop, spec,
            {.before_exec = std::move(before),
             .on_line = [this](std::string_view line) noexcept { lines.emplace_back(line); },
             .on_exit =
                 [this](const ExitStatus& s) noexcept {
                     status = s;
                     loop.stop();
                 }});
        if (!made) return std::unexpected(made.error());
        child = std::move(*made);
        return {};
    }
    void shell(const std::string& script, ChildSpec spec = {}) {
        spec.argv = {"/bin/sh", "-c", script};
        spec.environment.push_back("PATH=/usr/bin:/bin");
        const auto started = start(spec);
        ASSERT_TRUE(started) << started.error().text;
        loop.run();
    }
};

TEST(ChildProcess, LinesAndExitCode) {
    Program run;
    run.shell("echo one; echo two >&2; printf three; exit 3");
    EXPECT_EQ(run.lines, (std::vector<std::string>{"one", "two", "three"}));
    ASSERT_TRUE(run.status);
    EXPECT_FALSE(run.status->ok());
    EXPECT_EQ(run.status->to_string(), "exited with return code 3");
}

TEST(ChildProcess, KilledByASignal) {
    Program run;
    run.shell("kill -9 $$");
    ASSERT_TRUE(run.status);
    EXPECT_EQ(run.status->to_string(), "killed by signal 9 (Killed)");
}

TEST(ChildProcess, CannotExecuteIsSaid) {
    Program run;
    ASSERT_TRUE(run.start({.argv = {"/nowhere/at/all"}}));
    run.loop.run();
    EXPECT_EQ(run.status->code, 127);
    EXPECT_EQ(
        run.lines,
        (std::vector<std::string>{"cannot execute /nowhere/at/all: No such file or directory"}));
}

TEST(ChildProcess, ReadsWhatItIsGivenAndThenTheEnd) {
    Program run;
    run.shell("cat; echo end", {.input = "ip=10.0.0.2\naction=off\n"});
    EXPECT_EQ(run.lines, (std::vector<std::string>{"ip=10.0.0.2", "action=off", "end"}));
    Program nothing;
    nothing.shell("cat; echo end");
    EXPECT_EQ(nothing.lines, (std::vector<std::string>{"end"}));
}

TEST(ChildProcess, OutputIsBounded) {
    Program run;
    run.shell("i=0; while [ $i -lt 50 ]; do echo 1234567890; i=$((i+1)); done",
              {.most_lines = 3, .line_bytes = 5});
    EXPECT_EQ(run.lines,
              (std::vector<std::string>{"12345", "12345", "12345",
                                        "(more output than is kept: the rest is dropped)"}));
    EXPECT_TRUE(run.status->ok());
}

TEST(ChildProcess, DeadlineEndsTheWholeGroup) {
    Program run;
    // The leader obeys SIGTERM, its child does not.
    run.shell("(trap '' TERM; sleep 1000) & echo $!; wait", {.timeout = 100ms, .grace = 100ms});
    ASSERT_TRUE(run.status);
    EXPECT_TRUE(run.status->timed_out);
    ASSERT_EQ(run.lines.size(), 1u);
}

TEST(ChildProcess, StubbornIsKilledAfterTheGrace) {
    Program run;
    run.shell("trap '' TERM; while :; do sleep 1000; done", {.timeout = 100ms, .grace = 50ms});
    ASSERT_TRUE(run.status);
    EXPECT_EQ(run.status->to_string(), "killed by signal 9 (Killed) after its time was over");
}

TEST(ChildProcess, WhatItLeavesRunningSurvivesAndMayWrite) {
    Program run;
    // Ends when told through a second pipe, after writing to the first output again.
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd go(ends[1]);
    UniqueFd wait_for(ends[0]);
    run.shell("(read line <&5; echo service still writes; echo and again) & echo $!",
              {.fds = {{.fd = wait_for.get(), .as = 5}}});
    EXPECT_TRUE(run.status->ok());
    ASSERT_EQ(run.lines.size(), 1u);
    const pid_t service = std::stoi(run.lines[0]);
    EXPECT_EQ(::kill(service, 0), 0);
    run.child.reset();
    ASSERT_EQ(::write(go.get(), "\n", 1), 1);
    wait_for.reset();
}

TEST(ChildProcess, WhatItLeavesRunningMayWriteWithoutEnd) {
    Program run;
    run.shell("sh -c 'echo $$; exec yes' & sleep 0.2; exit 4");
    ASSERT_TRUE(run.status);
    EXPECT_EQ(run.status->code, 4);
    ASSERT_FALSE(run.lines.empty());
    ::kill(std::stoi(run.lines.front()), SIGKILL);
}

TEST(ChildProcess, DescriptorsAreThoseNamedAndNoOthers) {
    Program run;
    const UniqueFd stray(::open("/dev/full", O_RDONLY));  // without close-on-exec
    const UniqueFd named(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
    run.shell("readlink /proc/$$/fd/*; echo; readlink /proc/$$/fd/3",
              {.fds = {{.fd = named.get(), .as = 3}}});
    ASSERT_FALSE(run.lines.empty());
    EXPECT_EQ(run.lines.back(), "/dev/zero");
    EXPECT_EQ(std::ranges::count(run.lines, "/dev/full"), 0);
    EXPECT_EQ(std::ranges::count(run.lines, "/dev/null"), 1);
}

TEST(ChildProcess, HeldUntilSomebodyKnows) {
    Program run;
    pid_t told = 0;
    ASSERT_TRUE(run.start({.argv = {"/bin/true"}}, [&](pid_t pid) noexcept {
        told = pid;
        return true;
    }));
    EXPECT_EQ(told, run.child->pid());
    run.loop.run();
    EXPECT_TRUE(run.status->ok());
}

TEST(ChildProcess, RefusedBeforeExecRunsNothing) {
    Program run;
    const auto started =
        run.start({.argv = {"/bin/sh", "-c", "echo ran"}}, [](pid_t) noexcept { return false; });
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().text, "refused before it ran");
}

TEST(ChildProcess, IsNotReapedBeforeOnExitIsThrough) {
    EventLoop loop;
    std::unique_ptr<ChildProcess> child;
    pid_t pid = 0;
    bool still_there = false;
    auto made = ChildProcess::start(loop, {.argv = {"/bin/true"}},
                                    {.on_exit = [&](const ExitStatus&) noexcept {
                                        still_there = group_exists(pid);
                                        loop.stop();
                                    }});
    ASSERT_TRUE(made);
    child = std::move(*made);
    pid = child->pid();
    loop.run();
    EXPECT_TRUE(still_there);
    EXPECT_FALSE(group_exists(pid));
}

TEST(ChildProcess, DestructionKills) {
    Program run;
    ASSERT_TRUE(run.start({.argv = {"/bin/sleep", "1000"}}));
    const pid_t pid = run.child->pid();
    run.child.reset();
    for (int i = 0; i < 10000 && ::kill(pid, 0) == 0; ++i)
        run.loop.poll();
    EXPECT_NE(::kill(pid, 0), 0);
    EXPECT_FALSE(run.status);
}

TEST(ReadBudget, EnoughForNowIsEnough) {
    ReadBudget budget;
    const MonoTime start{10s};
    EXPECT_TRUE(budget.spend(ReadBudget::kBytes - 1, start));
    EXPECT_FALSE(budget.spend(1, start + 1ms));
    EXPECT_EQ(budget.resume_at(), start + ReadBudget::kWindow);
    EXPECT_TRUE(budget.spend(1, budget.resume_at()));
}

TEST(ChildProcess, AFloodComesToItsEnd) {
    Program run;
    run.shell("head -c 20000000 /dev/zero; echo; echo the end; exit 7");
    ASSERT_TRUE(run.status);
    EXPECT_EQ(run.status->code, 7);
    ASSERT_EQ(run.lines.size(), 2u);
    EXPECT_EQ(run.lines[0].size(), 1000u) << "one endless line, cut";
    EXPECT_EQ(run.lines[1], "the end");
}

}  // namespace
}  // namespace hb::runtime
