// What runs a resource of haresources, by its name. In this order, the first that is there:
//
//   1. built in: IPaddr, IPaddr2, IPv6addr; and what hb-agent does in a process of its own
//      (built_in.hpp)
//   2. RESOURCE_D/NAME   a script, called as Heartbeat did
//   3. INIT_D/NAME       an init script
//   4. ocf::PROVIDER:TYPE::name=value..., or ocf:PROVIDER:TYPE::...: an OCF agent with named
//      parameters; and the names of Heartbeat's wrappers (apache::CONFIG, LVM::VG, ...), whose
//      arguments are parameters by position
//   5. a systemd unit: NAME when it ends in .service, .socket, ..., else NAME.service
//
// Reads the file system at every call: an agent may come or go while the suite runs. Starts
// nothing.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/base/result.hpp"
#include "common/base/version.hpp"
#include "common/config/settings.hpp"

namespace hb::config {

struct AgentDirectories {
    std::string resource_d = "/etc/ha.d/resource.d";
    std::string init_d = "/etc/init.d";
    std::string rc_d = "/etc/ha.d/rc.d";  // hooks (rc_scripts.hpp)
    std::string ocf_root = "/usr/lib/ocf";
    std::string ocf_instances = "/etc/ha.d/conf/OCF";  // OCF::TYPE::INSTANCE
    std::string hb_agent = std::string(kLibexecDir) + "/hb-agent";
    std::vector<std::string> units = {"/etc/systemd/system",     "/run/systemd/system",
                                      "/run/systemd/generator",  "/usr/local/lib/systemd/system",
                                      "/usr/lib/systemd/system", "/lib/systemd/system"};
};

// Those of a suite whose configuration is there; hb-agent beside the running program, if it is
// there.
[[nodiscard]] AgentDirectories agent_directories(const std::string& config_dir);

enum class AgentKind : std::uint8_t { kBuiltIn = 1, kScript, kOcf, kUnit };

struct FoundAgent {
    AgentKind kind{};
    std::string path;                                             // of a script or OCF agent
    std::string unit;                                             // "nats-server.service"
    std::string provider;                                         // of an OCF agent: "heartbeat"
    std::string type;                                             // "apache"
    std::vector<std::string> args;                                // before the action
    std::vector<std::pair<std::string, std::string>> parameters;  // of an OCF agent
    std::string warning;  // it will work, and not as its user expects
    bool operator==(const FoundAgent&) const = default;
};

// The error says what was looked for, where, or why what was found cannot be used.
[[nodiscard]] Result<FoundAgent> find_agent(const Resource& resource,
                                            const AgentDirectories& directories);

[[nodiscard]] bool is_built_in(std::string_view type);

}  // namespace hb::config
