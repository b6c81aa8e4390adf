// What the exit codes of OCF resource agents (OCF 1.1) mean to an operation, as plain functions.
#pragma once

#include <string>

#include "daemons/hb-resource/group_runner.hpp"

namespace hb::resource {

// "monitor" for a status.
[[nodiscard]] const char* ocf_action(Operation operation);

struct OcfOutcome {
    OperationDone::Outcome outcome{};
    std::string detail;  // empty when all is well: "not installed (5)"
};
[[nodiscard]] OcfOutcome ocf_outcome(Operation operation, int exit_code);

}  // namespace hb::resource
