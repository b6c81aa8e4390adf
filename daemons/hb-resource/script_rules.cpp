#include "daemons/hb-resource/script_rules.hpp"

#include <algorithm>
#include <map>

namespace hb::resource {

namespace {

// LSB: "program is not running".
constexpr int kLsbNotRunning = 3;

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

// "[Nn]ot [Rr]unning", one or the other letter case of first letters.
bool contains_not_running(std::string_view output) {
    return contains(output, "not running") || contains(output, "Not running") ||
           contains(output, "not Running") || contains(output, "Not Running");
}

}  // namespace

bool says_running(std::string_view output) {
    if (contains_not_running(output)) return false;
    return contains(output, "OK") || contains(output, "running") || contains(output, "Running");
}

bool says_stopped(std::string_view output, int exit_code) {
    if (says_running(output)) return false;
    return contains_not_running(output) || contains(output, "stopped") ||
           contains(output, "Stopped") || exit_code == kLsbNotRunning;
}

}  // namespace hb::resource
