// How an OCF resource agent is called (OCF 1.1), as plain functions.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/base/time.hpp"

namespace hb::config {

struct OcfCall {
    std::string provider;
    std::string type;
    std::string instance;  // stable, unique on this host: ocf_instance()
    std::vector<std::pair<std::string, std::string>> parameters;
    std::string action;
    Duration timeout{};
    Duration interval{};  // of a monitor that is repeated; zero: a probe, or no monitor
};

// What the call finds in its environment besides `base`: complete, sorted, "NAME=value". Parameters
// win over what was there.
[[nodiscard]] std::vector<std::string> ocf_environment(const std::vector<std::string>& base,
                                                       const OcfCall& call);

// Agents name files after it: letters, digits, '-' and '_' only.
[[nodiscard]] std::string ocf_instance(const std::string& group, const std::string& word);

inline constexpr int kOcfSuccess = 0;
inline constexpr int kOcfNotImplemented = 3;
inline constexpr int kOcfNotRunning = 7;
inline constexpr int kOcfDegraded = 190;  // it runs

// "not installed (5)"
[[nodiscard]] std::string ocf_code_text(int exit_code);

// A line of an agent that begins so says why.
inline constexpr const char* kOcfExitReason = "ocf-exit-reason:";

}  // namespace hb::config
