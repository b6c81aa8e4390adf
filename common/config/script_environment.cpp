#include "common/config/script_environment.hpp"

#include <algorithm>
#include <map>

namespace hb::config {

std::map<std::string, std::string> ha_variables(const Settings& settings) {
    std::map<std::string, std::string> variables;
    for (const auto& [directive, text] : settings.raw) {
        std::string value = text;
        std::ranges::replace(value, '\n', ' ');
        variables["HA_" + directive] = value;
    }
    for (const auto& [name, value] : settings.env)
        variables["HA_" + name] = value;
    return variables;
}

std::vector<std::string> script_environment(const Settings& settings, NodeId self,
                                            const std::string& config_dir) {
    const std::string none = "/dev/null";
    std::map<std::string, std::string> variables = ha_variables(settings);
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

}  // namespace hb::config
