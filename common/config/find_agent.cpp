#include "common/config/find_agent.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>

#include "common/config/address_spec.hpp"
#include "common/config/built_in.hpp"
#include "common/config/lexer.hpp"

namespace hb::config {
namespace {

constexpr std::array<std::string_view, 3> kBuiltIn = {"IPaddr", "IPaddr2", "IPv6addr"};
constexpr std::array<std::string_view, 6> kUnitEndings = {".service", ".socket", ".target",
                                                          ".mount",   ".timer",  ".path"};
constexpr const char* kProvider = "heartbeat";
constexpr const char* kOwnProvider = "ha-suite";

// They want to be promoted on one of several nodes where they run: nobody here does that.
constexpr auto kPromotableOnly = std::to_array<std::string_view>(
    {"SAPHana", "SAPHanaController", "Stateful", "conntrackd", "drbd", "galera", "mariadb",
     "mpathpersist", "pgsqlms", "rabbitmq-server-ha", "redis", "sg_persist"});

// Heartbeat's wrappers: the parameters that their arguments were, by position.
struct Wrapper {
    std::string_view type;
    std::array<std::string_view, 3> parameters;
    bool is_list = false;  // further arguments belong to the last parameter, with blanks
};
constexpr auto kWrappers = std::to_array<Wrapper>({
    {"AudibleAlarm", {"nodelist"}, true},
    {"ICP", {"driveid", "device"}},
    {"LVM", {"volgrpname"}},
    {"LinuxSCSI", {"scsi"}},
    {"Raid1", {"raidconf", "raiddev"}},
    {"ServeRAID", {"serveraid", "mergegroup"}},
    {"WAS", {"config"}},  // or its port
    {"WinPopup", {"hostfile"}},
    {"Xinetd", {"service"}},
    {"apache", {"configfile"}},
    {"db2", {"instance"}},
    {"ids", {"informixdir", "informixserver", "onconfig"}},
    {"portblock", {"protocol", "portno", "action"}},
});

bool is_executable_file(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
           (status.st_mode & 0111) != 0;
}

bool exists(const std::string& path) {
    struct stat status {};
    return ::lstat(path.c_str(), &status) == 0;
}

bool is_masked(const std::string& path) {
    std::array<char, PATH_MAX> resolved{};
    if (::realpath(path.c_str(), resolved.data()) == nullptr) return false;
    struct stat status {};
    return std::string_view(resolved.data()) == "/dev/null" ||
           (::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size == 0);
}

std::optional<std::string> find_script(const std::string& type, const AgentDirectories& in) {
    for (const std::string& directory : {in.resource_d, in.init_d}) {
        std::string path = directory + "/" + type;
        if (is_executable_file(path)) return path;
    }
    return std::nullopt;
}

// ---- OCF

struct OcfName {
    std::string provider;
    std::string type;
};

// "heartbeat:apache", "apache"
std::optional<OcfName> split_ocf_name(std::string_view text) {
    const std::size_t colon = text.find(':');
    OcfName name{kProvider, std::string(text)};
    if (colon != std::string_view::npos)
        name = {std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
    for (const std::string& part : {name.provider, name.type})
        if (part.empty() || part.find_first_of("/:") != std::string::npos || part.front() == '.')
            return std::nullopt;
    return name;
}

Result<FoundAgent> ocf_agent(const OcfName& name, const AgentDirectories& in) {
    FoundAgent found{
        .kind = AgentKind::kOcf,
        .path = fmt::format("{}/resource.d/{}/{}", in.ocf_root, name.provider, name.type),
        .provider = name.provider,
        .type = name.type};
    if (!is_executable_file(found.path))
        return failure(fmt::format("no OCF agent {} (package resource-agents?)", found.path));
    if (std::ranges::find(kPromotableOnly, name.type) != kPromotableOnly.end())
        return failure(
            fmt::format("OCF agent {}:{} runs on several nodes and is promoted on one: such "
                        "agents are not supported, a group runs on one node",
                        name.provider, name.type));
    return found;
}

// name=value; what has no name belongs to the value before it, which contained "::".
Result<void> named_parameters(const std::vector<std::string>& args, std::size_t first,
                              FoundAgent& found) {
    for (std::size_t i = first; i < args.size(); i++) {
        const std::string& arg = args[i];
        const std::size_t equals = arg.find('=');
        const bool is_name =
            equals != std::string::npos && equals > 0 &&
            arg.substr(0, equals).find_first_not_of(
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
                std::string::npos;
        if (is_name) {
            found.parameters.emplace_back(arg.substr(0, equals), arg.substr(equals + 1));
        } else if (!found.parameters.empty()) {
            found.parameters.back().second += "::" + arg;
        } else {
            return failure(fmt::format(
                "'{}' is no parameter of an OCF agent: write ocf::{}:{}::name=value::...",
                printable(arg), found.provider, found.type));
        }
    }
    return {};
}

// Of an agent of ours what may be given is known, however it is called.
Result<void> check_own(const FoundAgent& found) {
    const BuiltInAgent* const agent = find_built_in(found.type);
    if (agent == nullptr) return {};
    Parameters given;
    for (const auto& [name, value] : found.parameters) {
        if (find_parameter(*agent, name) == nullptr)
            return failure(fmt::format("{} has no parameter '{}'", found.type, name));
        given[name] = value;
    }
    for (const ParameterProblem& problem : check_parameters(*agent, given))
        if (problem.is_error) return failure(problem.text);
    return {};
}

// PostgreSQL's agent can do without being promoted, unless it is told to replicate.
Result<void> refuse_replication(const FoundAgent& found) {
    for (const auto& [name, value] : found.parameters)
        if (found.type == "pgsql" && name == "rep_mode" && (value == "async" || value == "sync"))
            return failure(fmt::format(
                "OCF agent {}:{} with rep_mode={} runs on several nodes and is promoted on one: "
                "that is not supported, a group runs on one node",
                found.provider, found.type, value));
    return {};
}

// Heartbeat's OCF::TYPE::INSTANCE: the parameters are lines of a file, as a shell would read them.
Result<FoundAgent> ocf_instance(const Resource& resource, const AgentDirectories& in) {
    const std::string& type = resource.args[0];
    auto found = ocf_agent({kProvider, type}, in);
    if (!found) return found;
    const std::string path = fmt::format("{}/{}/{}", in.ocf_instances, type, resource.args[1]);
    std::ifstream file(path);
    if (!file) return failure(fmt::format("no parameters for it in {}", path));
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("export ")) line.erase(0, 7);
        const std::size_t equals = line.find('=');
        if (line.empty() || line.front() == '#' || equals == std::string::npos) continue;
        std::string name = line.substr(0, equals);
        std::string value = line.substr(equals + 1);
        if (name.starts_with("OCF_RESKEY_")) name.erase(0, 11);
        if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
            value.back() == value.front())
            value = value.substr(1, value.size() - 2);
        found->parameters.emplace_back(std::move(name), std::move(value));
    }
    if (auto good = refuse_replication(*found); !good) return std::unexpected(good.error());
    return found;
}

std::optional<Result<FoundAgent>> named_ocf(const Resource& resource, const AgentDirectories& in) {
    std::string_view name;
    std::size_t first = 0;
    if (resource.type == "OCF" && resource.args.size() == 2 &&
        resource.args[1].find('=') == std::string::npos)
        return ocf_instance(resource, in);
    if ((resource.type == "ocf" || resource.type == "OCF") && !resource.args.empty()) {
        name = resource.args[0];
        first = 1;
    } else if (resource.type.starts_with("ocf:")) {
        name = std::string_view(resource.type).substr(4);
    } else {
        return std::nullopt;
    }
    const auto split = split_ocf_name(name);
    if (!split)
        return failure(
            fmt::format("'{}' names no OCF agent: write ocf::heartbeat:TYPE::name=value::...",
                        printable(name)));
    auto found = ocf_agent(*split, in);
    if (!found) return found;
    if (auto done = named_parameters(resource.args, first, *found); !done)
        return std::unexpected(done.error());
    if (auto good = refuse_replication(*found); !good) return std::unexpected(good.error());
    if (found->provider == kOwnProvider)
        if (auto good = check_own(*found); !good) return std::unexpected(good.error());
    if (is_address_type(found->type))
        found->warning = fmt::format(
            "{}: nobody asks the network whether its address is free before it is started, as is "
            "done for {}::...",
            resource.word, found->type);
    return found;
}

std::optional<Result<FoundAgent>> wrapped_ocf(const Resource& resource,
                                              const AgentDirectories& in) {
    const auto wrapper = std::ranges::find(kWrappers, resource.type, &Wrapper::type);
    if (wrapper == kWrappers.end()) return std::nullopt;
    auto found = ocf_agent({kProvider, resource.type}, in);
    if (!found) return std::nullopt;  // a unit of that name may be there
    for (std::size_t i = 0; i < resource.args.size(); i++) {
        const std::string& arg = resource.args[i];
        const bool is_one_more = i >= wrapper->parameters.size() || wrapper->parameters[i].empty();
        if (is_one_more && !wrapper->is_list)
            return failure(
                fmt::format("{} has no argument {}: '{}'", resource.type, i + 1, printable(arg)));
        if (is_one_more)
            found->parameters.back().second += " " + arg;
        else
            found->parameters.emplace_back(wrapper->parameters[i], arg);
    }
    if (resource.type == "WAS" && !found->parameters.empty())
        if (std::string& value = found->parameters[0].second;
            value.find_first_not_of("0123456789") == std::string::npos)
            found->parameters[0].first = "port";
    return found;
}

// ---- ours, called as an OCF agent

Result<FoundAgent> built_in(const BuiltInAgent& agent, const Resource& resource,
                            const AgentDirectories& in) {
    FoundAgent found{.kind = AgentKind::kOcf,
                     .path = in.hb_agent,
                     .provider = kOwnProvider,
                     .type = std::string(agent.type),
                     .args = {std::string(agent.type)}};
    const Arguments arguments = built_in_arguments(agent, resource.args);
    if (arguments.refused) return failure(arguments.refused->text);
    if (const ParameterProblems problems = check_parameters(agent, arguments.given);
        !problems.empty())
        return failure(problems.front().text);
    if (!is_executable_file(found.path)) return failure(fmt::format("no {}", found.path));
    if (const auto script = find_script(resource.type, in))
        found.warning = fmt::format("{} is built in: {} is not used", resource.type, *script);
    found.parameters.assign(arguments.given.begin(), arguments.given.end());
    return found;
}

std::string program_beside_this(const std::string& name) {
    std::array<char, PATH_MAX> path{};
    const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
    if (size <= 0 || static_cast<std::size_t>(size) >= path.size()) return {};
    const std::string_view self(path.data(), static_cast<std::size_t>(size));
    return fmt::format("{}/{}", self.substr(0, self.rfind('/')), name);
}

// ---- systemd

std::optional<Result<FoundAgent>> unit(const Resource& resource, const AgentDirectories& in) {
    const auto ends = [&](std::string_view ending) { return resource.type.ends_with(ending); };
    const bool is_full = std::ranges::any_of(kUnitEndings, ends);
    const std::string name = is_full ? resource.type : resource.type + ".service";
    std::string file = name;  // of an instance: its template
    if (const std::size_t at = name.find('@'); at != std::string::npos)
        file = name.substr(0, at + 1) + name.substr(name.rfind('.'));
    for (const std::string& directory : in.units) {
        const std::string path = directory + "/" + file;
        if (!exists(path)) continue;
        if (is_masked(path))
            return failure(fmt::format("unit {} is masked: 'systemctl unmask {}'", name, name));
        if (!resource.args.empty())
            return failure(fmt::format("unit {} takes no arguments, and here is '{}'", name,
                                       printable(resource.args[0])));
        FoundAgent found{.kind = AgentKind::kUnit, .unit = name};
        for (const char* target : {"multi-user.target", "graphical.target", "default.target"})
            if (exists(fmt::format("{}/{}.wants/{}", in.units.front(), target, name)))
                found.warning = fmt::format(
                    "unit {} is enabled: systemd starts it at boot on every node; 'systemctl "
                    "disable {}'",
                    name, name);
        return found;
    }
    return std::nullopt;
}

}  // namespace

AgentDirectories agent_directories(const std::string& config_dir) {
    AgentDirectories result;
    result.resource_d = config_dir + "/resource.d";
    result.rc_d = config_dir + "/rc.d";
    result.ocf_instances = config_dir + "/conf/OCF";
    if (const std::string beside = program_beside_this("hb-agent"); is_executable_file(beside))
        result.hb_agent = beside;
    return result;
}

bool is_built_in(std::string_view type) {
    return std::ranges::find(kBuiltIn, type) != kBuiltIn.end() || find_built_in(type) != nullptr;
}

Result<FoundAgent> find_agent(const Resource& resource, const AgentDirectories& directories) {
    if (std::ranges::find(kBuiltIn, resource.type) != kBuiltIn.end())
        return FoundAgent{.kind = AgentKind::kBuiltIn};
    if (const BuiltInAgent* own = find_built_in(resource.type))
        return built_in(*own, resource, directories);
    if (auto path = find_script(resource.type, directories))
        return FoundAgent{
            .kind = AgentKind::kScript, .path = std::move(*path), .args = resource.args};
    if (auto found = named_ocf(resource, directories)) return *found;
    if (auto found = wrapped_ocf(resource, directories)) return *found;
    if (auto found = unit(resource, directories)) return *found;
    return failure(
        fmt::format("Cannot locate resource script {} (not in {}, not in {}; no systemd unit "
                    "has that name)",
                    resource.type, directories.resource_d, directories.init_d));
}

}  // namespace hb::config
