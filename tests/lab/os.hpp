// The few system calls that everything in the lab needs, as values that clean up after themselves.
//
// A step of the lab that fails ends the story it belongs to, so the library throws LabError, whose
// text says what was tried and why it did not work; a test shows it and the destructors clear up.
#pragma once

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "common/runtime/unique_fd.hpp"

namespace hb::lab {

// All times of the lab are of one host's CLOCK_MONOTONIC: nodes share the machine's kernel.
using LabClock = std::chrono::steady_clock;
using LabTime = LabClock::time_point;
using Duration = std::chrono::nanoseconds;
using namespace std::chrono_literals;

[[nodiscard]] inline double to_ms(Duration d) {
    return std::chrono::duration<double, std::milli>(d).count();
}

class LabError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// Throws LabError "what: reason of errno".
[[noreturn]] void throw_errno(std::string_view what);

// For calls that answer -1 with errno: passes every other value on.
template <typename T>
T must(T value, std::string_view what) {
    if (value < 0) throw_errno(what);
    return value;
}

using Fd = runtime::UniqueFd;

struct Pipe {
    Fd read;
    Fd write;
};
[[nodiscard]] Pipe make_pipe();

// Runs `act` in a thread of its own, so that it may change the thread's namespaces. What it throws
// is thrown here.
void in_new_thread(const std::function<void()>& act);

// Best effort: measuring threads should not wait for a processor.
void prefer_this_thread();

using Argv = std::vector<std::string>;

struct CommandResult {
    int exit_code = 0;  // 128 + signal when killed
    std::string out;
    std::string err;
};

// Runs a program of this machine (ip, nft) in the network namespace `netns` (-1: in our own), feeds
// it `input` and waits. Throws LabError with its words when it fails.
CommandResult run_command(const Argv& argv, int netns = -1, std::string_view input = {});

[[nodiscard]] int exit_code_of(int wait_status);

// "a b c", for messages.
[[nodiscard]] std::string join(const Argv& argv);

}  // namespace hb::lab
