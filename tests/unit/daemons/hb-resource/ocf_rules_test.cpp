#include "daemons/hb-resource/ocf_rules.hpp"

#include <gtest/gtest.h>

namespace hb::resource {
namespace {

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

}  // namespace
}  // namespace hb::resource
