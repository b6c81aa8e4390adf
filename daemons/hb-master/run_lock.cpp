#include "daemons/hb-master/run_lock.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace hb::master {

namespace {

runtime::UniqueFd open_lock(const std::string& path) {
    return runtime::UniqueFd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
}

std::unexpected<Error> failed(const std::string& path) {
    return failure(fmt::format("{}: {}", path, std::strerror(errno)));
}

std::string read_small(const std::string& path) {
    const runtime::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 64> text{};
    const ssize_t n = fd ? ::read(fd.get(), text.data(), text.size()) : 0;
    std::string word(text.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
    return word.substr(0, word.find('\n'));
}

// Does this process have the file open?
bool has_open(const std::string& pid, const struct stat& file) {
    const std::string directory = "/proc/" + pid + "/fd";
    const std::unique_ptr<DIR, int (*)(DIR*)> fds(::opendir(directory.c_str()), &::closedir);
    if (!fds) return false;
    while (const dirent* entry = ::readdir(fds.get())) {
        struct stat there{};
        if (::stat((directory + "/" + entry->d_name).c_str(), &there) == 0 &&
            there.st_ino == file.st_ino && there.st_dev == file.st_dev)
            return true;
    }
    return false;
}

}  // namespace

Result<RunLock> RunLock::take(const std::string& run_dir) {
    RunLock lock;
    const std::string master_path = run_dir + "/master.lock";
    lock.suite_path_ = run_dir + "/suite.lock";
    lock.master_ = open_lock(master_path);
    if (!lock.master_) return failed(master_path);
    if (::flock(lock.master_.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return failed(master_path);
        return failure(
            fmt::format("hb-master is already running (pid {})", read_small(master_path)));
    }
    const std::string pid = fmt::format("{}\n", ::getpid());
    if (::ftruncate(lock.master_.get(), 0) != 0 ||
        ::write(lock.master_.get(), pid.data(), pid.size()) != static_cast<ssize_t>(pid.size()))
        return failed(master_path);
    lock.suite_ = open_lock(lock.suite_path_);
    if (!lock.suite_) return failed(lock.suite_path_);
    return lock;
}

bool RunLock::try_suite() {
    return ::flock(suite_.get(), LOCK_EX | LOCK_NB) == 0;
}

std::vector<std::string> RunLock::holders() const {
    std::vector<std::string> names;
    struct stat file{};
    const std::unique_ptr<DIR, int (*)(DIR*)> processes(::opendir("/proc"), &::closedir);
    if (::fstat(suite_.get(), &file) != 0 || !processes) return names;
    while (const dirent* entry = ::readdir(processes.get())) {
        const std::string pid = entry->d_name;
        if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
        if (std::atoi(pid.c_str()) == ::getpid() || !has_open(pid, file)) continue;
        names.push_back(fmt::format("{} (pid {})", read_small("/proc/" + pid + "/comm"), pid));
    }
    return names;
}

}  // namespace hb::master
