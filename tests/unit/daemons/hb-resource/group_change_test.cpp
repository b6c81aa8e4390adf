// What a GroupRunner does when a reload gives its group other resources.
#include <gtest/gtest.h>

#include "tests/unit/daemons/hb-resource/runner_story.hpp"

namespace hb::resource {
namespace {

using test::Story;

struct Row {
    const char* name;
    std::size_t resources;
    std::vector<std::pair<const char*, const char*>> lines;
};

const Row kRows[] = {
    {"what is new is started where it belongs, the rest is not touched",
     2,
     {{"start", "start a"},
      {"a ok", "start b"},
      {"b ok", "= running after start"},
      {"change aXbY", ""},
      {"complete", "start b"},
      {"b ok", "start d"},
      {"d ok", "= running"},
      {"stop", "stop d"},
      {"d ok", "stop c"},
      {"c ok", "stop b"},
      {"b ok", "stop a"},
      {"a ok", "= stopped"}}},
    {"one that fails undoes all of it",
     2,
     {{"start", "start a"},
      {"a ok", "start b"},
      {"b ok", "= running after start"},
      {"change aXb", ""},
      {"complete", "start b"},
      {"b failed", "stop c"},
      {"c ok", "stop b"},
      {"b ok", "stop a"},
      {"a ok", "= stopped after start"}}},
    {"a stop that comes first stops what stayed",
     2,
     {{"start", "start a"},
      {"a ok", "start b"},
      {"b ok", "= running after start"},
      {"change aX", ""},
      {"stop", "stop b"},
      {"complete", ""},
      {"b ok", "stop a"},
      {"a ok", "= stopped"}}},
    {"a stop that comes in between waits for the start",
     1,
     {{"start", "start a"},
      {"a ok", "= running after start"},
      {"change aXY", ""},
      {"complete", "start b"},
      {"stop", ""},
      {"b ok", "stop c"},
      {"c ok", "stop b"},
      {"b ok", "stop a"},
      {"a ok", "= stopped"}}},
    {"what has less is only watched again",
     3,
     {{"start", "start a"},
      {"a ok", "start b"},
      {"b ok", "start c"},
      {"c ok", "= running after start"},
      {"change ca", ""},
      {"look a", ""},
      {"complete", ""},
      {"complete", ""},
      {"stop", "stop b"},
      {"b ok", "stop a"},
      {"a ok", "= stopped"}}},
    {"of a group that is down nothing is started",
     2,
     {{"change aX", ""},
      {"complete", ""},
      {"ask", "status a"},
      {"a not-running", "status b"},
      {"b not-running", "= stopped"},
      {"start", "start a"},
      {"a ok", "start b"},
      {"b ok", "= running after start"}}},
    {"changed twice, it still knows that it runs",
     1,
     {{"start", "start a"},
      {"a ok", "= running after start"},
      {"change aX", ""},
      {"change aXY", ""},
      {"complete", "start b"},
      {"b ok", "start c"},
      {"c ok", "= running"}}},
};

class GroupChange : public ::testing::TestWithParam<Row> {};

TEST_P(GroupChange, Story) {
    Story story(GetParam().resources);
    for (const auto& [said, heard] : GetParam().lines)
        EXPECT_EQ(story.say(said), heard) << "after " << said;
}

INSTANTIATE_TEST_SUITE_P(Rows, GroupChange, ::testing::ValuesIn(kRows), [](const auto& test) {
    std::string name;
    for (const char c : std::string(test.param.name))
        if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
    return name;
});

TEST(GroupChangeWatch, NothingIsLookedAtUntilTheRestIsThere) {
    Story story(
        std::vector<RunnerResource>{{.word = {}, .monitor = {.interval = 10s, .trusted = true}}});
    story.monitor_what_stays(10s);
    story.say("start");
    EXPECT_EQ(story.say("a ok"), "= running after start, next in 10s");
    EXPECT_EQ(story.say("change aX"), "");
    EXPECT_EQ(story.say("look a"), "");
    EXPECT_EQ(story.say("complete"), "start b");
    EXPECT_EQ(story.say("b ok"), "= running, next in 10s");
}

}  // namespace
}  // namespace hb::resource
