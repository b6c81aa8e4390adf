#include "daemons/hb-master/log_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace hb::master {

LogFiles::LogFiles(std::string logfile, std::string debugfile, gid_t group) : group_(group) {
    if (logfile != "/dev/null") logfile_.path = std::move(logfile);
    if (debugfile != "/dev/null") debugfile_.path = std::move(debugfile);
}

bool LogFiles::open_for(log::Logger& log) {
    std::vector<std::string> problems;
    const bool is_new = refresh(problems);
    if (is_new) {
        std::vector<runtime::UniqueFd> fds = descriptors();
        log.set_files(logfile_.fd ? std::move(fds.front()) : runtime::UniqueFd(),
                      debugfile_.fd ? std::move(fds.back()) : runtime::UniqueFd());
    }
    for (const std::string& problem : problems)
        log.log(Level::kError, "logfile-not-open", fmt::format("cannot log to {}", problem));
    return is_new;
}

bool LogFiles::refresh(std::vector<std::string>& problems) {
    const bool first = refresh(logfile_, problems);
    const bool second = refresh(debugfile_, problems);
    return first || second;
}

bool LogFiles::refresh(File& file, std::vector<std::string>& problems) const {
    if (file.path.empty()) return false;
    struct stat open {};
    struct stat there {};
    if (file.fd && ::fstat(file.fd.get(), &open) == 0 && ::stat(file.path.c_str(), &there) == 0 &&
        open.st_ino == there.st_ino && open.st_dev == there.st_dev)
        return false;
    // O_NONBLOCK: a FIFO in place of a file must not hold us up.
    runtime::UniqueFd fd(::open(file.path.c_str(),
                                O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
                                0640));
    if (!fd) {
        if (!file.is_complained)
            problems.push_back(fmt::format("{}: {}", file.path, std::strerror(errno)));
        file.is_complained = true;
        return false;
    }
    if (::fchown(fd.get(), static_cast<uid_t>(-1), group_) != 0 && errno != EPERM)
        problems.push_back(fmt::format("{}: {}", file.path, std::strerror(errno)));
    file.is_complained = false;
    file.fd = std::move(fd);
    return true;
}

ipc::LogFiles LogFiles::message() const {
    return {.logfile = static_cast<bool>(logfile_.fd),
            .debugfile = static_cast<bool>(debugfile_.fd)};
}

std::vector<runtime::UniqueFd> LogFiles::descriptors() const {
    std::vector<runtime::UniqueFd> fds;
    for (const File* file : {&logfile_, &debugfile_})
        if (file->fd) fds.emplace_back(::fcntl(file->fd.get(), F_DUPFD_CLOEXEC, 3));
    return fds;
}

}  // namespace hb::master
