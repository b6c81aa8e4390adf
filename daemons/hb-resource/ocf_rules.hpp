// The contract of OCF resource agents (OCF 1.1), as plain functions.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/base/time.hpp"
#include "daemons/hb-resource/group_runner.hpp"

namespace hb::resource {

struct OcfCall {
    std::string provider;
    std::string type;
    std::string instance;  // stable, unique on this host: ocf_instance()
    std::vector<std::pair<std::string, std::string>> parameters;
    Operation operation{};
    Duration timeout{};
    Duration interval{};  // of a monitor that is repeated; zero: a probe, or no monitor
};

// What the call finds in its environment besides `base`: complete, sorted, "NAME=value". Parameters
// win over what was there.
[[nodiscard]] std::vector<std::string> ocf_environment(const std::vector<std::string>& base,
                                                       const OcfCall& call);

// "monitor" for a status.
[[nodiscard]] const char* ocf_action(Operation operation);

// Agents name files after it: letters, digits, '-' and '_' only.
[[nodiscard]] std::string ocf_instance(const std::string& group, const std::string& word);

struct OcfOutcome {
    OperationDone::Outcome outcome{};
    std::string detail;  // empty when all is well: "not installed (5)"
};
[[nodiscard]] OcfOutcome ocf_outcome(Operation operation, int exit_code);

}  // namespace hb::resource
