#include "daemons/hb-resource/group_runner.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/daemons/hb-resource/runner_story.hpp"

namespace hb::resource {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Outcome = OperationDone::Outcome;
using test::Story;

struct Row {
    const char* name;
    std::size_t resources;
    std::vector<bool> together;
    // pairs: what is said, what is heard
    std::vector<std::pair<const char*, const char*>> lines;
};

const Row kRows[] = {
    {"starts left to right",
     3,
     {},
     {{"start", "start a"},
      {"a ok", "start b"},
      {"b ok", "start c"},
      {"c ok", "= running after start"}}},
    {"stops right to left",
     3,
     {},
     {{"stop", "stop c"}, {"c ok", "stop b"}, {"b not-running", "stop a"}, {"a ok", "= stopped"}}},
    {"a group of one", 1, {}, {{"start", "start a"}, {"a running", "= running after start"}}},
    {"a failed start is undone from the failed one leftwards",
     3,
     {},
     {{"start", "start a"},
      {"a ok", "start b"},
      {"b failed", "stop b"},
      {"b ok", "stop a"},
      {"a ok", "= stopped after start"}}},
    {"a start that ran into its deadline is a failed start",
     2,
     {},
     {{"start", "start a"}, {"a timeout", "stop a"}, {"a ok", "= stopped after start"}}},
    {"a stop during a start lets the call end and starts nothing more",
     3,
     {},
     {{"start", "start a"},
      {"a ok", "start b"},
      {"stop", ""},
      {"b ok", "stop b"},
      {"b ok", "stop a"},
      {"a ok", "= stopped"}}},
    {"a stop during the last start is answered by stopped, never by running",
     1,
     {},
     {{"start", "start a"}, {"stop", ""}, {"a ok", "stop a"}, {"a ok", "= stopped"}}},
    {"a start that fails although its end was asked for still tells that it failed",
     2,
     {},
     {{"start", "start a"},
      {"stop", ""},
      {"a failed", "stop a"},
      {"a ok", "= stopped after start"}}},
    {"a stop while a start is undone changes nothing",
     2,
     {},
     {{"start", "start a"},
      {"a failed", "stop a"},
      {"stop", ""},
      {"a ok", "= stopped after start"}}},
    {"repeated stops are one stop, and one more after the end is another",
     1,
     {},
     {{"stop", "stop a"},
      {"stop", ""},
      {"stop", ""},
      {"a ok", "= stopped"},
      {"stop", "stop a"},
      {"a ok", "= stopped"}}},
    {"a failing stop is tried again, then the group has failed and nothing left of it is touched",
     3,
     {},
     {{"stop", "stop c"},
      {"c ok", "stop b"},
      {"b failed", "next in 1s"},
      {"wait", "stop b"},
      {"b timeout", "next in 1s"},
      {"wait", "stop b"},
      {"b failed", "= failed"}}},
    {"a stop that works at the second try goes on, and the next resource has all its tries",
     2,
     {},
     {{"stop", "stop b"},
      {"b failed", "next in 1s"},
      {"wait", "stop b"},
      {"b ok", "stop a"},
      {"a failed", "next in 1s"},
      {"wait", "stop a"},
      {"a failed", "next in 1s"},
      {"wait", "stop a"},
      {"a ok", "= stopped"}}},
    {"after a failed stop another stop begins again at the right",
     2,
     {},
     {{"stop", "stop b"},
      {"b failed", "next in 1s"},
      {"wait", "stop b"},
      {"b failed", "next in 1s"},
      {"wait", "stop b"},
      {"b failed", "= failed"},
      {"stop", "stop b"},
      {"b ok", "stop a"},
      {"a ok", "= stopped"}}},
    {"a start whose undoing fails has failed",
     2,
     {},
     {{"start", "start a"},
      {"a failed", "stop a"},
      {"a failed", "next in 1s"},
      {"wait", "stop a"},
      {"a failed", "next in 1s"},
      {"wait", "stop a"},
      {"a failed", "= failed after start"}}},
    {"ask: all of it runs",
     2,
     {},
     {{"ask", "status a"}, {"a running", "status b"}, {"b running", "= running"}}},
    {"ask: nothing of it runs",
     2,
     {},
     {{"ask", "status a"}, {"a not-running", "status b"}, {"b not-running", "= stopped"}}},
    {"ask: some of it runs",
     2,
     {},
     {{"ask", "status a"}, {"a running", "status b"}, {"b not-running", "= partly running"}}},
    {"ask: what cannot be asked is never called stopped",
     2,
     {},
     {{"ask", "status a"}, {"a not-running", "status b"}, {"b timeout", "= partly running"}}},
    {"a stop while asking lets the call end, then stops everything",
     2,
     {},
     {{"ask", "status a"},
      {"stop", ""},
      {"a running", "stop b"},
      {"b ok", "stop a"},
      {"a ok", "= stopped"}}},
    {"a start while asking lets the call end, then starts",
     2,
     {},
     {{"ask", "status a"},
      {"start", ""},
      {"a not-running", "start a"},
      {"a ok", "start b"},
      {"b ok", "= running after start"}}},
    {"the last wish while asking counts",
     1,
     {},
     {{"ask", "status a"},
      {"start", ""},
      {"stop", ""},
      {"a not-running", "stop a"},
      {"a ok", "= stopped"}}},
    {"asked while starting, it answers both",
     1,
     {},
     {{"start", "start a"},
      {"ask", ""},
      {"a ok", "= running after start, status a"},
      {"a running", "= running"}}},
    {"asked again after a failed stop (cleanup)",
     1,
     {},
     {{"stop", "stop a"},
      {"a failed", "next in 1s"},
      {"wait", "stop a"},
      {"a failed", "next in 1s"},
      {"wait", "stop a"},
      {"a failed", "= failed"},
      {"ask", "status a"},
      {"a not-running", "= stopped"}}},
    {"neighbours marked together start at once and are waited for",
     4,
     {true, true, false, true},
     {{"start", "start a, start b"},
      {"b ok", ""},
      {"a ok", "start c"},
      {"c ok", "start d"},
      {"d ok", "= running after start"}}},
    {"and stop at once, right to left",
     3,
     {true, true, false},
     {{"stop", "stop c"}, {"c ok", "stop b, stop a"}, {"b ok", ""}, {"a ok", "= stopped"}}},
    {"one of them failing to start undoes all of them",
     3,
     {false, true, true},
     {{"start", "start a"},
      {"a ok", "start b, start c"},
      {"b failed", ""},
      {"c ok", "stop c, stop b"},
      {"b ok", ""},
      {"c ok", "stop a"},
      {"a ok", "= stopped after start"}}},
    {"only those that failed to stop are tried again",
     2,
     {true, true},
     {{"stop", "stop b, stop a"},
      {"a failed", ""},
      {"b ok", "next in 1s"},
      {"wait", "stop a"},
      {"a ok", "= stopped"}}},
};

TEST(GroupRunner, TellsEveryStoryOfTheTable) {
    for (const Row& row : kRows) {
        SCOPED_TRACE(row.name);
        Story story(row.resources, row.together);
        for (const auto& [said, heard] : row.lines)
            EXPECT_EQ(story.say(said), heard) << said;
    }
}

TEST(GroupRunner, GivesEveryCallTheDeadlineOfItsKind) {
    GroupRunner runner({.group = "g",
                        .resources = {{.word = "g"}},
                        .start_timeout = 7s,
                        .stop_timeout = 8s,
                        .status_timeout = 9s});
    const auto timeout_of = [&](void (GroupRunner::*begin)(MonoTime, std::vector<RunnerAction>&)) {
        std::vector<RunnerAction> out;
        (runner.*begin)(MonoTime{}, out);
        for (const RunnerAction& action : out)
            if (const auto* run = std::get_if<RunOperation>(&action)) {
                std::vector<RunnerAction> rest;
                runner.handle({run->id, Outcome::kOk, ""}, MonoTime{}, rest);
                return run->timeout;
            }
        return Duration{};
    };
    EXPECT_EQ(timeout_of(&GroupRunner::start), 7s);
    EXPECT_EQ(timeout_of(&GroupRunner::stop), 8s);
    EXPECT_EQ(timeout_of(&GroupRunner::ask), 9s);
}

TEST(GroupRunner, SaysWhichResourceFailedAndWhy) {
    GroupRunner runner(
        {.group = "10.0.0.1", .resources = {{.word = "10.0.0.1"}, {.word = "httpd"}}});
    std::vector<RunnerAction> out;
    runner.start({}, out);
    runner.handle({1, Outcome::kOk, ""}, {}, out);
    runner.handle({2, Outcome::kFailed, "return code 1"}, {}, out);
    runner.handle({3, Outcome::kOk, ""}, {}, out);
    runner.handle({4, Outcome::kOk, ""}, {}, out);
    EXPECT_EQ(std::get<RunnerDone>(out.back()),
              (RunnerDone{"10.0.0.1", RunnerDone::Answer::kStopped, true, false,
                          "httpd: return code 1"}));
}

TEST(GroupRunner, AFailedStopTellsTheReasonOfItsLastTryNotOfTheStart) {
    GroupRunner runner({.group = "fs", .resources = {{.word = "fs"}}, .stop_retries = 1});
    std::vector<RunnerAction> out;
    runner.start({}, out);
    runner.handle({1, Outcome::kFailed, "no such device"}, {}, out);
    runner.handle({2, Outcome::kFailed, "device is busy"}, {}, out);
    runner.on_deadline(runner.next_deadline(), out);
    runner.handle({3, Outcome::kTimeout, "killed after 60s"}, {}, out);
    EXPECT_EQ(std::get<RunnerDone>(out.back()),
              (RunnerDone{"fs", RunnerDone::Answer::kFailed, true, false, "fs: killed after 60s"}));
}

TEST(GroupRunner, LogsTheLinesThatHeartbeatUsersKnow) {
    Story story(2);
    for (const char* words : {"start", "a ok", "b failed", "b failed"})
        story.say(words);
    story.say("wait");
    std::vector<std::string> lines;
    for (const Event& event : story.events)
        lines.push_back(event.text);
    EXPECT_THAT(lines, ElementsAre("Acquiring resource group: node1 a b",
                                   "Giving up resources due to failure of b",
                                   "Releasing resource group: node1 a b",
                                   "Retrying failed stop operation [b]"));
}

TEST(GroupRunner, IgnoresAnswersThatNobodyWaitsFor) {
    GroupRunner runner({.group = "g", .resources = {{.word = "g"}}});
    std::vector<RunnerAction> out;
    runner.handle({1, Outcome::kOk, ""}, {}, out);
    EXPECT_TRUE(out.empty());
    runner.stop({}, out);
    runner.handle({1, Outcome::kOk, ""}, {}, out);
    const std::size_t before = out.size();
    runner.handle({1, Outcome::kFailed, ""}, {}, out);
    EXPECT_EQ(out.size(), before);
}

TEST(GroupRunnerDeathTest, AStartBeforeTheStopWasAnsweredIsOurOwnMistake) {
    GroupRunner runner({.group = "g", .resources = {{.word = "g"}}});
    std::vector<RunnerAction> out;
    runner.stop({}, out);
    EXPECT_DEATH(runner.start({}, out), "last answer is still out");
}

}  // namespace
}  // namespace hb::resource
