#include "common/config/fence_types.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <utility>

namespace hb::config {
namespace {

using enum FenceWord;

// In the order of Heartbeat's plugins.
constexpr FenceSlot kIpmiExternal[] = {{kNode, "hostname"},
                                       {kParameter, "ip"},
                                       {kParameter, "username"},
                                       {kParameter, "password"},
                                       {kLanPlus, "interface", true}};
constexpr FenceSlot kIpmilan[] = {{kNode, "hostname"},      {kParameter, "ip"},
                                  {kParameter, "ipport"},   {kParameter, "auth"},
                                  {kParameter, "privlvl"},  {kParameter, "username"},
                                  {kParameter, "password"}, {kUnused, "reset_method", true}};
constexpr FenceSlot kHostAndLogin[] = {
    {kNode, "hostname"}, {kParameter, "ip"}, {kParameter, "username"}, {kParameter, "password"}};
constexpr FenceSlot kRiloe[] = {{kNode, "hostlist"},
                                {kParameter, "ip"},
                                {kParameter, "username"},
                                {kParameter, "password"},
                                {kUnused, "ilo_can_reset", true},
                                {kUnused, "ilo_protocol", true},
                                {kUnused, "ilo_powerdown_method", true}};
constexpr FenceSlot kApcmaster[] = {
    {kParameter, "ip"}, {kParameter, "username"}, {kParameter, "password"}};
constexpr FenceSlot kApcSnmp[] = {
    {kParameter, "ip"}, {kParameter, "udpport"}, {kParameter, "community"}};
constexpr FenceSlot kWti[] = {{kParameter, "ip"}, {kParameter, "password"}};
constexpr FenceSlot kMeatware[] = {{kNodes, "hostlist"}};

constexpr FenceType kTypes[] = {
    {"apcmaster", "fence_apc", kApcmaster, true},
    {"apcmastersnmp", "fence_apc_snmp", kApcSnmp, true},
    {"external/drac5", "fence_drac5", kHostAndLogin, false},
    {"external/ipmi", "fence_ipmilan", kIpmiExternal, false},
    {"external/riloe", "fence_ilo", kRiloe, false},
    {"ipmilan", "fence_ipmilan", kIpmilan, false},
    {"meatware", "", kMeatware, false},
    {"wti_nps", "fence_wti", kWti, true},
};

constexpr std::pair<std::string_view, std::string_view> kNever[] = {
    {"null", "it says that a node is off and switches nothing off"},
    {"external/null", "it says that a node is off and switches nothing off"},
    {"ssh", "a node that hangs does not answer, so it can never be known to be off"},
    {"external/ssh", "a node that hangs does not answer, so it can never be known to be off"},
    {"suicide", "a node that is not heard cannot be asked to switch itself off"},
    {"fence_ack_manual", "this suite asks humans by itself: use meatware"},
    {"fence_heuristics_ping", "it switches nothing off"},
    {"fence_kdump", "it only waits for a word of a node that has crashed"},
};

}  // namespace

std::span<const FenceType> fence_types() {
    return kTypes;
}

const FenceType* find_fence_type(std::string_view type) {
    const auto at = std::ranges::find(kTypes, type, &FenceType::type);
    return at == std::end(kTypes) ? nullptr : at;
}

std::string_view why_no_fence_device(std::string_view type) {
    for (const auto& [name, why] : kNever)
        if (name == type) return why;
    return {};
}

bool is_secret_parameter(std::string_view name) {
    return name.find("passw") != std::string_view::npos || name == "community" ||
           name.find("secret") != std::string_view::npos ||
           name.find("token") != std::string_view::npos || name == "hexadecimal_kg" ||
           name.find("identity_file") != std::string_view::npos ||
           name.find("key") != std::string_view::npos;
}

std::string find_fence_agent(const std::string& agent) {
    static constexpr std::array kDirectories = {"/usr/sbin/", "/usr/local/sbin/", "/sbin/"};
    const auto is_program = [](const std::string& path) {
        struct stat status {};
        return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
               (status.st_mode & 0111) != 0;
    };
    if (agent.starts_with('/')) return is_program(agent) ? agent : std::string();
    for (const char* directory : kDirectories)
        if (is_program(directory + agent)) return directory + agent;
    return {};
}

}  // namespace hb::config
