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

std::vector<std::string> script_environment(const config::Settings& settings, NodeId self,
                                            const std::string& config_dir) {
    const std::string none = "/dev/null";
    std::map<std::string, std::string> variables;
    for (const auto& [directive, text] : settings.raw) {
        std::string value = text;
        std::ranges::replace(value, '\n', ' ');
        variables["HA_" + directive] = value;
    }
    variables["HA_CURHOST"] = settings.node_name(self);
    variables["HA_DATEFMT"] = "%Y/%m/%d_%T\t";
    variables["HA_DEBUGLOG"] = settings.debugfile.empty() ? none : settings.debugfile;
    variables["HA_DIR"] = config_dir;
    variables["HA_FUNCS"] = config_dir + "/shellfuncs";
    variables["HA_LOGD"] = "no";
    variables["HA_LOGFACILITY"] = settings.logfacility;
    variables["HA_LOGFILE"] = settings.logfile.empty() ? none : settings.logfile;
    variables["HA_NICEFAILBACK"] = "yes";
    variables["HA_RCDIR"] = config_dir + "/rc.d";
    variables["HA_RESOURCEDIR"] = config_dir + "/resource.d";
    variables["HA_debug"] = std::to_string(settings.debug);
    variables["OCF_ROOT"] = "/usr/lib/ocf";
    // Words are looked for in what scripts print: not in the language of whoever started us.
    variables["LC_ALL"] = "C";
    variables["HOME"] = "/root";
    variables["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    std::vector<std::string> result;
    for (const auto& [name, value] : variables)
        result.push_back(name + "=" + value);
    return result;
}

}  // namespace hb::resource
