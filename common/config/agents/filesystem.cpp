// Filesystem: a file system is mounted on the node that runs the group, and nowhere else.
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>

#include "common/config/agents/descriptions.hpp"
#include "common/config/agents/signals.hpp"
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
    {.name = "run_fsck",
     .brief = "auto, force or no",
     .text = "Whether fsck -p looks at the device before it is mounted. auto: of types without a "
             "journal, such as ext2. It never looks at images and network file systems.",
     .standard = "auto"},
    {.name = "force_unmount",
     .brief = "whether processes that keep it busy are ended",
     .text = "true or safe: processes that keep the file system busy get term_signals, and from "
             "half of the time of the stop on kill_signals. They are found without touching the "
             "file system. false: they are named, and waited for.",
     .standard = "true"},
    {.name = "fast_stop",
     .brief = "no more than 6 seconds for an unmount",
     .text = "The stop does not use all of its time, but fails after 6 seconds.",
     .kind = ParameterKind::kBoolean,
     .standard = "no"},
    {.name = "term_signals",
     .brief = "signals for those who keep it busy, at first",
     .text = "Names or numbers, with blanks between them.",
     .standard = "TERM"},
    {.name = "kill_signals",
     .brief = "signals for those who keep it busy, from half time on",
     .text = "Names or numbers, with blanks between them.",
     .standard = "KILL"},
    {.name = "signal_delay",
     .brief = "seconds between signals",
     .text = "How long processes have after each signal. It is tried to unmount all the time.",
     .kind = ParameterKind::kInteger,
     .standard = "1"},
    {.name = "statusfile_prefix",
     .brief = "where a monitor of level 20 writes",
     .text = "A part of a path below the directory, for the status file of a monitor with "
             "OCF_CHECK_LEVEL 20.",
     .standard = ".Filesystem_status/"},
    {.name = "force_clones",
     .brief = "allows a clone of a local file system",
     .text = "For other cluster managers: ha-suite has no clones.",
     .kind = ParameterKind::kBoolean,
     .standard = "false"},
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

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
    return std::ranges::find(words, text) != words.end();
}

// The words of run_fsck, force_unmount, the signals, signal_delay.
void check_choices(const Parameters& given, ParameterProblems& problems) {
    const auto wrong = [&](const char* name, const char* right) {
        problems.push_back(
            {name, fmt::format("{}: '{}': {}", name, printable(value_of(given, name)), right)});
    };
    const std::string_view fsck = value_of(given, "run_fsck");
    if (!fsck.empty() && !is_one_of(fsck, {"auto", "force", "no"}))
        wrong("run_fsck", "it is auto, force or no");
    const std::string_view force = value_of(given, "force_unmount");
    if (!force.empty() && force != "safe" && !ocf_boolean(force))
        wrong("force_unmount", "it is yes, safe or no");
    for (const char* name : {"term_signals", "kill_signals"})
        if (given.contains(name) && signals_of(value_of(given, name)).empty())
            wrong(name, "there is a word that is no signal");
    if (value_of(given, "signal_delay").starts_with('-'))
        wrong("signal_delay", "it is a number of seconds");
}

void check(const Parameters& given, ParameterProblems& problems) {
    const std::string_view fstype = value_of(given, "fstype");
    check_device(value_of(given, "device"), given, problems);
    check_directory(value_of(given, "directory"), problems);
    check_choices(given, problems);
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
