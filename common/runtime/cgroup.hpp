// Control groups, version 2, as far as the suite needs them: to know, and to end, everything that a
// resource operation started, also what left its process group (setsid, double fork).
//
// No controller is used, none is needed, nothing is written to cgroup.subtree_control. Where there
// is no hierarchy that we may write, everything works without. The file system is the kernel's: no
// call here blocks on a disk or on another process.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"
#include "common/runtime/unique_fd.hpp"

namespace hb::runtime {

// The directories at which the control group of a process may be seen, the most likely first: pure,
// from the texts of /proc/PID/cgroup and /proc/PID/mountinfo. Whether one is really there (it may
// be hidden under another mount) is for the caller to look. Lines that make no sense are skipped.
// A group that is not below the root of any mount (we are outside our namespace) has none.
[[nodiscard]] std::vector<std::string> cgroup_directories(std::string_view cgroup,
                                                          std::string_view mountinfo);

// One group: an open directory, and its path. Closing it leaves the group as it is.
class Cgroup {
  public:
    // Makes it; it must not be there yet.
    [[nodiscard]] static Result<std::shared_ptr<Cgroup>> make(const std::string& path);
    // Fails when it is not there, or is no control group.
    [[nodiscard]] static Result<std::shared_ptr<Cgroup>> open(const std::string& path);

    [[nodiscard]] int fd() const { return fd_.get(); }
    [[nodiscard]] const std::string& path() const { return path_; }

    // No process lives in it or below. True as well when it is gone.
    [[nodiscard]] bool is_empty() const;
    // SIGKILL to all that is in it or below, born meanwhile included.
    void kill() const noexcept;
    [[nodiscard]] Result<void> add(pid_t pid) const;
    // Every process of it, not of the groups below. False: something is still here.
    [[nodiscard]] bool move_all(const Cgroup& to) const;
    // Refused by the kernel while somebody lives in it: then it stays. True: it is gone.
    bool remove() const noexcept;

  private:
    Cgroup(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
    [[nodiscard]] bool write(const char* file, std::string_view text) const noexcept;
    [[nodiscard]] std::string read(const char* file) const;

    std::string path_;
    UniqueFd fd_;
};

}  // namespace hb::runtime
