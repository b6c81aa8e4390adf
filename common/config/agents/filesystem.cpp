// Filesystem: a file system is mounted on the node that runs the group, and nowhere else.
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>

#include "common/config/agents/descriptions.hpp"
#include "common/config/lexer.hpp"

namespace hb::config {
namespace {

constexpr AgentParameter kParameters[] = {
    {.name = "device",
     .brief = "block device, UUID=, LABEL=, host:/path, or a directory or file to be mounted",
     .text = "The device of the file system: a path below /dev, UUID=..., LABEL=..., "
             "PARTUUID=..., PARTLABEL=..., -U uuid or -L label as mount takes them, host:/path of "
             "a network file system, a directory with the option bind, or a file with an image.",
     .required = true},
    {.name = "directory",
     .brief = "mount point",
     .text = "Where it is mounted: an absolute path. A directory that is not there is made.",
     .required = true},
    {.name = "fstype",
     .brief = "file system type",
     .text = "Its type, as mount -t takes it. Not given: found out by looking at the device."},
    {.name = "options",
     .brief = "mount options",
     .text = "As mount -o takes them. For bind mounts add bind here, and leave out the type or "
             "write none."},
};

constexpr std::array<std::string_view, 7> kTags = {"UUID",   "LABEL",   "PARTUUID", "PARTLABEL",
                                                   "--uuid", "--label", "ID"};

bool has_option(std::string_view options, std::string_view wanted) {
    while (!options.empty()) {
        const std::size_t comma = options.find(',');
        if (options.substr(0, comma) == wanted) return true;
        if (comma == std::string_view::npos) break;
        options.remove_prefix(comma + 1);
    }
    return false;
}

std::string_view value_of(const Parameters& given, std::string_view name) {
    const auto found = given.find(name);
    return found == given.end() ? std::string_view() : std::string_view(found->second);
}

bool is_tag(std::string_view device) {
    const std::size_t equals = device.find('=');
    return equals != std::string_view::npos &&
           std::ranges::find(kTags, device.substr(0, equals)) != kTags.end();
}

bool is_bind(std::string_view options) {
    return has_option(options, "bind") || has_option(options, "rbind");
}

void check_device(std::string_view device, const Parameters& given, ParameterProblems& problems) {
    if (is_tag(device) && device.ends_with('='))
        return problems.push_back(
            {"device", fmt::format("'{}' names no device: {} what?", printable(device), device)});
    if (is_bind(value_of(given, "options")) && !device.starts_with('/'))
        problems.push_back(
            {"device", fmt::format("'{}' cannot be bound: a bind mount wants an absolute path",
                                   printable(device))});
    if (device.starts_with("dev/"))
        problems.push_back({"device", fmt::format("'{}' is no path of a device: '/{}'?",
                                                  printable(device), printable(device))});
}

void check_directory(std::string_view directory, ParameterProblems& problems) {
    if (!directory.starts_with('/'))
        return problems.push_back(
            {"directory", fmt::format("directory '{}' is no absolute path", printable(directory))});
    if (directory.find_first_not_of('/') == std::string_view::npos)
        return problems.push_back(
            {"directory", "directory '/' cannot be mounted and unmounted by a group"});
    for (const std::string_view part : {"/../", "/./"})
        if ((std::string(directory) + "/").find(part) != std::string::npos)
            return problems.push_back(
                {"directory", fmt::format("directory '{}': write the path without '.' and '..'",
                                          printable(directory))});
}

void check(const Parameters& given, ParameterProblems& problems) {
    const std::string_view fstype = value_of(given, "fstype");
    check_device(value_of(given, "device"), given, problems);
    check_directory(value_of(given, "directory"), problems);
    if (fstype.find_first_of("/ =,") != std::string_view::npos)
        problems.push_back({"fstype", fmt::format("'{}' is no type of a file system: after device "
                                                  "and directory come the type, then the options",
                                                  printable(fstype))});
}

// ---- this host

bool kernel_knows(const std::string& fstype) {
    std::ifstream file("/proc/filesystems");
    for (std::string line; std::getline(file, line);)
        if (line.substr(line.find('\t') + 1) == fstype) return true;
    return false;
}

// Something in the lists of depmod names it.
bool has_kernel_module(const std::string& fstype) {
    struct utsname kernel {};
    if (::uname(&kernel) != 0) return false;
    const std::string directory = fmt::format("/lib/modules/{}/", kernel.release);
    for (const auto& [list, text] : {std::pair("modules.dep", "/" + fstype + ".ko"),
                                     std::pair("modules.builtin", "/" + fstype + ".ko"),
                                     std::pair("modules.alias", "alias fs-" + fstype + " ")}) {
        std::ifstream file(directory + list);
        for (std::string line; std::getline(file, line);)
            if (line.substr(0, line.find(": ")).find(text) != std::string::npos) return true;
    }
    return false;
}

void check_host(const Parameters& given, ParameterProblems& problems) {
    const std::string fstype(value_of(given, "fstype"));
    if (fstype.empty() || fstype == "none" || fstype == "auto") return;
    if (kernel_knows(fstype) || has_kernel_module(fstype)) return;
    const std::string helper = "/sbin/mount." + fstype.substr(0, fstype.find('.'));
    if (::access(helper.c_str(), X_OK) == 0) return;
    problems.push_back({"fstype",
                        fmt::format("file system type '{}' is not known: not in /proc/filesystems, "
                                    "no kernel module, no {}",
                                    printable(fstype), helper),
                        false});
}

}  // namespace

const BuiltInAgent kFilesystemAgent = {
    .type = "Filesystem",
    .brief = "Mounts a file system",
    .text =
        "Mounts a file system on the node that runs the group, and unmounts it when the group "
        "stops.",
    .parameters = kParameters,
    .positional = 4,
    .check = check,
    .check_host = check_host,
};

}  // namespace hb::config
