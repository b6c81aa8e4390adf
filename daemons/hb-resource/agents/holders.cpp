#include "daemons/hb-resource/agents/holders.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <set>

#include "common/runtime/system_clock.hpp"
#include "common/runtime/unique_fd.hpp"
#include "daemons/hb-resource/agents/mount_table.hpp"

namespace hb::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostNamed = 5;
constexpr char kBetween = '\x1f';  // fields of a record; a record ends with a zero

std::string link_text(const std::string& path) {
    std::array<char, PATH_MAX> text{};
    const ssize_t size = ::readlink(path.c_str(), text.data(), text.size());
    return size <= 0 ? std::string() : std::string(text.data(), static_cast<std::size_t>(size));
}

bool is_in(std::string_view path, const Place& place) {
    return std::ranges::any_of(place.directories, [&](const std::string& directory) {
        return path.starts_with(directory) &&
               (path.size() == directory.size() || path[directory.size()] == '/' ||
                path[directory.size()] == ' ');  // " (deleted)"
    });
}

// Of what a link of /proc leads to; nothing is asked of a server.
bool is_on(const std::string& link, std::uint64_t device) {
    struct statx status {};
    if (device == 0 ||
        ::statx(AT_FDCWD, link.c_str(), AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, 0, &status) != 0)
        return false;
    return makedev(status.stx_dev_major, status.stx_dev_minor) == device;
}

std::string first_line(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

std::string user_of(const std::string& process) {
    struct stat status {};
    if (::stat(process.c_str(), &status) != 0) return "?";
    const struct passwd* entry = ::getpwuid(status.st_uid);
    return entry != nullptr ? entry->pw_name : std::to_string(status.st_uid);
}

pid_t parent_of(pid_t pid) {
    std::ifstream file(fmt::format("/proc/{}/status", pid));
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("PPid:")) return std::atoi(line.c_str() + 5);
    return 0;
}

std::set<pid_t> spared() {
    std::set<pid_t> result = {1};
    for (pid_t pid = ::getpid(); pid > 1 && result.insert(pid).second;)
        pid = parent_of(pid);
    return result;
}

std::vector<pid_t> processes() {
    std::vector<pid_t> result;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
        const std::string name = entry.path().filename();
        pid_t pid = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (error == std::errc() && end == name.data() + name.size()) result.push_back(pid);
    }
    return result;
}

std::optional<std::string> mapped(const std::string& process, const Place& place, bool is_near) {
    std::ifstream maps(process + "/maps");
    for (std::string line; std::getline(maps, line);) {
        // address perms offset major:minor inode path
        std::array<char, 64> skipped{};
        unsigned major = 0;
        unsigned minor = 0;
        int path = 0;
        if (std::sscanf(line.c_str(), "%63s %*s %*s %x:%x %*s %n", skipped.data(), &major, &minor,
                        &path) < 3)
            continue;
        const std::string_view file = std::string_view(line).substr(static_cast<std::size_t>(path));
        if (file.empty()) continue;
        if ((place.device != 0 && makedev(major, minor) == place.device) ||
            (is_near && is_in(file, place)))
            return std::string(file);
    }
    return std::nullopt;
}

// How the process holds the place, if it does.
std::optional<std::string> hold_of(const std::string& process, const Place& place, bool is_near) {
    const auto holds = [&](const std::string& link, const std::string& text) {
        return (is_near && is_in(text, place)) || is_on(link, place.device);
    };
    for (const auto& [link, words] :
         {std::pair("/cwd", "its directory is "), std::pair("/root", "its root is "),
          std::pair("/exe", "it is the program ")}) {
        const std::string text = link_text(process + link);
        if (!text.empty() && holds(process + link, text)) return words + text;
    }
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(process + "/fd", ignored)) {
        const std::string text = link_text(entry.path());
        if (text.starts_with('/') && holds(entry.path(), text)) return text;
    }
    if (const auto file = mapped(process, place, is_near)) return "maps " + *file;
    return std::nullopt;
}

// Runs `walk` in a child and gives back the holders that it had told of when its time was over.
std::vector<Holder> in_child(Duration patience,
                             const std::function<void(std::function<void(const Holder&)>)>& walk) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return {};
    runtime::UniqueFd ours(ends[0]);
    runtime::UniqueFd theirs(ends[1]);
    const pid_t child = ::fork();
    if (child == 0) {
        walk([&](const Holder& holder) {
            std::string record = fmt::format("{}{}{}{}{}{}{}", holder.pid, kBetween, holder.command,
                                             kBetween, holder.user, kBetween, holder.how);
            record.push_back('\0');
            if (::write(theirs.get(), record.data(), record.size()) < 0) ::_exit(1);
        });
        ::_exit(0);
    }
    theirs.reset();
    std::string text;
    const MonoTime limit = runtime::now() + patience;
    while (child > 0) {
        struct pollfd wait = {.fd = ours.get(), .events = POLLIN, .revents = 0};
        const auto left = to_ms(limit - runtime::now());
        if (left <= 0 || ::poll(&wait, 1, static_cast<int>(left)) <= 0) break;
        std::array<char, 4096> buffer{};
        const ssize_t size = ::read(ours.get(), buffer.data(), buffer.size());
        if (size <= 0) break;
        text.append(buffer.data(), static_cast<std::size_t>(size));
    }
    if (child > 0) {
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, WNOHANG);  // one that hangs in the kernel is not waited for
    }
    std::vector<Holder> result;
    for (std::size_t end; (end = text.find('\0')) != std::string::npos; text.erase(0, end + 1)) {
        std::array<std::string, 4> fields;
        std::string_view record = std::string_view(text).substr(0, end);
        for (std::string& field : fields) {
            const std::size_t cut = &field == &fields.back() ? record.npos : record.find(kBetween);
            field = record.substr(0, cut);
            record.remove_prefix(cut == record.npos ? record.size() : cut + 1);
        }
        result.push_back({std::atoi(fields[0].c_str()), fields[1], fields[2], fields[3]});
    }
    return result;
}

}  // namespace

std::vector<Holder> find_holders(const Place& place, Duration patience) {
    const std::set<pid_t> left_out = spared();
    const std::string own = link_text("/proc/self/ns/mnt");
    return in_child(patience, [&](const std::function<void(const Holder&)>& tell) {
        for (const pid_t pid : processes()) {
            if (left_out.contains(pid) || pid == ::getpid()) continue;
            const std::string process = fmt::format("/proc/{}", pid);
            // Paths of other namespaces are other paths.
            const bool is_near = link_text(process + "/ns/mnt") == own;
            if (const auto how = hold_of(process, place, is_near))
                tell({pid, first_line(process + "/comm"), user_of(process), *how});
        }
    });
}

std::vector<std::string> find_kernel_holders(const Place& place) {
    std::vector<std::string> result;
    std::ifstream swaps("/proc/swaps");
    for (std::string line; std::getline(swaps, line);)
        if (const std::string file = line.substr(0, line.find(' ')); is_in(file, place))
            result.push_back("swap file " + file);
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator("/sys/block", ignored)) {
        const std::string file = first_line(entry.path() / "loop/backing_file");
        if (is_in(file, place))
            result.push_back(
                fmt::format("/dev/{} with the file {}", entry.path().filename().string(), file));
    }
    return result;
}

std::vector<Holder> find_namespaces(std::uint64_t device, Duration patience) {
    const std::string own = link_text("/proc/self/ns/mnt");
    return in_child(patience, [&](const std::function<void(const Holder&)>& tell) {
        std::set<std::string> seen = {own, ""};
        for (const pid_t pid : processes()) {
            const std::string process = fmt::format("/proc/{}", pid);
            if (!seen.insert(link_text(process + "/ns/mnt")).second) continue;
            const Result<MountTable> table = read_mount_table(pid);
            if (!table) continue;
            for (const MountEntry& entry : *table)
                if (entry.device == device || entry.source_device == device) {
                    tell({pid, first_line(process + "/comm"), user_of(process), entry.target});
                    break;
                }
        }
    });
}

std::string describe(const std::vector<Holder>& holders) {
    std::string text;
    for (std::size_t i = 0; i < std::min(holders.size(), kMostNamed); i++)
        text += fmt::format("{}{} (pid {}, user {}: {})", i == 0 ? "" : ", ", holders[i].command,
                            holders[i].pid, holders[i].user, holders[i].how);
    if (holders.size() > kMostNamed)
        text += fmt::format(" and {} more", holders.size() - kMostNamed);
    return text;
}

}  // namespace hb::agent
