#include "common/config/ocf_call.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hb::config {
namespace {

using testing::Contains;
using testing::IsSupersetOf;

TEST(OcfCall, TheEnvironmentIsThatOfOcf11) {
    OcfCall call{.provider = "heartbeat",
                 .type = "apache",
                 .instance = "web",
                 .parameters = {{"configfile", "/etc/a.conf"}, {"OCF_CHECK_LEVEL", "10"}},
                 .action = "monitor",
                 .timeout = 20s,
                 .interval = 10s};
    EXPECT_THAT(
        ocf_environment({"PATH=/bin", "HA_CURHOST=node1"}, call),
        IsSupersetOf({"PATH=/bin", "OCF_RESKEY_configfile=/etc/a.conf",
                      "OCF_RESKEY_OCF_CHECK_LEVEL=10", "OCF_RESOURCE_TYPE=apache",
                      "OCF_RESOURCE_PROVIDER=heartbeat", "OCF_RESOURCE_INSTANCE=web",
                      "OCF_RESKEY_CRM_meta_timeout=20000", "OCF_RESKEY_CRM_meta_interval=10000",
                      "OCF_RESKEY_CRM_meta_name=monitor", "OCF_RA_VERSION_MAJOR=1"}));
    call.interval = {};
    EXPECT_THAT(ocf_environment({}, call), Contains("OCF_RESKEY_CRM_meta_interval=0")) << "a probe";
}

TEST(OcfCall, AnInstanceCanBeAFileName) {
    EXPECT_EQ(ocf_instance("10.0.0.1/24", "ocf::heartbeat:Dummy::state=/x"),
              "10_0_0_1_24-ocf__heartbeat_Dummy__state__x");
    EXPECT_EQ(ocf_instance("Dummy", "Dummy"), "Dummy");
    EXPECT_LE(ocf_instance(std::string(300, 'a'), "b").size(), 120U);
}

TEST(OcfCall, CodesHaveNames) {
    EXPECT_EQ(ocf_code_text(5), "not installed (5)");
    EXPECT_EQ(ocf_code_text(77), "unknown return code (77)");
}

}  // namespace
}  // namespace hb::config
