#include "common/runtime/cgroup.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

namespace hb::runtime {

namespace {

constexpr int kMoveRounds = 16;  // what is forked while we move
constexpr int kKillRounds = 16;

std::vector<std::string_view> split(std::string_view text, char at) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t end = text.find(at);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

// mountinfo writes blanks and backslashes as \040 and the like.
std::string unescape(std::string_view text) {
    const auto digit = [&](std::size_t at) {
        return at < text.size() && text[at] >= '0' && text[at] <= '7' ? text[at] - '0' : -1;
    };
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && digit(i + 1) >= 0 && digit(i + 2) >= 0 && digit(i + 3) >= 0) {
            plain += static_cast<char>(digit(i + 1) * 64 + digit(i + 2) * 8 + digit(i + 3));
            i += 3;
        } else {
            plain += text[i];
        }
    }
    return plain;
}

// "0::/system.slice/x.service": version 2 has hierarchy 0 and no controllers.
std::optional<std::string> own_group(std::string_view cgroup) {
    for (const std::string_view line : split(cgroup, '\n'))
        if (line.starts_with("0::/")) return std::string(line.substr(3));
    return std::nullopt;
}

// `group` as seen below `root`, beginning with a slash or empty.
std::optional<std::string> below(std::string_view group, std::string_view root) {
    if (root == "/") return std::string(group == "/" ? "" : group);
    if (!group.starts_with(root)) return std::nullopt;
    group.remove_prefix(root.size());
    if (!group.empty() && group.front() != '/') return std::nullopt;
    return std::string(group);
}

std::vector<pid_t> numbers(std::string_view text) {
    std::vector<pid_t> all;
    for (const std::string_view line : split(text, '\n')) {
        pid_t pid = 0;
        const auto read = std::from_chars(line.data(), line.data() + line.size(), pid);
        // 0 stands for a process that this namespace has no number for.
        if (read.ec == std::errc{} && pid > 0) all.push_back(pid);
    }
    return all;
}

// For kernels before 5.14, which have no cgroup.kill.
bool kill_each(const std::string& path) {
    bool found = false;
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator(path, failed))
        if (entry.is_directory(failed)) found |= kill_each(entry.path());
    const UniqueFd procs(::open((path + "/cgroup.procs").c_str(), O_RDONLY | O_CLOEXEC));
    std::string text(64 * 1024, '\0');
    const ssize_t n = procs ? ::read(procs.get(), text.data(), text.size()) : 0;
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    for (const pid_t pid : numbers(text)) {
        found = true;
        ::kill(pid, SIGKILL);
    }
    return found;
}

}  // namespace

std::vector<std::string> cgroup_directories(std::string_view cgroup, std::string_view mountinfo) {
    std::vector<std::string> found;
    const std::optional<std::string> group = own_group(cgroup);
    // "/../x": we are outside the namespace that the mount shows.
    if (!group || group->starts_with("/..")) return found;
    for (const std::string_view line : split(mountinfo, '\n')) {
        // 41 31 0:38 /root /mount/point rw,relatime - cgroup2 cgroup2 rw
        const std::size_t dash = line.find(" - ");
        if (dash == std::string_view::npos || !line.substr(dash + 3).starts_with("cgroup2 "))
            continue;
        const std::vector<std::string_view> fields = split(line.substr(0, dash), ' ');
        if (fields.size() < 6) continue;
        const std::optional<std::string> rest = below(*group, unescape(fields[3]));
        if (!rest) continue;
        std::string path = unescape(fields[4]) + *rest;
        if (std::ranges::find(found, path) == found.end()) found.push_back(std::move(path));
    }
    // A later mount lies over an earlier one.
    std::ranges::reverse(found);
    return found;
}

Result<std::shared_ptr<Cgroup>> Cgroup::make(const std::string& path) {
    if (::mkdir(path.c_str(), 0755) != 0) return failure(path + ": " + std::strerror(errno));
    auto made = open(path);
    if (!made) ::rmdir(path.c_str());
    return made;
}

Result<std::shared_ptr<Cgroup>> Cgroup::open(const std::string& path) {
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) return failure(path + ": " + std::strerror(errno));
    struct statfs what {};
    if (::fstatfs(fd.get(), &what) != 0) return failure(path + ": " + std::strerror(errno));
    if (what.f_type != CGROUP2_SUPER_MAGIC) return failure(path + ": not a cgroup2 file system");
    return std::shared_ptr<Cgroup>(new Cgroup(path, std::move(fd)));
}

bool Cgroup::write(const char* file, std::string_view text) const noexcept {
    const UniqueFd fd(::openat(fd_.get(), file, O_WRONLY | O_CLOEXEC));
    return fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::string Cgroup::read(const char* file) const {
    const UniqueFd fd(::openat(fd_.get(), file, O_RDONLY | O_CLOEXEC));
    std::string text(64 * 1024, '\0');
    const ssize_t n = fd ? ::read(fd.get(), text.data(), text.size()) : 0;
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return text;
}

bool Cgroup::is_empty() const {
    return read("cgroup.events").find("populated 1") == std::string::npos;
}

void Cgroup::kill() const noexcept {
    if (write("cgroup.kill", "1")) return;
    for (int i = 0; i < kKillRounds && kill_each(path_); ++i) {
    }
}

Result<void> Cgroup::add(pid_t pid) const {
    if (write("cgroup.procs", std::to_string(pid))) return {};
    return failure(path_ + ": " + std::strerror(errno));
}

bool Cgroup::move_all(const Cgroup& to) const {
    for (int i = 0; i < kMoveRounds; ++i) {
        const std::vector<pid_t> here = numbers(read("cgroup.procs"));
        if (here.empty()) return is_empty();
        for (const pid_t pid : here)
            (void)to.add(pid);  // it may have ended meanwhile
    }
    return is_empty();
}

bool Cgroup::remove() const noexcept {
    return ::rmdir(path_.c_str()) == 0 || errno == ENOENT;
}

}  // namespace hb::runtime
