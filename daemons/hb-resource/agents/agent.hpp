// What every agent of hb-agent is given, and what it answers: OCF 1.1 without its shell.
//
// hb-agent runs one action of one agent and ends. It is the place for system calls that may hang:
// whoever called it (hb-resource, or anybody's OCF tools) bounds it by a deadline and kills its
// process group. An agent decides in a pure core where there is something to decide, never asks
// what the caller already checked (required parameters, kinds), and says why it refuses in one
// sentence.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/base/time.hpp"
#include "common/config/built_in.hpp"

namespace hb::agent {

enum class Code : std::uint8_t {  // OCF 1.1, "return codes"
    kSuccess = 0,
    kGenericError = 1,
    kWrongArguments = 2,
    kNotImplemented = 3,
    kNoPermission = 4,
    kNotInstalled = 5,
    kNotConfigured = 6,
    kNotRunning = 7,
};

struct Answer {
    Code code{};
    std::string reason;  // of what is not as it should be; printed as OCF's exit reason
};

struct Call {
    // As given, and the standard values of those that were not.
    config::Parameters parameters;
    std::string instance;      // OCF_RESOURCE_INSTANCE: stable, made for file names
    unsigned check_level = 0;  // OCF_CHECK_LEVEL: how closely a monitor looks
    bool is_probe = false;     // a monitor that is not repeated: "what is here?"
    bool is_clone = false;     // the cluster manager runs it on several nodes at once
    MonoTime deadline{};       // the caller's patience, less what an answer takes

    // Empty when not given.
    [[nodiscard]] const std::string& operator[](std::string_view name) const;
    [[nodiscard]] bool yes(std::string_view name) const;  // of a boolean
};

// A line for the log: standard error, which callers log under the resource's name.
void say(std::string_view text);

struct Agent {
    std::string_view type;  // config::find_built_in knows what it takes
    // start of what runs and stop of what does not run succeed. monitor: kSuccess runs, kNotRunning
    // does not, everything else: it should, or something is wrong with it.
    Answer (*start)(const Call&);
    Answer (*stop)(const Call&);
    Answer (*monitor)(const Call&);
    // What validate-all looks at besides the parameters; null: nothing.
    Answer (*validate)(const Call&) = nullptr;
};

// The table, in agents.cpp.
[[nodiscard]] std::span<const Agent> agents();

}  // namespace hb::agent
