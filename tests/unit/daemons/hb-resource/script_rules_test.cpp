#include "daemons/hb-resource/script_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/config/script_environment.hpp"

namespace hb::resource {
namespace {

using testing::Contains;

struct Row {
    const char* output;
    int code;
    bool running;
    bool stopped;
};

const Row kRows[] = {
    {"OK\n", 0, true, false},
    {"running\n", 0, true, false},
    {"httpd (pid 4711) is running...\n", 0, true, false},
    {"INFO:  Running OK\n", 0, true, false},
    {"Running\n", 1, true, false},  // the exit code does not count
    {"not running\n", 0, false, true},
    {"Not Running\n", 0, false, true},
    {"apache is not running (was OK)\n", 0, false, true},
    {"INFO:  Resource is stopped\n", 7, false, true},
    {"Stopped\n", 0, false, true},
    {"\n", 3, false, true},  // LSB's code says so
    {"", 0, false, false},
    {"", 1, false, false},
    {"Usage: mydb {start|stop}\n", 2, false, false},
    {"ok\n", 0, false, false},
    {"RUNNING\n", 0, false, false},
};

TEST(ScriptRules, ReadAStatusAsHeartbeatDid) {
    for (const Row& row : kRows) {
        SCOPED_TRACE(row.output);
        EXPECT_EQ(says_running(row.output), row.running);
        EXPECT_EQ(says_stopped(row.output, row.code), row.stopped);
    }
}

TEST(ScriptRules, GiveScriptsTheirEnvironment) {
    config::Settings settings;
    settings.nodes = {"node1", "node2"};
    settings.logfile = "/var/log/ha-log";
    settings.raw = {{"keepalive", "500ms"}, {"node", "node1\nnode2"}};
    settings.env = {{"SITE", "north wing"}};
    const auto environment = config::script_environment(settings, node_id(1), "/etc/ha.d");
    for (const char* expected :
         {"HA_CURHOST=node2", "HA_DIR=/etc/ha.d", "HA_FUNCS=/etc/ha.d/shellfuncs",
          "HA_keepalive=500ms", "HA_SITE=north wing", "HA_node=node1 node2",
          "HA_LOGFILE=/var/log/ha-log", "HA_DEBUGLOG=/dev/null",
          "HA_RESOURCEDIR=/etc/ha.d/resource.d", "LC_ALL=C"})
        EXPECT_THAT(environment, Contains(expected));
}

}  // namespace
}  // namespace hb::resource
