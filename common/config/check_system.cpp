#include "common/config/check_system.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <set>
#include <string_view>

#include "common/config/built_in.hpp"
#include "common/config/fence_types.hpp"
#include "common/config/rc_scripts.hpp"

namespace hb::config {
namespace {

constexpr std::string_view kServiceName = "ha-cluster";

bool is_executable_file(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
           (status.st_mode & 0111) != 0;
}

bool has_user(const std::string& name) {
    std::array<char, 16384> buffer{};
    struct passwd entry {};
    struct passwd* found = nullptr;
    return ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) == 0 &&
           found != nullptr;
}

bool has_group(const std::string& name) {
    std::array<char, 65536> buffer{};
    struct group entry {};
    struct group* found = nullptr;
    return ::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) == 0 &&
           found != nullptr;
}

// Heartbeat's samples name users that few hosts have: the line is of no use then, and harms nobody.
void check_access(const Settings& settings, Diagnostics& diagnostics) {
    for (const ApiClient& client : settings.apiauth) {
        for (const std::string& user : client.users)
            if (!has_user(user))
                diagnostics.warning(client.position,
                                    fmt::format("apiauth: there is no user '{}' here", user));
        for (const std::string& group : client.groups)
            if (!has_group(group))
                diagnostics.warning(client.position,
                                    fmt::format("apiauth: there is no group '{}' here", group));
    }
}

void check_clients(const Settings& settings, Diagnostics& diagnostics) {
    for (const RespawnLine& line : settings.respawn) {
        if (line.is_ipfail || line.is_heartbeat_client) continue;  // not started from this line
        if (!has_user(line.user))
            diagnostics.error(
                line.position,
                fmt::format("Invalid uid [{}] specified for client child", line.user));
        const std::string program = line.command.substr(0, line.command.find_first_of(" \t"));
        if (!is_executable_file(program))
            diagnostics.error(line.position,
                              fmt::format("Client child command [{}] is not executable", program));
    }
}

// What an agent of ours finds odd about this host: at the resource's word.
void check_host(const Resource& resource, Diagnostics& diagnostics) {
    const BuiltInAgent* agent = find_built_in(resource.type);
    if (agent == nullptr || agent->check_host == nullptr) return;
    ParameterProblems problems;
    agent->check_host(built_in_arguments(*agent, resource.args).given, problems);
    for (const ParameterProblem& problem : problems)
        if (problem.is_error)
            diagnostics.error(resource.position, problem.text);
        else
            diagnostics.warning(resource.position, problem.text);
}

void check_hooks(const Settings& settings, const std::string& rc_directory,
                 Diagnostics& diagnostics) {
    for (const NotifyLine& line : settings.notify) {
        const std::string program = line.command.substr(0, line.command.find_first_of(" \t"));
        if (!line.user.empty() && !has_user(line.user))
            diagnostics.error(line.position,
                              fmt::format("notify: there is no user '{}' here", line.user));
        if (!is_executable_file(program))
            diagnostics.error(line.position,
                              fmt::format("notify: [{}] is not executable", program));
    }
    for (const RcScript& script : find_rc_scripts(rc_directory))
        if (!script.moves_resources.empty())
            diagnostics.warning({script.path, 0, 0}, refusal_of(script));
}

void check_agents(const Settings& settings, const AgentDirectories& directories,
                  Diagnostics& diagnostics) {
    for (const Group& group : settings.groups)
        for (const Resource& resource : group.resources) {
            const Result<FoundAgent> found = find_agent(resource, directories);
            if (!found) {
                diagnostics.error(resource.position, found.error().text);
                continue;
            }
            if (!found->warning.empty()) diagnostics.warning(resource.position, found->warning);
            check_host(resource, diagnostics);
        }
}

void check_fence_agents(const Settings& settings, Diagnostics& diagnostics) {
    for (const FenceDevice& device : settings.fencing.devices)
        if (!device.is_human() && find_fence_agent(device.agent).empty())
            diagnostics.error(
                device.position,
                fmt::format(
                    "fence agent [{}] is not there, or not executable{}", device.agent,
                    device.agent.starts_with('/') ? "" : ": the package fence-agents has it"));
}

// A USB adapter may be plugged in later; something else of that name never becomes a line.
void check_lines(const Settings& settings, Diagnostics& diagnostics) {
    for (const Medium& medium : settings.media) {
        if (medium.kind != MediumKind::kSerial) continue;
        struct stat status {};
        if (::stat(medium.interface.c_str(), &status) != 0)
            diagnostics.warning(
                medium.position,
                fmt::format("serial: there is no '{}' here: it is waited for", medium.interface));
        else if (!S_ISCHR(status.st_mode))
            diagnostics.error(medium.position,
                              fmt::format("serial: '{}' is no character device", medium.interface));
    }
}

// A port that belongs to somebody else is legal, and a surprise when that one is installed.
void check_port(const Settings& settings, Diagnostics& diagnostics) {
    std::set<std::uint16_t> seen;
    for (const Medium& medium : settings.media) {
        if (medium.kind == MediumKind::kSerial) continue;
        if (!seen.insert(medium.port).second) continue;
        std::array<char, 4096> buffer{};
        struct servent entry {};
        struct servent* found = nullptr;
        const int rc = ::getservbyport_r(htons(medium.port), "udp", &entry, buffer.data(),
                                         buffer.size(), &found);
        if (rc != 0 || found == nullptr || found->s_name == kServiceName) continue;
        diagnostics.warning(medium.position, fmt::format("udp port {} reserved for service \"{}\".",
                                                         medium.port, found->s_name));
    }
}

}  // namespace

void check_system(const Settings& settings, const AgentDirectories& directories,
                  Diagnostics& diagnostics) {
    check_clients(settings, diagnostics);
    check_access(settings, diagnostics);
    check_hooks(settings, directories.rc_d, diagnostics);
    check_agents(settings, directories, diagnostics);
    check_fence_agents(settings, diagnostics);
    check_lines(settings, diagnostics);
    check_port(settings, diagnostics);
}

}  // namespace hb::config
