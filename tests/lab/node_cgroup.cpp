#include "tests/lab/node_cgroup.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

namespace hb::lab {
namespace {

namespace fs = std::filesystem;

constexpr const char* kName = "ha-lab-";

// Our own group in the hierarchy of version 2; empty: there is none.
std::string own_group() {
    std::string group;
    std::ifstream groups("/proc/self/cgroup");
    for (std::string line; std::getline(groups, line);)
        if (line.starts_with("0::/")) group = line.substr(3);
    std::ifstream mounts("/proc/self/mountinfo");
    for (std::string line; std::getline(mounts, line);) {
        if (line.find(" - cgroup2 ") == std::string::npos) continue;
        std::istringstream words(line);
        std::string skip;
        std::string root;
        std::string point;
        words >> skip >> skip >> skip >> root >> point;
        if (root == "/" && !group.empty()) return point + (group == "/" ? "" : group);
    }
    return {};
}

// Deepest first; what is not empty stays.
void remove_tree(const fs::path& path) {
    std::error_code failed;
    std::vector<fs::path> below;
    for (const auto& entry : fs::directory_iterator(path, failed))
        if (entry.is_directory(failed)) below.push_back(entry.path());
    for (const fs::path& each : below)
        remove_tree(each);
    ::rmdir(path.c_str());
}

void sweep(const std::string& base) {
    std::error_code failed;
    std::vector<fs::path> stale;
    for (const auto& entry : fs::directory_iterator(base, failed)) {
        int pid = 0;
        const std::string name = entry.path().filename();
        if (std::sscanf(name.c_str(), "ha-lab-%d-", &pid) == 1 && pid > 1 && ::kill(pid, 0) != 0)
            stale.push_back(entry.path());
    }
    for (const fs::path& each : stale)
        remove_tree(each);
}

}  // namespace

std::unique_ptr<NodeCgroup> NodeCgroup::make(const std::string& node) {
    static std::atomic<unsigned> count = 0;
    const std::string base = own_group();
    if (base.empty()) return nullptr;
    sweep(base);
    const std::string path = fmt::format("{}/{}{}-{}-{}", base, kName, ::getpid(), ++count, node);
    if (::mkdir(path.c_str(), 0755) != 0) return nullptr;
    Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::access((path + "/cgroup.kill").c_str(), W_OK) != 0) {
        ::rmdir(path.c_str());
        return nullptr;
    }
    return std::unique_ptr<NodeCgroup>(new NodeCgroup(path, std::move(fd)));
}

NodeCgroup::~NodeCgroup() {
    remove_tree(path_);
}

}  // namespace hb::lab
