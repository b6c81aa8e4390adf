#include "common/config/parameter.hpp"

#include <gtest/gtest.h>

namespace hb::config {
namespace {

TEST(Parameter, AsWrittenElseTheDefault) {
    Settings settings;
    settings.deadtime = 10s;
    settings.keepalive = 1500us;
    settings.raw = {{"deadtime", "10"}, {"node", "node1\nnode2 node3"}, {"hopfudge", "2"}};
    struct Case {
        std::string_view name;
        std::optional<std::string> value;
    };
    for (const auto& [name, value] : {
             Case{"deadtime", "10"},
             Case{"node", "node1 node2 node3"},
             Case{"hopfudge", "2"},
             Case{"keepalive", "1500us"},
             Case{"warntime", "15000ms"},
             Case{"initdead", "30000ms"},
             Case{"deadping", "30000ms"},
             Case{"udpport", "694"},
             Case{"auto_failback", "legacy"},
             Case{"debug", "0"},
             Case{"crm", "off"},
             Case{"pacemaker", "off"},
             Case{"logfile", std::nullopt},
             Case{"no_such_thing", std::nullopt},
             Case{"", std::nullopt},
         })
        EXPECT_EQ(parameter(settings, name), value) << name;
    EXPECT_TRUE(parameter(settings, "hbversion"));
}

}  // namespace
}  // namespace hb::config
