// What a GroupRunner does when a resource fails while its group runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/daemons/hb-resource/runner_story.hpp"

namespace hb::resource {
namespace {

using test::Story;
using testing::Contains;
using testing::HasSubstr;

const RunnerResource kTrusted{.word = {}, .monitor = {.interval = 10s, .trusted = true}};
const RunnerResource kScript{.word = {}, .monitor = {.interval = 10s, .trusted = false}};
const RunnerResource kAddress{
    .word = {}, .together = true, .alone = true, .monitor = {.interval = 10s, .trusted = true}};
const RunnerResource kUnwatched{.word = {}, .monitor = {}};

struct Row {
    const char* name;
    std::vector<RunnerResource> resources;
    unsigned restarts;
    std::vector<std::pair<const char*, const char*>> lines;
};

const Row kRows[] = {
    {"what runs is asked again and again",
     {kTrusted},
     2,
     {{"start", "start a"},
      {"a ok", "= running after start, next in 10s"},
      {"wait", "status a"},
      {"a running", "next in 10s"},
      {"wait", "status a"},
      {"a ok", "next in 10s"}}},
    {"what was found running is believed at once",
     {kScript},
     2,
     {{"ask", "status a"},
      {"a running", "= running, next in 10s"},
      {"wait", "status a"},
      {"a not-running", "! a failed (not running), restarted 1 of 2 times, stop a"}}},
    {"what something happened to is asked at once",
     {kTrusted, kUnwatched},
     2,
     {{"look a", ""},
      {"start", "start a"},
      {"look a", ""},
      {"a ok", "start b"},
      {"b ok", "= running after start, next in 10s"},
      {"look b", "next in 10s"},
      {"look a", "status a"},
      {"look a", ""},
      {"a running", "next in 0s"},
      {"wait", "status a"},
      {"a not-running", "! a failed (not running), restarted 1 of 2 times, stop b"},
      {"look a", ""},
      {"b ok", "stop a"}}},
    {"nothing is asked with monitor off",
     {kUnwatched},
     2,
     {{"start", "start a"}, {"a ok", "= running after start"}}},
    {"the repair of what was found in part ends in a stop of all that may be up",
     {kUnwatched, kUnwatched, kUnwatched},
     2,
     {{"ask", "status a"},
      {"a not-running", "status b"},
      {"b not-running", "status c"},
      {"c running", "= partly running"},
      {"start", "start a"},
      {"stop", ""},
      {"a ok", "stop c"},
      {"c ok", "stop b"},
      {"b ok", "stop a"},
      {"a ok", "= stopped"},
      {"start", "start a"},
      {"stop", ""},
      {"a ok", "stop a"},
      {"a ok", "= stopped"}}},
    {"... and so does one that fails",
     {kUnwatched, kUnwatched},
     2,
     {{"ask", "status a"},
      {"a not-running", "status b"},
      {"b running", "= partly running"},
      {"start", "start a"},
      {"a failed", "stop b"},
      {"b ok", "stop a"},
      {"a ok", "= stopped after start"}}},
    {"what fails while left alone is said, again when it changes, and done about at the end",
     {kTrusted, kTrusted},
     2,
     {{"start", "start a"},
      {"a ok", "start b"},
      {"b ok", "= running after start, next in 10s"},
      {"leave-alone on", "next in 10s"},
      {"wait", "status a, status b"},
      {"a not-running", "! a has failed (not running), next in 10s"},
      {"b running", "next in 10s"},
      {"wait", "status a, status b"},
      {"a not-running", "next in 10s"},
      {"b failed", "! b has failed (failed), next in 10s"},
      {"wait", "status a, status b"},
      {"a running", "! b has failed (failed), next in 10s"},
      {"b failed", "next in 10s"},
      {"leave-alone off", "! , next in 0s"},
      {"wait", "status b, next in 10s"},
      {"b failed", "! b failed (failed), restarted 1 of 2 times, stop b"},
      {"b ok", "start b"},
      {"b ok", "= running, next in 10s"}}},
    {"what is found running while left alone is watched, and a stop is a stop",
     {kTrusted},
     2,
     {{"leave-alone on", ""},
      {"ask", "status a"},
      {"a running", "= running, next in 10s"},
      {"wait", "status a"},
      {"a not-running", "! a has failed (not running), next in 10s"},
      {"stop", "stop a"},
      {"a ok", "= stopped"}}},
    {"a failed one is restarted with all that was started after it",
     {kTrusted, kTrusted, kUnwatched},
     2,
     {{"start", "start a"},
      {"a ok", "start b"},
      {"b ok", "start c"},
      {"c ok", "= running after start, next in 10s"},
      {"wait", "status a, status b"},
      {"b not-running", "! b failed (not running), restarted 1 of 2 times, cancel a, stop c"},
      {"c ok", "stop b"},
      {"b ok", "start b"},
      {"b ok", "start c"},
      {"c ok", "= running, next in 10s"}}},
    {"an address is put back alone",
     {kAddress, kAddress, kTrusted},
     2,
     {{"start", "start a, start b"},
      {"a ok", ""},
      {"b ok", "start c"},
      {"c ok", "= running after start, next in 10s"},
      {"wait", "status a, status b, status c"},
      {"a running", "next in 10s"},
      {"b not-running", "! b failed (not running), restarted 1 of 2 times, cancel c, start b"},
      {"b ok", "= running, next in 10s"}}},
    {"an address that cannot be put back undoes the whole group",
     {kAddress, kUnwatched},
     2,
     {{"start", "start a"},
      {"a ok", "start b"},
      {"b ok", "= running after start, next in 10s"},
      {"wait", "status a"},
      {"a failed", "! a failed (failed), restarted 1 of 2 times, start a"},
      {"a failed", "stop b"},
      {"b ok", "stop a"},
      {"a ok", "= stopped after start"}}},
    {"after so many restarts its group is given up",
     {kTrusted, kUnwatched},
     1,
     {{"start", "start a"},
      {"a ok", "start b"},
      {"b ok", "= running after start, next in 10s"},
      {"wait", "status a"},
      {"a not-running", "! a failed (not running), restarted 1 of 1 times, stop b"},
      {"b ok", "stop a"},
      {"a not-running", "start a"},
      {"a ok", "start b"},
      {"b ok", "= running, next in 10s"},
      {"wait", "status a"},
      {"a not-running", "stop b"},
      {"b ok", "stop a"},
      {"a ok", "= stopped after start, worn out"}}},
    {"a restart whose start fails undoes the group",
     {kUnwatched, kTrusted},
     2,
     {{"start", "start a"},
      {"a ok", "start b"},
      {"b ok", "= running after start, next in 10s"},
      {"wait", "status b"},
      {"b not-running", "! b failed (not running), restarted 1 of 2 times, stop b"},
      {"b ok", "start b"},
      {"b failed", "stop b"},
      {"b ok", "stop a"},
      {"a ok", "= stopped after start"}}},
    {"a restart whose stop fails has failed, and nothing left of it is touched",
     {kTrusted, kUnwatched},
     2,
     {{"start", "start a"},
      {"a ok", "start b"},
      {"b ok", "= running after start, next in 10s"},
      {"wait", "status a"},
      {"a not-running", "! a failed (not running), restarted 1 of 2 times, stop b"},
      {"b failed", "next in 1s"},
      {"wait", "stop b"},
      {"b failed", "next in 1s"},
      {"wait", "stop b"},
      {"b failed", "= failed"}}},
    {"who wants to stop does not wait for a status",
     {kUnwatched, kTrusted},
     2,
     {{"start", "start a"},
      {"a ok", "start b"},
      {"b ok", "= running after start, next in 10s"},
      {"wait", "status b"},
      {"stop", "cancel b, stop b"},
      {"b ok", "stop a"},
      {"a ok", "= stopped"}}},
    {"a stop in the first half of a restart goes on to the left",
     {kUnwatched, kTrusted, kUnwatched},
     2,
     {{"start", "start a"},
      {"a ok", "start b"},
      {"b ok", "start c"},
      {"c ok", "= running after start, next in 10s"},
      {"wait", "status b"},
      {"b not-running", "! b failed (not running), restarted 1 of 2 times, stop c"},
      {"stop", ""},
      {"c ok", "stop b"},
      {"b ok", "stop a"},
      {"a ok", "= stopped"}}},
    {"a stop in the second half of a restart lets the call end",
     {kTrusted, kUnwatched},
     2,
     {{"start", "start a"},
      {"a ok", "start b"},
      {"b ok", "= running after start, next in 10s"},
      {"wait", "status a"},
      {"a not-running", "! a failed (not running), restarted 1 of 2 times, stop b"},
      {"b ok", "stop a"},
      {"a ok", "start a"},
      {"stop", ""},
      {"a ok", "stop a"},
      {"a ok", "= stopped"}}},
    {"a stop while an address is put back stops everything",
     {kAddress, kUnwatched},
     2,
     {{"start", "start a"},
      {"a ok", "start b"},
      {"b ok", "= running after start, next in 10s"},
      {"wait", "status a"},
      {"a not-running", "! a failed (not running), restarted 1 of 2 times, start a"},
      {"stop", ""},
      {"a ok", "stop b"},
      {"b ok", "stop a"},
      {"a ok", "= stopped"}}},
    {"a status that does not answer counts when it is the second in a row",
     {kTrusted},
     2,
     {{"start", "start a"},
      {"a ok", "= running after start, next in 10s"},
      {"wait", "status a"},
      {"a timeout", "next in 2s"},
      {"wait", "status a"},
      {"a running", "next in 10s"},
      {"wait", "status a"},
      {"a timeout", "next in 2s"},
      {"wait", "status a"},
      {"a timeout", "! a failed (timed out), restarted 1 of 2 times, stop a"}}},
    {"a script that never says that it runs is left alone",
     {kScript},
     2,
     {{"start", "start a"},
      {"a ok", "= running after start, next in 1s"},
      {"wait", "status a"},
      {"a not-running", "next in 2s"},
      {"wait", "status a"},
      {"a not-running", ""}}},
    {"a script that said it once is believed after its next start",
     {kScript},
     2,
     {{"start", "start a"},
      {"a ok", "= running after start, next in 1s"},
      {"wait", "status a"},
      {"a running", "next in 10s"},
      {"wait", "status a"},
      {"a not-running", "! a failed (not running), restarted 1 of 2 times, stop a"},
      {"a ok", "start a"},
      {"a ok", "= running, next in 10s"},
      {"wait", "status a"},
      {"a not-running", "! a failed (not running), restarted 2 of 2 times, stop a"}}},
    {"a script that was slow to be seen is monitored",
     {kScript},
     2,
     {{"start", "start a"},
      {"a ok", "= running after start, next in 1s"},
      {"wait", "status a"},
      {"a not-running", "next in 2s"},
      {"wait", "status a"},
      {"a running", "next in 10s"},
      {"wait", "status a"},
      {"a not-running", "! a failed (not running), restarted 1 of 2 times, stop a"}}},
};

TEST(GroupRestart, TellsEveryStoryOfTheTable) {
    for (const Row& row : kRows) {
        SCOPED_TRACE(row.name);
        Story story(row.resources, row.restarts);
        for (const auto& [said, heard] : row.lines)
            EXPECT_EQ(story.say(said), heard) << said;
    }
}

TEST(GroupRestart, AUselessStatusIsWarnedOfOnceInALife) {
    Story story({kScript});
    for (int i = 0; i < 2; i++)
        for (const char* words :
             {"start", "a ok", "wait", "a not-running", "wait", "a not-running", "stop", "a ok"})
            story.say(words);
    EXPECT_EQ(std::ranges::count(story.events, "resource-not-monitored", &Event::id), 1);
}

TEST(GroupRestart, RestartsOfLongAgoDoNotCount) {
    GroupMonitor monitor({{.interval = 10s}}, 1, 10min);
    const MonoTime begin{1h};
    EXPECT_TRUE(monitor.may_restart(0, begin));
    EXPECT_FALSE(monitor.may_restart(0, begin + 9min));
    EXPECT_TRUE(monitor.may_restart(0, begin + 10min));
    monitor.forget_restarts();
    EXPECT_TRUE(monitor.may_restart(0, begin + 11min));
}

TEST(GroupRestart, RestartsOfEachResourceAreCountedApart) {
    GroupMonitor monitor({{.interval = 10s}, {.interval = 10s}}, 1, 10min);
    EXPECT_TRUE(monitor.may_restart(0, MonoTime{}));
    EXPECT_TRUE(monitor.may_restart(1, MonoTime{}));
    EXPECT_FALSE(monitor.may_restart(1, MonoTime{}));
}

TEST(GroupRestart, SaysWhatFailedAndHowOften) {
    Story story({kTrusted}, 1);
    for (const char* words :
         {"start", "a ok", "wait", "a not-running", "a ok", "a ok", "wait", "a failed"})
        story.say(words);
    std::vector<std::string> lines;
    for (const Event& event : story.events)
        lines.push_back(event.text);
    EXPECT_THAT(lines, Contains("a has failed (not running): restarting it in place (1 of 1)"));
    EXPECT_THAT(lines,
                Contains("a has failed (failed) and was restarted once: giving up its group"));
    EXPECT_EQ(story.say("a ok"), "= stopped after start, worn out");
    EXPECT_THAT(story.detail, HasSubstr("a: failed, after 1 restart"));
}

TEST(GroupMonitor, OtherIntervalsCountFromNowOn) {
    const MonoTime t = MonoTime{} + 1000s;
    GroupMonitor monitor({{.interval = 10s}, {.interval = 10s}, {.interval = 0s}}, 3, 10min);
    monitor.begin(t, true);
    monitor.configure({{.interval = 2s}, {.interval = 0s}, {.interval = 5s}}, 3, 10min, t + 1s);
    EXPECT_EQ(monitor.next_deadline(), t + 3s);
    EXPECT_EQ(monitor.take_due(t + 3s), (std::vector<std::size_t>{0}));
    EXPECT_EQ(monitor.next_deadline(), t + 6s);  // the third
    EXPECT_EQ(monitor.take_due(t + 6s), (std::vector<std::size_t>{2}));
    EXPECT_EQ(monitor.next_deadline(), kForever);  // the second is not asked any more
}

}  // namespace
}  // namespace hb::resource
