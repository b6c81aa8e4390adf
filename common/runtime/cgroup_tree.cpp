#include "common/runtime/cgroup_tree.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include "common/runtime/cgroup.hpp"

namespace hb::runtime {

namespace {

constexpr std::size_t kMostNameBytes = 200;  // the kernel takes 255
constexpr std::string_view kControl = "/.control";

std::string read_file(const char* path) {
    const UniqueFd fd(::open(path, O_RDONLY | O_CLOEXEC));
    std::string text;
    std::string part(64 * 1024, '\0');
    while (fd) {
        const ssize_t n = ::read(fd.get(), part.data(), part.size());
        if (n <= 0) break;
        text.append(part, 0, static_cast<std::size_t>(n));
    }
    return text;
}

// FNV-1a: only to tell names apart, and the same in every run.
std::uint64_t hash_of(std::string_view text) {
    std::uint64_t hash = 14695981039346656037U;
    for (const char c : text)
        hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
    return hash;
}

}  // namespace

std::string cgroup_tree_below(std::string_view own_directory, std::string_view run_dir) {
    if (own_directory.ends_with(kControl)) own_directory.remove_suffix(kControl.size());
    std::string name = "ha-suite";
    if (run_dir != kUsualRunDir) name += fmt::format("-{:x}", hash_of(run_dir));
    return fmt::format("{}/{}", own_directory, name);
}

Result<std::string> make_cgroup_tree(std::string_view run_dir) {
    std::string problem = "no cgroup2 hierarchy shows this process's own group";
    for (const std::string& own :
         cgroup_directories(read_file("/proc/self/cgroup"), read_file("/proc/self/mountinfo"))) {
        if (const auto there = Cgroup::open(own); !there) {
            problem = there.error().text;
            continue;
        }
        const std::string tree = cgroup_tree_below(own, run_dir);
        auto made = Cgroup::make(tree);
        if (!made) made = Cgroup::open(tree);
        // Made by somebody else, or on a file system that has become read-only: try it.
        if (made && ::faccessat((*made)->fd(), "cgroup.procs", W_OK, AT_EACCESS) == 0) return tree;
        problem = made ? fmt::format("{}: {}", tree, std::strerror(errno)) : made.error().text;
    }
    return failure(problem);
}

std::string call_cgroup(const std::string& tree, std::uint32_t call) {
    return fmt::format("{}/call-{}", tree, call);
}

std::vector<std::string> call_cgroups(const std::string& tree) {
    std::vector<std::string> found;
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator(tree, failed))
        if (entry.path().filename().string().starts_with("call-"))
            found.push_back(entry.path().string());
    return found;
}

std::string group_cgroup(const std::string& tree, std::string_view group) {
    std::string name;
    for (const char c : group) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '.' || c == '-' || c == ':' || c == '@';
        name += plain ? std::string(1, c) : fmt::format("_{:02x}", static_cast<unsigned char>(c));
    }
    if (name.size() > kMostNameBytes)
        name = fmt::format("{}__{:016x}", name.substr(0, kMostNameBytes), hash_of(group));
    return fmt::format("{}/group-{}", tree, name);
}

void tidy_cgroup_tree(const std::string& tree) {
    std::error_code failed;
    std::vector<std::filesystem::path> below;
    for (const auto& entry : std::filesystem::directory_iterator(tree, failed))
        if (entry.is_directory(failed)) below.push_back(entry.path());
    for (const auto& path : below)
        ::rmdir(path.c_str());
    ::rmdir(tree.c_str());
}

}  // namespace hb::runtime
