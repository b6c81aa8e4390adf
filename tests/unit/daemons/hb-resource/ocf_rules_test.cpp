#include "daemons/hb-resource/ocf_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hb::resource {
namespace {

using testing::Contains;
using testing::IsSupersetOf;
using Outcome = OperationDone::Outcome;

TEST(OcfRules, ExitCodesMeanWhatTheStandardSays) {
    struct Row {
        Operation operation;
        int code;
        Outcome outcome;
        const char* detail;
    };
    const Row rows[] = {
        {Operation::kStart, 0, Outcome::kOk, ""},
        {Operation::kStart, 1, Outcome::kFailed, "generic error (1)"},
        {Operation::kStart, 5, Outcome::kFailed, "not installed (5)"},
        {Operation::kStart, 6, Outcome::kFailed, "not configured (6)"},
        {Operation::kStart, 7, Outcome::kFailed, "not running (7)"},
        {Operation::kStop, 0, Outcome::kOk, ""},
        {Operation::kStop, 7, Outcome::kNotRunning, ""},
        {Operation::kStop, 1, Outcome::kFailed, "generic error (1)"},
        {Operation::kStatus, 0, Outcome::kRunning, ""},
        {Operation::kStatus, 7, Outcome::kNotRunning, ""},
        {Operation::kStatus, 190, Outcome::kRunning, ""},
        {Operation::kStatus, 8, Outcome::kFailed, "running, promoted: nobody asked for that (8)"},
        {Operation::kStatus, 1, Outcome::kFailed, "generic error (1)"},
        {Operation::kStatus, 77, Outcome::kFailed, "unknown return code (77)"},
    };
    for (const Row& row : rows) {
        const OcfOutcome end = ocf_outcome(row.operation, row.code);
        EXPECT_EQ(end.outcome, row.outcome) << to_string(row.operation) << row.code;
        EXPECT_EQ(end.detail, row.detail);
    }
}

TEST(OcfRules, TheEnvironmentIsThatOfOcf11) {
    OcfCall call{.provider = "heartbeat",
                 .type = "apache",
                 .instance = "web",
                 .parameters = {{"configfile", "/etc/a.conf"}, {"OCF_CHECK_LEVEL", "10"}},
                 .operation = Operation::kStatus,
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

TEST(OcfRules, AnInstanceCanBeAFileName) {
    EXPECT_EQ(ocf_instance("10.0.0.1/24", "ocf::heartbeat:Dummy::state=/x"),
              "10_0_0_1_24-ocf__heartbeat_Dummy__state__x");
    EXPECT_EQ(ocf_instance("Dummy", "Dummy"), "Dummy");
    EXPECT_LE(ocf_instance(std::string(300, 'a'), "b").size(), 120U);
}

}  // namespace
}  // namespace hb::resource
