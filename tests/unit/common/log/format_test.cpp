#include "common/log/format.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <set>
#include <string>

namespace hb::log {
namespace {

class Lines : public testing::Test {
  protected:
    void SetUp() override {
        ::setenv("TZ", "UTC", 1);
        ::tzset();
    }
    // 2026-11-06 07:52:21 UTC: a day of one digit, which syslog pads with a blank.
    LineContext context_{.daemon = "hb-membership",
                         .host = "node1",
                         .pid = 3688,
                         .seconds = 1793951541,
                         .nanoseconds = 123456789};
};

TEST_F(Lines, EveryLevelHasItsWordAndPriority) {
    struct Row {
        Level level;
        const char* word;
        int priority;
    };
    for (const Row& row : {Row{Level::kDebug, "debug", 7}, Row{Level::kInfo, "info", 6},
                           Row{Level::kNotice, "notice", 5}, Row{Level::kWarn, "WARN", 4},
                           Row{Level::kError, "ERROR", 3}, Row{Level::kCrit, "CRIT", 2}}) {
        EXPECT_STREQ(level_word(row.level), row.word);
        EXPECT_EQ(syslog_priority(row.level), row.priority);
    }
}

TEST_F(Lines, Shapes) {
    const Event event{.id = "node-dead", .level = Level::kWarn, .text = "node node2: is dead"};
    EXPECT_EQ(stderr_line(event, context_),
              "07:52:21.123456 hb-membership[3688]: WARN: node node2: is dead");
    EXPECT_EQ(syslog_style_line(event, context_),
              "Nov  6 07:52:21 node1 hb-membership: [3688]: WARN: node node2: is dead");
    EXPECT_EQ(classic_line(event, context_),
              "hb-membership[3688]: 2026/11/06_07:52:21 WARN: node node2: is dead");
}

TEST_F(Lines, JournalFields) {
    const Event event{.id = "node-dead",
                      .level = Level::kWarn,
                      .text = "node node2: is dead",
                      .fields = {{"HB_NODE", "node2"}, {"_PID", "1"}, {"bad name", "x"}}};
    EXPECT_EQ(journal_datagram(event, context_, 3),
              "MESSAGE=node node2: is dead\nPRIORITY=4\nSYSLOG_IDENTIFIER=hb-membership\n"
              "SYSLOG_PID=3688\nSYSLOG_FACILITY=3\nHB_EVENT=node-dead\nMESSAGE_ID=" +
                  message_id("node-dead") + "\nHB_NODE=node2\n");
    EXPECT_EQ(journal_datagram(event, context_, -1).find("FACILITY"), std::string::npos);
}

TEST_F(Lines, OneEventIsOneLineWhateverIsInIt) {
    const Event event{.id = "x",
                      .level = Level::kInfo,
                      .text = "a\nPRIORITY=0\tb\x7f",
                      .fields = {{"HB_REASON", "c\nd"}}};
    EXPECT_EQ(journal_datagram(event, context_, -1).substr(0, 24), "MESSAGE=a PRIORITY=0 b \n");
    EXPECT_NE(journal_datagram(event, context_, -1).find("HB_REASON=c d\n"), std::string::npos);
    EXPECT_EQ(one_line(std::string(2000, 'x')).size(), 1000u);
}

TEST(MessageIds, AreStableAndApart) {
    // Written into journal catalogues: it must never change.
    EXPECT_EQ(message_id("node-dead"), message_id("node-dead"));
    EXPECT_EQ(message_id("").size(), 32u);
    std::set<std::string> ids;
    for (int i = 0; i < 1000; ++i)
        ids.insert(message_id("event-" + std::to_string(i)));
    EXPECT_EQ(ids.size(), 1000u);
}

TEST(Facilities, Names) {
    EXPECT_EQ(syslog_facility("daemon"), 3);
    EXPECT_EQ(syslog_facility("local0"), 16);
    EXPECT_EQ(syslog_facility("local7"), 23);
    EXPECT_EQ(syslog_facility("none"), -1);
    EXPECT_EQ(syslog_facility("locale"), -1);
}

}  // namespace
}  // namespace hb::log
