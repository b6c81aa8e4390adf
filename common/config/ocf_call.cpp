#include "common/config/ocf_call.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace hb::config {

namespace {

constexpr std::size_t kInstanceBytes = 120;  // part of file names

// OCF 1.1, "return codes".
const char* code_name(int code) {
    switch (code) {
        case 1:
            return "generic error";
        case 2:
            return "wrong arguments";
        case 3:
            return "not implemented";
        case 4:
            return "insufficient privileges";
        case 5:
            return "not installed";
        case 6:
            return "not configured";
        case 7:
            return "not running";
        case 8:
            return "running, promoted: nobody asked for that";
        case 9:
            return "failed, promoted";
        case 190:
            return "degraded";
        case 191:
            return "degraded, promoted";
        default:
            return "unknown return code";
    }
}

}  // namespace

std::vector<std::string> ocf_environment(const std::vector<std::string>& base,
                                         const OcfCall& call) {
    std::map<std::string, std::string> variables;
    for (const std::string& entry : base) {
        const std::size_t equals = entry.find('=');
        variables[entry.substr(0, equals)] = entry.substr(equals + 1);
    }
    const auto milliseconds = [](Duration d) {
        return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(d).count());
    };
    variables["OCF_RA_VERSION_MAJOR"] = "1";
    variables["OCF_RA_VERSION_MINOR"] = "1";
    variables["OCF_RESOURCE_INSTANCE"] = call.instance;
    variables["OCF_RESOURCE_PROVIDER"] = call.provider;
    variables["OCF_RESOURCE_TYPE"] = call.type;
    variables["OCF_RESKEY_CRM_meta_interval"] = milliseconds(call.interval);
    variables["OCF_RESKEY_CRM_meta_name"] = call.action;
    variables["OCF_RESKEY_CRM_meta_on_node"] = variables["HA_CURHOST"];
    variables["OCF_RESKEY_CRM_meta_timeout"] = milliseconds(call.timeout);
    variables["OCF_RESKEY_crm_feature_set"] = "3.1.0";
    for (const auto& [name, value] : call.parameters)
        variables["OCF_RESKEY_" + name] = value;
    std::vector<std::string> result;
    for (const auto& [name, value] : variables)
        result.push_back(name + "=" + value);
    return result;
}

std::string ocf_instance(const std::string& group, const std::string& word) {
    std::string name = group == word ? word : group + "-" + word;
    std::ranges::replace_if(
        name,
        [](unsigned char c) {
            const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                  (c >= '0' && c <= '9') || c == '-';
            return !is_plain;
        },
        '_');
    return name.substr(0, kInstanceBytes);
}

std::string ocf_code_text(int exit_code) {
    return fmt::format("{} ({})", code_name(exit_code), exit_code);
}

}  // namespace hb::config
