// When the watchdog device may be fed.
#include "daemons/hb-master/watchdog_core.hpp"

#include <gtest/gtest.h>

#include "common/base/watchdog_times.hpp"

namespace hb::master {
namespace {

constexpr MonoTime kStart = MonoTime{} + 100s;
constexpr Program kAll[] = {Program::kComm, Program::kMembership, Program::kResource};

class WatchdogTest : public ::testing::Test {
  protected:
    // A report of each holds for 1 s; the first are waited for for 5 s.
    WatchdogCore core_{1s, 5s, kStart};
    MonoTime now_ = kStart;
    std::vector<Event> events_;

    bool fed() {
        events_.clear();
        return core_.may_feed(now_, events_);
    }
    void all_report() {
        for (const Program program : kAll)
            core_.report(program, true, now_);
    }
    std::string said() const { return events_.empty() ? std::string() : events_.front().text; }
};

TEST_F(WatchdogTest, first_reports_are_waited_for_and_no_longer) {
    now_ += 4999ms;
    EXPECT_TRUE(fed());
    now_ += 1ms;
    EXPECT_FALSE(fed());
    EXPECT_NE(said().find("hb-comm has not reported"), std::string::npos) << said();
    EXPECT_NE(said().find("hb-membership has not reported"), std::string::npos);
    EXPECT_NE(said().find("this host will be reset"), std::string::npos);
}

TEST_F(WatchdogTest, the_first_report_ends_the_longer_wait) {
    all_report();
    now_ += 1s;
    EXPECT_FALSE(fed());
}

TEST_F(WatchdogTest, each_of_them_has_to_report) {
    for (const Program missing : kAll) {
        SCOPED_TRACE(to_string(missing));
        all_report();
        now_ += 900ms;
        for (const Program program : kAll)
            if (program != missing) core_.report(program, true, now_);
        EXPECT_TRUE(fed());
        now_ += 100ms;
        EXPECT_FALSE(fed());
        EXPECT_NE(said().find(std::string(to_string(missing)) + " has not reported for 1000 ms"),
                  std::string::npos)
            << said();
    }
}

TEST_F(WatchdogTest, says_it_once_and_says_when_it_is_over) {
    all_report();
    now_ += 1500ms;
    EXPECT_FALSE(fed());
    EXPECT_EQ(events_.size(), 1U);
    EXPECT_FALSE(fed());
    EXPECT_TRUE(events_.empty());
    now_ += 250ms;
    all_report();
    EXPECT_TRUE(fed());
    EXPECT_EQ(said(), "the watchdog is fed again, after 250 ms");
    EXPECT_TRUE(fed());
    EXPECT_TRUE(events_.empty());
}

TEST_F(WatchdogTest, who_is_not_well_is_believed_at_once) {
    all_report();
    core_.report(Program::kResource, false, now_);
    EXPECT_FALSE(fed());
    EXPECT_NE(said().find("hb-resource could not let go of what it had to"), std::string::npos);
    core_.report(Program::kResource, true, now_);
    EXPECT_TRUE(fed());
}

TEST_F(WatchdogTest, others_do_not_count) {
    all_report();
    core_.report(Program::kIpfail, false, now_);
    EXPECT_TRUE(fed());
}

struct DeviceRow {
    DeviceFacts device;
    const char* problem;  // in its words; nullptr: none
};

TEST(WatchdogDevices, that_are_not_as_they_should_be) {
    for (const auto& [device, problem] : {
             DeviceRow{{.identity = "good", .timeout = 31s}, nullptr},
             DeviceRow{{.identity = "shorter", .timeout = 10s}, nullptr},
             DeviceRow{{.identity = "longer", .timeout = 60s}, "should be 31s, and is 60s"},
             DeviceRow{{.identity = "fixed", .timeout = 60s, .refusal = "it cannot be set"},
                       ": it cannot be set"},
             DeviceRow{{.identity = "silent"}, "the device does not say what it is"},
             DeviceRow{{.identity = "hasty", .timeout = 1s}, "too short"},
             DeviceRow{{.identity = "dies along", .timeout = 31s, .stays_armed = false},
                       "a crash of hb-master resets nothing"},
         }) {
        SCOPED_TRACE(device.identity);
        const std::vector<std::string> found = problems_of(device, 30s);
        ASSERT_EQ(found.size(), problem == nullptr ? 0U : 1U);
        if (problem != nullptr) {
            EXPECT_NE(found[0].find(problem), std::string::npos) << found[0];
        }
    }
}

TEST(WatchdogTimes, follow_from_deadtime) {
    EXPECT_EQ(watchdog_timeout(30s), 31s);  // as Heartbeat
    EXPECT_EQ(watchdog_timeout(5s), 6s);
    EXPECT_EQ(watchdog_timeout(100ms), 1s);
    EXPECT_EQ(watchdog_report_interval(1s), 125ms);
    EXPECT_EQ(watchdog_report_interval(20ms), 5ms);
    EXPECT_EQ(watchdog_report_interval(60s), 1s);
    for (const Duration deadtime : {Duration(20ms), Duration(1s), Duration(30s)}) {
        // Several reports in the time that one holds.
        EXPECT_GE(watchdog_report_limit(deadtime), 4 * watchdog_report_interval(deadtime));
        // A feed goes astray, and the device is still fed in time.
        EXPECT_GE(watchdog_timeout(deadtime), 4 * watchdog_report_interval(deadtime));
        EXPECT_GT(watchdog_surely_fired(deadtime),
                  watchdog_report_limit(deadtime) + watchdog_timeout(deadtime));
    }
}

}  // namespace
}  // namespace hb::master
